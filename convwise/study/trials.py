"""Trials: what is trained (`Trial`), on what (`Bench`), and what came of it (`Outcome`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from convwise import checks
from convwise.errors import RequestError
from convwise.records import record_of
from convwise.runs.settings import Subject

_MOST = 1e9  # of any measured number: statistics square them


@dataclass(frozen=True)
class Bench(Subject):
    """What all trials of a study have in common; `seed` is the root of their randomness."""

    seed: int


@dataclass(frozen=True)
class Trial:
    """One training: `settings` (texts of `--set`) on top of the bench's network, for `epochs`.

    Trials of one `block` share first weights, batches and division of the images: they differ by their settings alone.
    `key` names the trial within its study; `on_test` looks at the test images as well.
    """

    key: str
    block: str
    settings: tuple[str, ...]
    epochs: int
    on_test: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Trial:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class Outcome:
    """What came of the trial `key`.

    `accuracy` in points (0 to 100) and `log_loss` on the validation images, with the last epoch's weights: nothing is
    chosen. `seconds_per_image` of training on one core, by the steady epochs; `seconds` of the whole trial;
    `multiply_adds` and `weights` by the layer table, `memory` the bytes of a training step by it. `correct`: for each
    test image, in the split's order, 1 or 0 as text, empty unless asked for. A failed trial has its `reason`.
    """

    key: str
    status: Literal["done", "failed"]
    reason: str = ""
    accuracy: float | None = None
    log_loss: float | None = None
    seconds_per_image: float | None = None
    seconds: float = 0.0
    weights: int | None = None
    multiply_adds: int | None = None
    memory: int | None = None
    correct: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for name, low in (("accuracy", -_MOST), ("log_loss", -_MOST), ("seconds_per_image", 1e-12), ("seconds", 0)):
            if getattr(self, name) is not None:
                checks.number(name, getattr(self, name), low, _MOST)
        if set(self.correct) - {"0", "1"}:
            raise RequestError("correct: it must be a text of 0 and 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """The inverse of `to_dict`. Raises RequestError, naming the key."""
        return record_of(cls, values)


def failed(key: str, reason: str, seconds: float = 0.0) -> Outcome:
    """The record of a trial that came to nothing."""
    return Outcome(key, "failed", reason, seconds=round(seconds, 3))
