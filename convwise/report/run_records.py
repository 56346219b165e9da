"""What is known of a run, as plain records: all that is written about it is made of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from convwise.evaluation import Evaluation
from convwise.images.augment import Augmentation
from convwise.images.image_shape import ImageShape
from convwise.images.saved_split import SIDES, SavedSplit
from convwise.report.confidence import Answers
from convwise.runs.contents import Summary


class Commands(Protocol):
    """The commands about a run: see `convwise.runs.again`."""

    def train(self, **changes: Any) -> str:
        """The training again, with some options changed."""

    def study(self, **changes: Any) -> str:
        """A study of its network."""

    @property
    def config(self) -> str:
        """The config file that the training needs; "" for none."""


@dataclass(frozen=True)
class Training:
    """How the run was trained; `net` and `weights` as a reader knows them, `weights` None for fresh ones."""

    net: str
    weights: str | None
    recipe: str
    shape: ImageShape
    resize: str
    augmentation: Augmentation
    label_smoothing: float
    flip_averaging: bool
    weighted: bool
    minutes: float | None
    precision: str
    towers: int
    seed: int


@dataclass(frozen=True)
class Source:
    """Its pictures: `data` as they were asked for, `folder` where they were, and what pins them."""

    data: str
    folder: Path
    copies: str
    grouped: bool
    index_digest: str
    split_digest: str


@dataclass(frozen=True, eq=False)
class RunRecords:
    """A finished run: its name, how and on what it was trained, its split, summary, epochs, evaluation and answers.

    `evaluation` and `answers` are of the test images, None where there were none; `answers` also where they were not
    kept, for the reason in `why_no_answers`. `on_validation`: an evaluation on the validation images, which may choose
    what comes next, as the test images may not; None where it is not known. `settings` is the content of settings.json,
    `environment` where it was trained, `ended` when, as a date.
    """

    name: str
    training: Training
    source: Source
    class_names: tuple[str, ...]
    split: SavedSplit
    summary: Summary
    epochs: tuple[Mapping[str, float], ...]
    evaluation: Evaluation | None
    answers: Answers | None
    on_validation: Evaluation | None
    why_no_answers: str
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]
    ended: str
    commands: Commands

    @property
    def best_epoch(self) -> int:
        """The epoch whose weights were kept."""
        return self.summary["best_epoch"]

    def class_of(self, path: str) -> str:
        """The class of an image of the split: the folder that it lies in, below that of a given side."""
        first, _, rest = path.partition("/")
        return first if first in self.class_names else rest.partition("/")[0]

    def counts(self) -> dict[str, dict[str, int]]:
        """Images by class and side."""
        found = {name: dict.fromkeys(SIDES, 0) for name in self.class_names}
        for side in SIDES:
            for path in self.split[side]:  # type: ignore[literal-required]
                found[self.class_of(path)][side] += 1
        return found
