"""runs: the runs below a folder, what was asked of each and what came of it."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from convwise.errors import RequestError
from convwise.html_repr import ShownAsHtml
from convwise.intervals import Estimate
from convwise.places import kind_of, named
from convwise.runs import Run

_MARK = "settings.json"
_DEPTH = 3  # folders below the named one


@dataclass(frozen=True)
class RunSummary:
    """A run in a line.

    Attributes:
        folder: Its folder.
        state: "finished", "not finished", or what is damaged.
        data: What it was trained on, as it was asked for.
        net: The network.
        asked: Size, recipe, seed and settings, in words.
        accuracy: On its test images; None without any, or where it is not finished.
        n_test: Number of test images.
        best_epoch: The epoch that was kept; None where it is not finished.
        epochs: How many there were; None where it is not finished.
        n_weights: Weights of the network; None where it is not finished.
        seconds: Time of the training, in seconds; None where it is not finished.

    Example:
        >>> import convwise
        >>> first = convwise.runs("runs")[0]
        >>> first.folder.name, first.state, first.best_epoch
        ('first', 'finished', 1)
    """

    folder: Path
    state: str
    data: str = ""
    net: str = ""
    asked: str = ""
    accuracy: Estimate | None = None
    n_test: int = 0
    best_epoch: int | None = None
    epochs: int | None = None
    n_weights: int | None = None
    seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        accuracy = self.accuracy.to_dict() if self.accuracy else None
        return {**asdict(self), "folder": str(self.folder), "accuracy": accuracy}


class RunList(tuple[RunSummary, ...], ShownAsHtml):
    """Runs in their order: a tuple that shows itself in a notebook.

    Example:
        >>> import convwise
        >>> isinstance(convwise.runs("runs"), tuple)
        True
    """

    __slots__ = ()


def runs(folder: str | Path = "runs") -> tuple[RunSummary, ...]:
    """Lists the runs in a folder and up to three folders below it, by name; what is damaged is listed as such.

    Args:
        folder: Where to look.

    Returns:
        A record for each run; none where there is no run.

    Raises:
        RequestError: there is no such folder.

    Example:
        >>> import convwise
        >>> convwise.runs("runs")[0].folder.name
        'first'
    """
    place = named(folder, "folder")
    if kind_of(place, "folder") != "folder":
        raise RequestError(f"folder={folder}: there is no such folder; name one that holds runs")
    return RunList(summary_of(each) for each in folders_with(place, (_MARK, "split.json")))


def folders_with(place: Path, marks: Collection[str]) -> list[Path]:
    """The folders that hold files of all these names, `place` itself and up to three folders below it, by name."""
    found = []
    for current, below, files in os.walk(place):
        here = Path(current)
        if set(marks) <= set(files):
            found.append(here)
            below.clear()
        elif len(here.relative_to(place).parts) >= _DEPTH:
            below.clear()
        below[:] = sorted(name for name in below if not name.startswith("."))
    return sorted(found)


def summary_of(folder: Path) -> RunSummary:
    """A run in a line; what is damaged is said in its state."""
    try:
        run = Run.open(folder)
        settings = run.settings
        recipe = settings.recipe
        texts = [recipe.shape.told, f"recipe {recipe.name}", f"seed {recipe.seed}", *settings.network.texts()]
        start = f" from {settings.pretrained.weights}" if settings.pretrained else ""
        begun = RunSummary(folder, "not finished", settings.data, f"{settings.net}{start}", ", ".join(texts))
        if not run.complete:
            return begun
        summary = run.summary
        return replace(
            begun,
            state="finished",
            accuracy=run.evaluation.accuracy if summary["evaluated"] else None,
            n_test=summary["n_test"],
            best_epoch=summary["best_epoch"],
            epochs=summary["epochs"],
            n_weights=summary["n_weights"],
            seconds=summary["seconds_training"],
        )
    except RequestError as problem:
        return RunSummary(folder, f"damaged: {problem}")
