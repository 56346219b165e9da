"""evaluate: a finished run's network on its own images, on a side of its split, or on another folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convwise import checks
from convwise.errors import RequestError
from convwise.evaluation import Evaluation
from convwise.images.datasets import resolve
from convwise.images.depth import depth_notes
from convwise.images.prepare import prepare
from convwise.images.split import Split
from convwise.nets.backend import require_backend
from convwise.runs import Run
from convwise.runs.judging import Judge, Side, evaluation_of, load_model, require_known
from convwise.runs.result_lines import result_lines

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True)
class EvaluateResult:
    """The run, the evaluation, the seconds that it took, and what is to be said about the pictures."""

    run: Run
    evaluation: Evaluation
    seconds: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<EvaluateResult {self.run.folder}: {self.evaluation.told}>"

    def __str__(self) -> str:
        return result_lines(self.run.folder, self.evaluation, self.seconds)


def evaluate(
    run: str | Path | Run,
    *,
    data: str | Path | None = None,
    split: str | None = None,
    trust: bool = False,
    most_pixels: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> EvaluateResult:
    """Evaluates a finished run again. Without `data`, on the images it began with, by default the test side.

    With `data`, on all images of another folder or data set, whose classes must be among the trained ones.
    Pictures are read as they were for the training; those of more than `most_pixels` (the run's) are left out.
    `trust`: run code that the run's model file holds. Writes nothing. `progress` hears (done, of how many), of reading
    and then of predicting.
    Raises RequestError for an unfinished run, changed images, unknown classes or an empty side.
    """
    began = time.monotonic()
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    require_backend()
    if split is not None:
        checks.choice("split", split, SPLITS)
    settings = run.settings
    recipe = settings.recipe
    if data is None or str(data) == settings.data:
        folder, classes, exclude = Path(settings.folder), settings.classes, settings.exclude
    else:
        source = resolve(data)
        folder, classes, exclude = source.folder, source.classes, source.exclude
    rules = settings.reading.limited_to(most_pixels)
    index, cache = prepare(
        folder,
        shape=recipe.shape,
        resize=recipe.resize,
        classes=classes,
        exclude=exclude,
        copies="ignore",  # the sides are the saved ones: nothing here depends on copies
        progress=progress,
        rules=rules,
    )
    require_known(index, run.class_names)  # before Keras and the network are loaded
    same = index.digest == settings.index_digest
    if data is None and not same:
        raise RequestError(
            f"run={run.folder}: the pictures in {folder} have changed since it was trained, so its split no longer "
            f"holds; evaluate them as new ones with data={folder}"
        )
    side = split or ("test" if same else "all")
    if side == "all":
        members = np.arange(len(index))
    elif not same:
        raise RequestError(f"split={side}: {folder} holds other images than the run was trained on; use split=all")
    else:
        members = getattr(Split.from_dict(run.split, index), side)
    if not len(members):
        raise RequestError(f"split={side}: this run has no {side} images")
    judge = Judge(load_model(run, trust=trust), run.class_names, recipe.flip_averaging)
    rows = judge.probabilities(cache.pixels, members, progress)
    evaluation = evaluation_of(judge, index, Side(side, members), rows)
    return EvaluateResult(run, evaluation, time.monotonic() - began, depth_notes(index, rules)[1:])
