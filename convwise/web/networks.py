"""The networks of runs, loaded when a page needs one and kept; they answer in one thread alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.commands.heatmap import asking, heat_for
from convwise.images.reading import Picture
from convwise.images.rules import UnreadableImage
from convwise.images.thumbnails import thumbnail
from convwise.names import shown
from convwise.nets.backend import require_backend
from convwise.report.heatmap_words import HeatView, heat_view
from convwise.report.pictures import SMALL, Shown, shown_pixels
from convwise.runs import Run
from convwise.runs.judging import load_model
from convwise.runs.notes import beyond_range
from convwise.web.neighbours import Neighbours

_MOST_KEPT = 3  # networks in memory
_TOP = 5
_HEAT_PX = 224


@dataclass(frozen=True)
class Near:
    """A training picture near to the one that was asked about: its class, its cosine distance, and how it looks."""

    picture: Shown
    label: str
    distance: float


@dataclass(frozen=True, eq=False)
class Found:
    """What a network says of a picture: labels with probabilities, where it looks, what it finds alike, a warning."""

    top: tuple[tuple[str, float], ...]
    heat: HeatView
    near: tuple[Near, ...]
    warning: str = ""


class Networks:
    """At most a few networks, the last used ones. For one thread."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[tuple[Path, int, int], Any] = OrderedDict()

    def of(self, run: Run) -> Any:
        """The run's network. Raises ConvwiseError: see `load_model`; code that the run brings is not trusted here."""
        require_backend()
        status = run.model_path.stat()
        key = (run.folder, status.st_size, status.st_mtime_ns)
        if key not in self._loaded:
            model = load_model(run)
            for old in [each for each in self._loaded if each[0] == run.folder]:
                del self._loaded[old]
            self._loaded[key] = model
        self._loaded.move_to_end(key)
        while len(self._loaded) > _MOST_KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def answers(self, run: Run, pictures: Sequence[Picture]) -> list[Found]:
        """What `convwise predict` and `explain --heatmap` answer for these pictures, and the nearest training ones."""
        from convwise.training.answers import require_probabilities

        model, settings, names = self.of(run), run.settings, run.class_names
        ask = asking(model, settings)
        stack = np.stack([each.pixels for each in pictures])
        rows = ask(stack)
        require_probabilities(rows)
        near = self._near(run, model, stack)
        found = []
        for picture, row, alike in zip(pictures, rows, near, strict=True):
            best = np.argsort(-row, kind="stable")[:_TOP]
            heat = heat_for(model, settings, picture.pixels, int(best[0]), ask)
            beyond = picture.peak > settings.reading.white
            found.append(
                Found(
                    tuple((names[i], float(row[i])) for i in best),
                    heat_view(heat, picture.pixels, shown(names[best[0]]), _HEAT_PX),
                    alike,
                    beyond_range(1, settings.reading) if beyond else "",
                )
            )
        return found

    def _near(self, run: Run, model: Any, stack: NDArray[np.uint8]) -> list[tuple[Near, ...]]:
        known = Neighbours.kept(run)
        if known is None:
            return [()] * len(stack)
        folder, rules, names = Path(run.settings.folder), run.settings.reading, run.class_names
        return [
            tuple(Near(_small(folder, path, rules), _class_of(path, names), distance) for path, distance in alike)
            for alike in known.nearest(model, stack)
        ]


def _class_of(path: str, names: Sequence[str]) -> str:
    """The class folder of a training image, below that of a side where the folder gives sides."""
    first, _, rest = path.partition("/")
    return first if first in names else rest.partition("/")[0]


def _small(folder: Path, path: str, rules: Any) -> Shown:
    if ".." in path.split("/") or path.startswith("/"):
        return Shown(path, missing="its name leads out of the folder of the pictures")
    try:
        return shown_pixels(path, thumbnail(folder / path, SMALL, rules))
    except UnreadableImage as problem:
        return Shown(path, missing=str(problem))
