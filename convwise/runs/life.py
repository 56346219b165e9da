"""The life of a run: fit, keep the best epoch, look at the test images once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convwise.errors import ConvwiseError
from convwise.evaluation import Evaluation
from convwise.images.material import Material
from convwise.locks import locked
from convwise.runs.folder import Run
from convwise.runs.starts import start_of
from convwise.training.hooks import Hooks

if TYPE_CHECKING:
    from convwise.runs.judging import Judge
    from convwise.training.checkpoint import CheckpointFolder

Rows = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Finished:
    """A run that is trained and judged, its manifest still to be written.

    `rows`: the numbers of each epoch; `seconds` of fitting and validation; `evaluation` on the test images, None
    without any.
    """

    evaluation: Evaluation | None
    rows: Rows
    best_epoch: int
    n_epochs: int
    seconds: float
    n_weights: int

    def summary(self, material: Material, *, began: float) -> dict[str, Any]:
        """The content of `run.json`; `began`: when, by the monotonic clock."""
        index, split = material.index, material.split
        return {
            "evaluated": self.evaluation is not None,
            "epochs": self.n_epochs,
            "best_epoch": self.best_epoch,
            "seconds_training": round(self.seconds, 2),
            "seconds": round(time.monotonic() - began, 2),
            "n_unreadable": len(index.unreadable),
            "n_ignored": index.n_ignored,
            "n_train": len(split.train),
            "n_validation": len(split.validation),
            "n_test": len(split.test),
            "n_weights": self.n_weights,
        }


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Holds the run for this process. Ctrl-C ends the work in one line that says how to go on.

    Nothing is lost then but the epoch begun. Raises RequestError where another process works on the run.
    """
    with locked(run.folder, "run"):
        try:
            yield
        except KeyboardInterrupt:
            raise ConvwiseError(f"stopped; go on with: convwise train --resume {run.folder}") from None


def carry_out(run: Run, model: Any, material: Material, hooks: Hooks, *, tensorboard: bool) -> Finished:
    """Fits `model`, exports the best epoch to the run and looks at the test images once."""
    from convwise.runs.judging import Judge
    from convwise.training.checkpoint import CheckpointFolder
    from convwise.training.fit import batches_of, fit
    from convwise.training.predict import BATCH
    from convwise.training.towers import in_towers
    from convwise.training.validation import Validation

    recipe = run.settings.recipe
    split = material.split
    validation = Validation(material.pixels, material.labels, split.validation) if len(split.validation) else None
    checkpoints = CheckpointFolder(run.folder / "checkpoint")
    metrics = _Metrics(run, hooks)
    metrics.begin(checkpoints)
    state = fit(
        model,
        batches_of(material, recipe),
        validation,
        recipe=recipe,
        checkpoints=checkpoints,
        hooks=Hooks(step=hooks.step, epoch=metrics.epoch),
        callbacks=_events(run) if tensorboard else (),
    )
    exported = start_of(run.settings, material.n_classes).network("float32")
    exported.set_weights(checkpoints.best_weights(state.best_epoch))
    _save_model(exported, run.model_path)
    judge = Judge(in_towers(exported, recipe.towers or 1, BATCH), material.index.class_names, recipe.flip_averaging)
    evaluation = _judged(run, judge, material)
    return Finished(
        evaluation,
        tuple(metrics.rows),
        state.best_epoch,
        state.epochs_done,
        state.seconds,
        int(exported.count_params()),
    )


def _judged(run: Run, judge: Judge, material: Material) -> Evaluation | None:
    """Looks at the test images, once; keeps what was answered for them and for the validation images."""
    from convwise.runs.judging import Side, evaluation_of
    from convwise.runs.predictions import Predictions

    index, split = material.index, material.split
    sides = [Side(name, getattr(split, name)) for name in ("validation", "test")]
    rows = [judge.probabilities(material.pixels, side.members) for side in sides]
    members = np.concatenate([side.members for side in sides])
    Predictions(
        paths=np.array([index.paths[i] for i in members], np.str_),
        sides=np.repeat([side.name for side in sides], [len(side.members) for side in sides]).astype(np.str_),
        labels=index.labels[members],
        probabilities=np.concatenate(rows).astype(np.float32),
        class_names=np.array(index.class_names, np.str_),
    ).save(run.folder)
    return evaluation_of(judge, index, sides[1], rows[1]) if len(split.test) else None


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
