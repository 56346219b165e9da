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
from convwise.html_repr import ShownAsHtml
from convwise.images.datasets import resolve
from convwise.images.prepare import prepare
from convwise.images.split import Split
from convwise.nets.backend import require_backend
from convwise.runs import Run
from convwise.runs.judging import Judge, Side, evaluation_of, load_model, require_known
from convwise.runs.notes import depth_notes
from convwise.runs.result_lines import result_lines

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True)
class EvaluateResult(ShownAsHtml):
    """An evaluation of a finished run.

    Attributes:
        run: The run.
        evaluation: How well its network did.
        seconds: What the evaluation took, in seconds.
        notes: What is to be said about the pictures, a line each.

    Example:
        >>> import convwise
        >>> convwise.evaluate("runs/first").evaluation.split
        'test'
    """

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
    """Evaluates a finished run again, on its own images or on others. Writes nothing.

    Pictures are read as they were for the training.

    Args:
        run: The run or its folder.
        data: A folder or data set whose classes are among the trained ones; the run's own images if None.
        split: "test", "validation", "train" or "all"; "test" of the run's own images and "all" of others if None.
        trust: Whether code is run that the run's model file holds, such as a Lambda layer.
        most_pixels: Largest picture that is read, in pixels; the run's limit if None.
        progress: Hears (done, of how many), of reading and then of predicting; nobody does if None.

    Returns:
        The evaluation, with the run and the seconds that it took.

    Raises:
        RequestError: the run is not finished, its images have changed, a class is not known, or the side is empty.
        ConvwiseError: the model file is damaged, or is not the run's network.

    Example:
        >>> import convwise
        >>> result = convwise.evaluate("runs/first", split="all")
        >>> result.evaluation.n, sum(map(sum, result.evaluation.confusion))
        (48, 48)
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
