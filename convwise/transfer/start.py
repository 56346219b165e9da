"""What a network starts from: pretrained weights, how they are used, and what was found out about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from convwise import checks
from convwise.records import record_of
from convwise.transfer.preprocessing import Preprocessing

IMAGENET = "imagenet"
# What becomes of the weights after the first stage, which trains a classifier on features of the body as it is.
TUNES = {
    "frozen": ("the classifier, by logistic regression on the frozen body's features",),
    "full": (
        "the classifier, by logistic regression on the frozen body's features",
        "all weights by the recipe, batch normalisation frozen",
    ),
}


@dataclass(frozen=True)
class Pretrained:
    """Saved with a run. `weights`: imagenet or the file's name; `path`: where the file was found.

    sha256: of the file, or of the arrays where Keras downloaded them; "" until then. tune: frozen or full. Found by the
    first stage: `preprocessing`, with the log loss on held-out training images of each that was tried, and `c`, the
    inverse strength of the classifier's penalty (scikit-learn's C), with the log losses likewise.
    """

    weights: str
    path: str | None
    sha256: str
    tune: str
    stages: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    preprocessing_log_losses: Mapping[str, float] = field(default_factory=dict)
    c: float | None = None
    c_log_losses: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.choice("tune", self.tune, TUNES)
        object.__setattr__(self, "stages", TUNES[self.tune])

    @property
    def source(self) -> str:
        """What the user gave as weights."""
        return self.path or self.weights

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pretrained:
        """The inverse of `to_dict`."""
        return record_of(cls, values)
