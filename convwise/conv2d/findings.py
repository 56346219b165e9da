"""Finding: one thing that is wrong with a convolution or a network, or worth knowing, with its way out and source."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from convwise.errors import RequestError

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the gravest first

TUTORIAL = "Rosebrock, Keras Conv2D and Convolutional Layers, PyImageSearch 2018"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a convolution or a network, or worth knowing.

    Attributes:
        rule: A short stable name, such as "groups_divide_channels".
        severity: "error": Keras or the backend refuses; "warning": most likely not meant; "note": unusual, or does
            nothing.
        layer: Name of the layer; None where none is known.
        message: What is found, as name=value, in one line.
        fix: What to do, in one line.
        source: Who says so, in one line.
        parameters: The parameters that it is about.

    Raises:
        ValueError: a severity that does not exist, or a text that is not one line.

    Example:
        >>> from convwise.conv2d.findings import Finding
        >>> Finding("even_window", "note", "stem", "kernel_size=4", "take 3 or 5", "geometry").at("conv2d").layer
        'conv2d'
    """

    rule: str
    severity: Severity
    layer: str | None
    message: str
    fix: str
    source: str
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity={self.severity}: it must be one of {', '.join(SEVERITIES)}")
        for name in ("rule", "message", "fix", "source"):
            text = getattr(self, name)
            if not text or "\n" in text:
                raise ValueError(f"{name}={text!r}: it must be one line")

    def at(self, layer: str) -> Finding:
        """The same finding, of the layer of that name."""
        return replace(self, layer=layer)

    def __str__(self) -> str:
        where = f"{self.layer}: " if self.layer else ""
        return f"{where}{self.message}; {self.fix}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "parameters": list(self.parameters)}

    def to_error(self) -> RequestError:
        """The finding as the one line that a user reads when the request is refused."""
        return RequestError(str(self))
