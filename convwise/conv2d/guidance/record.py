"""Guidance: everything the guide says about one parameter of `keras.layers.Conv2D`, as plain text."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from convwise.html_repr import ShownAsHtml

WIDTH = 80  # columns of a terminal that every text fits
SUMMARY_WIDTH = 42  # what is left beside a name and a default
KERAS = "Keras 3.15, keras.layers.Conv2D"


@dataclass(frozen=True)
class Value:
    """One value worth trying.

    Attributes:
        text: The value, as `--set conv.PARAMETER=TEXT` takes it.
        note: What it is good for.

    Example:
        >>> import convwise
        >>> convwise.guide("kernel_size").values[0].text
        '3'
    """

    text: str
    note: str


@dataclass(frozen=True)
class Guidance(ShownAsHtml):
    """The guide to one parameter of Conv2D.

    Attributes:
        parameter: Its name.
        default: Keras's default, as a text.
        summary: One line of at most 42 columns.
        what: What it does, as running text.
        example: A drawing of lines of at most 76 columns.
        when: When to change it, as running text.
        values: Values worth trying.
        claim: The tutorial's advice, a claim to be measured; it says so where the tutorial has none.
        rules: What Keras refuses and what has no effect: facts, not claims.
        elsewhere: Its name and its like in PyTorch.
        sources: Where this comes from.

    Raises:
        ValueError: a text is missing or a line too wide.

    Example:
        >>> import convwise
        >>> convwise.guide("padding").default
        'valid'
    """

    parameter: str
    default: str
    summary: str
    what: str
    example: str
    when: str
    values: tuple[Value, ...]
    claim: str
    rules: tuple[str, ...]
    elsewhere: str
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name):
                raise ValueError(f"{self.parameter}: {field.name} is empty")
        if len(self.summary) > SUMMARY_WIDTH:
            raise ValueError(f"{self.parameter}: the summary is longer than {SUMMARY_WIDTH} columns")
        wide = [line for line in self.example.splitlines() if len(line) > WIDTH - 4]
        if wide:
            raise ValueError(f"{self.parameter}: a line of the example is wider than {WIDTH - 4} columns: {wide[0]}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)
