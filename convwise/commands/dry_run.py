"""A training looked at before it begins: what would be done, and what it would take; nothing is written."""

from __future__ import annotations

import dataclasses
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convwise.commands.train import train_request
from convwise.names import counted
from convwise.runs.beginning import Begun, begin
from convwise.training.hooks import Hooks

_STEPS = 3  # that are timed, after one that compiles
_SIDES = ("train", "validation", "test")


@dataclass(frozen=True)
class TrainingPlan:
    """What a training would do. Times in seconds, of this machine as busy as it is now; None where not estimated.

    `notes`: what `train` says before it begins. `images`: of each class on each side. `peak_bytes`: the most memory
    that this process has taken, after the steps.
    """

    notes: tuple[str, ...]
    images: dict[str, dict[str, int]]
    settings: dict[str, Any]
    epochs: int
    steps_per_epoch: int
    seconds_per_step: float | None
    seconds: float | None
    peak_bytes: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """The same for a reader."""
        width = max(map(len, ("class", *self.images)))
        table = [f"{'class':{width}}  " + "  ".join(f"{side:>10}" for side in _SIDES)]
        table += [
            f"{name:{width}}  " + "  ".join(f"{n[side]:>10,}" for side in _SIDES) for name, n in self.images.items()
        ]
        return [*self.notes, *table, self._work(), self._cost(), "nothing was trained and nothing was written"]

    def _work(self) -> str:
        work = f"{counted(self.epochs, 'epoch')} of {counted(self.steps_per_epoch, 'step')}"
        minutes = self.settings["recipe"]["minutes"]
        return f"at most {counted(minutes, 'minute')}, whatever that gives in epochs" if minutes is not None else work

    def _cost(self) -> str:
        if self.seconds_per_step is None or self.seconds is None:
            return (
                "time: not estimated, since pretrained weights need a first stage whose length depends on the pictures"
            )
        memory = f", about {self.peak_bytes / 2**30:.1f} GiB of memory" if self.peak_bytes else ""
        return (
            f"about {_duration(self.seconds)}{memory} (from {_STEPS} steps of {1000 * self.seconds_per_step:.0f} ms on "
            "this machine as it is now; validation included, the start is not)"
        )


def dry_run(data: str | Path, *, hooks: Hooks | None = None, **asked: Any) -> TrainingPlan:
    """What `train` would do for the same keywords, refusing what it would refuse. Writes no run.

    The pictures are read, and their pixels cached, as `train` does; one step is timed on the network that it would
    train. Raises RequestError.
    """
    begun = begin(train_request(data, **asked), hooks or Hooks())
    return _plan(begun)


def _plan(begun: Begun) -> TrainingPlan:
    from convwise.training.fit import batches_of, seconds_per_step
    from convwise.training.predict import BATCH, predict_probabilities

    model, settings, material = begun.prepared.built.model, begun.settings, begun.material
    recipe, split = settings.recipe, material.split
    batches = batches_of(material, recipe)
    step = seconds = None
    if settings.pretrained is None:
        step = seconds_per_step(model, batches, recipe, n_steps=_STEPS)
        members = np.asarray(split.validation[:BATCH])
        validation = 0.0
        if len(members):
            predict_probabilities(model, material.pixels, members, flip_averaging=False)  # compiles
            began = time.monotonic()
            predict_probabilities(model, material.pixels, members, flip_averaging=recipe.flip_averaging)
            validation = (time.monotonic() - began) * len(split.validation) / len(members)
        seconds = recipe.epochs * (batches.steps * step + validation)
        if recipe.minutes is not None:
            seconds = 60 * recipe.minutes
    names, labels = material.index.class_names, material.labels
    sides = {side: np.bincount(labels[getattr(split, side)], minlength=len(names)) for side in _SIDES}
    images = {name: {side: int(sides[side][i]) for side in _SIDES} for i, name in enumerate(names)}
    return TrainingPlan(
        begun.notes, images, settings.to_dict(), recipe.epochs, batches.steps, step, seconds, _peak_bytes()
    )


def _peak_bytes() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else 1024 * peak)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
