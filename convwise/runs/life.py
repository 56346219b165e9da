"""The life of a run: begun or gone on with, fit, its best epoch kept and judged once, drawn, and written to its end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.evaluation import Evaluation, evaluate
from convwise.images.groups import group_counts
from convwise.images.material import Material
from convwise.images.split import Split
from convwise.locks import locked
from convwise.runs.beginning import begin, class_weights_by_name
from convwise.runs.folder import Run
from convwise.runs.notes import chance_hint
from convwise.runs.predictions import Predictions
from convwise.runs.request import TrainRequest
from convwise.runs.starts import network_to_train, start_of
from convwise.training.answers import require_probabilities
from convwise.training.hooks import Hooks

if TYPE_CHECKING:
    from convwise.training.checkpoint import CheckpointFolder


class Draw(Protocol):
    """Draws what came of a run into its folder: see `convwise.report.figures.draw_run`."""

    def __call__(
        self,
        folder: Path,
        rows: Sequence[Mapping[str, float]],
        best_epoch: int,
        evaluation: Evaluation | None,
        load: Callable[[str], NDArray[np.uint8]],
    ) -> None: ...


def live(request: TrainRequest, hooks: Hooks, draw: Draw, *, began: float) -> tuple[Run, Evaluation | None]:
    """A new run, from its request to its end; `began`: when, by the monotonic clock.

    Raises RequestError for what cannot be, before a folder is made.
    """
    begun = begin(request, hooks)
    material = begun.material
    run = Run.create(begun.folder, begun.settings, material.index.class_names, material.split.to_dict())
    for line in begun.notes:
        hooks.note(line)
    with _at_work(run):
        model = start_of(begun.settings, material.n_classes).first_model(run, begun.prepared, material, hooks.note)
        fitted = _fit(run, model, material, hooks, tensorboard=request.tensorboard)
        return run, _ended(run, fitted, material, hooks, draw, began)


def go_on(run: Run, hooks: Hooks, draw: Draw, *, began: float) -> Evaluation | None:
    """A run from its last whole epoch to its end. Raises RequestError where the pictures have changed."""
    from convwise.training.checkpoint import CheckpointFolder

    with _at_work(run):
        settings = run.settings
        # A damaged checkpoint is told before the pictures are read.
        has_weights = CheckpointFolder(run.folder / "checkpoint").load() is not None
        index, pixels = settings.pictures.read(hooks.decoding)
        if index.digest != settings.index_digest:
            raise RequestError(
                f"run={run.folder}: the pictures in {settings.folder} have changed since it began, so it cannot go on "
                "as the same run; put them back as they were, or train again into a new folder"
            )
        material = Material(index, pixels, Split.from_dict(run.split, index), settings.reading)
        start = start_of(settings, material.n_classes)
        if has_weights:
            model = network_to_train(start, settings.recipe.precision)
        else:
            model = start.first_model(run, start.prepare(hooks.note), material, hooks.note)
        fitted = _fit(run, model, material, hooks, tensorboard=(run.folder / "tensorboard").exists())
        return _ended(run, fitted, material, hooks, draw, began)


@contextmanager
def _at_work(run: Run) -> Iterator[None]:
    """Holds the run for this process. Ctrl-C ends the work in one line that says how to go on.

    Nothing is lost then but the epoch begun. Raises RequestError where another process works on the run.
    """
    with locked(run.folder, "run"):
        try:
            yield
        except KeyboardInterrupt:
            raise ConvwiseError(f"stopped; go on with: convwise train --resume {run.folder}") from None


@dataclass(frozen=True)
class _Fitted:
    """The best epoch's network, and how the training went: `rows` of numbers by epoch, `seconds` of it all."""

    model: Any
    rows: Sequence[dict[str, float]]
    best_epoch: int
    n_epochs: int
    seconds: float


def _fit(run: Run, model: Any, material: Material, hooks: Hooks, *, tensorboard: bool) -> _Fitted:
    """Trains `model` and exports the best epoch to the run."""
    from convwise.training.checkpoint import CheckpointFolder
    from convwise.training.fit import batches_of, fit
    from convwise.training.validation import Validation

    recipe = run.settings.recipe
    members = material.split.validation
    checkpoints = CheckpointFolder(run.folder / "checkpoint")
    metrics = _Metrics(run, hooks)
    metrics.begin(checkpoints)
    state = fit(
        model,
        batches_of(material, recipe),
        Validation(material.pixels, material.labels, members) if len(members) else None,
        recipe=recipe,
        checkpoints=checkpoints,
        hooks=Hooks(step=hooks.step, epoch=metrics.epoch),
        callbacks=_events(run) if tensorboard else (),
    )
    exported = start_of(run.settings, material.n_classes).network("float32")
    exported.set_weights(checkpoints.best_weights(state.best_epoch))
    _save_model(exported, run.model_path)
    return _Fitted(exported, metrics.rows, state.best_epoch, state.epochs_done, state.seconds)


def _ended(run: Run, fitted: _Fitted, material: Material, hooks: Hooks, draw: Draw, began: float) -> Evaluation | None:
    """Judges and draws, then writes the manifest, by which the run is complete."""
    settings, paths = run.settings, material.index.paths
    evaluation = _judged(run, fitted.model, material)
    if evaluation and (hint := chance_hint(evaluation, settings.recipe)):
        hooks.note(hint)
    pixels, position = material.pixels, {path: i for i, path in enumerate(paths)}
    draw(run.folder, fitted.rows, fitted.best_epoch, evaluation, lambda path: pixels[position[path]])
    summary: dict[str, Any] = {
        "evaluated": evaluation is not None,
        "epochs": fitted.n_epochs,
        "best_epoch": fitted.best_epoch,
        "seconds_training": round(fitted.seconds, 2),
        "seconds": round(time.monotonic() - began, 2),
        "n_unreadable": len(material.index.unreadable),
        "n_ignored": material.index.n_ignored,
        "n_train": len(material.split.train),
        "n_validation": len(material.split.validation),
        "n_test": len(material.split.test),
        "n_weights": int(fitted.model.count_params()),
    }
    if weights := class_weights_by_name(material, settings.recipe):
        summary["class_weights"] = weights
    if settings.group_by is not None and material.index.groups is not None:
        summary["groups"] = group_counts(material.index.groups, settings.group_by)
    run.finish(evaluation, summary)
    return evaluation


def _judged(run: Run, model: Any, material: Material) -> Evaluation | None:
    """Looks at the test images, once; keeps what was answered for them and for the validation images."""
    from convwise.training.predict import BATCH, predict_probabilities
    from convwise.training.towers import in_towers

    index, recipe, sides = material.index, run.settings.recipe, ("validation", "test")
    members = [getattr(material.split, side) for side in sides]
    judge = in_towers(model, recipe.towers or 1, BATCH)
    answers = [
        predict_probabilities(judge, material.pixels, each, flip_averaging=recipe.flip_averaging) for each in members
    ]
    paths = [[index.paths[i] for i in each] for each in members]
    for rows in answers:
        require_probabilities(rows)
    Predictions(
        paths=np.array([*paths[0], *paths[1]], np.str_),
        sides=np.repeat(sides, [len(each) for each in members]).astype(np.str_),
        labels=index.labels[np.concatenate(members)],
        probabilities=np.concatenate(answers).astype(np.float32),
        class_names=np.array(index.class_names, np.str_),
    ).save(run.folder)
    if not paths[1]:
        return None
    return evaluate(index.labels[members[1]], answers[1], index.class_names, split="test", paths=paths[1])


class _Metrics:
    """metrics.jsonl, rewritten after each epoch; the caller hears each row."""

    def __init__(self, run: Run, hooks: Hooks) -> None:
        self._run, self._hooks = run, hooks
        self.rows: list[dict[str, float]] = []

    def begin(self, checkpoints: CheckpointFolder) -> None:
        """Takes up the rows of the checkpoint, where there is one."""
        saved = checkpoints.state()
        if not saved:
            return
        self.rows = list(saved.rows)
        self._run.write_metrics(self.rows)
        if saved.epochs_done:
            self._hooks.note(f"going on after epoch {saved.epochs_done}")
        else:
            self._hooks.epoch(self.rows[0])  # of the first stage on pretrained weights

    def epoch(self, row: dict[str, float]) -> None:
        """One more row."""
        self.rows.append(row)
        self._run.write_metrics(self.rows)
        self._hooks.epoch(row)


def _events(run: Run) -> tuple[Any, ...]:
    import keras

    return (keras.callbacks.TensorBoard(str(run.folder / "tensorboard")),)


def _save_model(model: Any, path: Path) -> None:
    # Keras wants the ending .keras, so the temporary name keeps it.
    temporary = path.with_name(f".part-{path.name}")
    try:
        model.save(temporary)
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise ConvwiseError(
            f"{path} cannot be written: {problem.strerror or problem}; make room, then go on with: convwise train "
            f"--resume {path.parent}"
        ) from None
