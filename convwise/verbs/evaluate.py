"""evaluate: a finished run's network on its own images, on a side of its split, or on another folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.evaluation import Evaluation
from convwise.evaluation import evaluate as evaluate_probabilities
from convwise.images.datasets import resolve
from convwise.images.depth import depth_notes
from convwise.images.index import ImageIndex
from convwise.images.prepare import prepare
from convwise.images.split import Split
from convwise.nets.backend import require_backend
from convwise.runs import Run

SPLITS = ("test", "validation", "train", "all")


@dataclass(frozen=True)
class EvaluateResult:
    """The run, the evaluation, the seconds that it took, and what is to be said about the pictures."""

    run: Run
    evaluation: Evaluation
    seconds: float
    notes: tuple[str, ...] = ()


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
    if split is not None and split not in SPLITS:
        raise RequestError(f"split={split}: choose one of {', '.join(SPLITS)}")
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
        size=recipe.size_px,
        fit=recipe.fit,
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
            f"holds; evaluate them as new ones with --data {folder}"
        )
    side = split or ("test" if same else "all")
    if side == "all":
        members = np.arange(len(index))
    elif not same:
        raise RequestError(f"split={side}: {folder} holds other images than the run was trained on; use --split all")
    else:
        members = getattr(Split.from_dict(run.split, index), side)
    if not len(members):
        raise RequestError(f"split={side}: this run has no {side} images")
    evaluation = evaluate_model(
        load_model(run, trust=trust),
        cache.pixels,
        index,
        members,
        split=side,
        flip_averaging=recipe.flip_averaging,
        class_names=run.class_names,
        progress=progress,
    )
    return EvaluateResult(run, evaluation, time.monotonic() - began, depth_notes(index, rules)[1:])


def load_model(run: Run, *, trust: bool = False) -> Any:
    """The run's network. Raises ConvwiseError where its file is damaged or holds another network."""
    from convwise.nets.model_file import load_run_model

    n_classes, size_px = len(run.class_names), run.settings.recipe.size_px
    return load_run_model(run.model_path, n_classes=n_classes, size_px=size_px, trust=trust)


def require_known(index: ImageIndex, names: tuple[str, ...]) -> None:
    """Raises RequestError unless the network, which knows the classes `names`, knows all of the index's."""
    unknown = [name for name in index.class_names if name not in names]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise RequestError(
            f"data={index.root}: the network was not trained on the class {', '.join(unknown[:3])}{more}; "
            f"it knows {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}"
        )


def evaluate_model(
    model: Any,
    pixels: NDArray[np.uint8],
    index: ImageIndex,
    members: NDArray[np.int64],
    *,
    split: str,
    flip_averaging: bool,
    class_names: tuple[str, ...] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """The evaluation of `model` on `members` of the index; `class_names` are the model's own, in its order."""
    from convwise.training.predict import predict_probabilities, require_probabilities

    names = class_names or index.class_names
    require_known(index, names)
    own = np.array([names.index(name) for name in index.class_names])
    rows = predict_probabilities(model, pixels, members, flip_averaging=flip_averaging, progress=progress)
    require_probabilities(rows)
    return evaluate_probabilities(
        own[index.labels[members]],
        rows,
        names,
        split=split,
        paths=[index.paths[i] for i in members],
    )
