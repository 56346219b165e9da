"""What happens around each step and epoch of a training: the rate, the clock, validation, the checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError
from convwise.images.batches import Batches
from convwise.seeds import derive_seed
from convwise.training.checkpoint import Arrays, Checkpoints, TrainingState, arrays_of
from convwise.training.hooks import Hooks
from convwise.training.predict import BATCH
from convwise.training.recipe import Recipe
from convwise.training.schedule import rate_at
from convwise.training.towers import in_towers
from convwise.training.validation import Validation


@dataclass(frozen=True, eq=False)
class Training:
    """A network and everything that its training needs."""

    network: keras.Model
    batches: Batches
    validation: Validation | None
    recipe: Recipe
    checkpoints: Checkpoints
    hooks: Hooks


class TrainingCallback(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets what each epoch starts from, follows the clock, watches the loss, validates and saves."""

    def __init__(self, training: Training, state: TrainingState, source: Arrays | None) -> None:
        super().__init__()
        self.network, self.batches, self.validation = training.network, training.batches, training.validation
        self.recipe, self.checkpoints, self.hooks = training.recipe, training.checkpoints, training.hooks
        self.judge = in_towers(self.network, self.recipe.towers or 1, BATCH)
        self.state, self.source = state, source
        self.began = time.monotonic() - state.seconds
        self.epoch = state.epochs_done
        self.steps_done = self.epoch * self.batches.steps

    @property
    def share(self) -> float:
        """How much of the training is done, 0..1: by the clock where minutes are given, else by steps."""
        if self.recipe.minutes is not None:
            return min(1.0, (time.monotonic() - self.began) / (60 * self.recipe.minutes))
        return self.steps_done / (self.recipe.epochs * self.batches.steps)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """What an epoch drops out follows from the seed and its number, as its order and augmentation do."""
        self.epoch = epoch
        self.epoch_began = time.monotonic()
        self.steps_done = epoch * self.batches.steps
        for number, layer in enumerate(self.network._flatten_layers()):
            for i, source in enumerate(layer._seed_generators):
                seed = derive_seed(self.recipe.seed, "layer", number, epoch, *([i] if i else []))
                source.state.assign([seed % 2**31, epoch])
        if self.recipe.minutes is not None and keras.backend.backend() == "jax":
            self._follow_the_clock()  # JAX reads the optimizer's variables once an epoch

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """A training by the clock sets its rate from the time spent."""
        if self.recipe.minutes is not None and keras.backend.backend() != "jax":
            self._follow_the_clock()

    def _follow_the_clock(self) -> None:
        self.model.optimizer.learning_rate.assign(rate_at(self.recipe, self.share, self.steps_done))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops on a loss that is not a number, and when the time is up."""
        self.steps_done += 1
        if self.steps_done % 16 == 0 and not math.isfinite(float((logs or {}).get("loss", 0.0))):
            raise ConvwiseError(self._not_finite())
        share = self.share
        self.hooks.step(share, self.epoch)
        if self.recipe.minutes is not None and share >= 1 - self._closing_share():
            self.model.stop_training = True

    def _closing_share(self) -> float:
        """The share of the budget that the last validation will take, as the latest one took it."""
        if not self.state.rows or self.recipe.minutes is None:
            return 0.0
        return self.state.rows[-1].get("validation_seconds", 0.0) / (60 * self.recipe.minutes)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Validates, decides whether this epoch is the best, and saves everything in one step."""
        logs = logs or {}
        row = {"epoch": epoch + 1, "loss": float(logs["loss"]), "accuracy": float(logs["accuracy"])}
        if not math.isfinite(row["loss"]):
            raise ConvwiseError(self._not_finite())
        row["learning_rate"] = rate_at(self.recipe, self.share, self.steps_done)
        reached = arrays_of(self.network.weights)
        result = self._averaged(reached)
        score = math.inf  # without validation images every epoch beats the one before
        if self.validation is not None:
            began = time.monotonic()
            restore(self.network.weights, result)
            accuracy, log_loss = self.validation.scores(self.judge, flip_averaging=self.recipe.flip_averaging)
            restore(self.network.weights, reached)
            score = -log_loss
            row |= {"val_accuracy": accuracy, "val_loss": log_loss}
            row["validation_seconds"] = round(time.monotonic() - began, 3)
        row["seconds"] = round(time.monotonic() - self.epoch_began, 3)
        seconds = time.monotonic() - self.began
        before = self.state
        better = score >= before.best_score
        best_epoch = epoch + 1 if better else before.best_epoch
        if self.validation is not None and self._out_of_patience(epoch + 1 - best_epoch):
            self.model.stop_training = True
        self.state = TrainingState(
            epochs_done=epoch + 1,
            seconds=seconds,
            finished=bool(self.model.stop_training) or epoch + 1 == self.recipe.epochs,
            best_epoch=best_epoch,
            best_score=score if better else before.best_score,
            rows=(*before.rows, row),
        )
        self.checkpoints.save(self.state, reached, arrays_of(self.model.optimizer.variables), result=result)
        self.hooks.epoch(row)

    def _out_of_patience(self, n_epochs: int) -> bool:
        """Whether so many epochs without a better validation log loss are too many."""
        return self.recipe.patience is not None and n_epochs >= self.recipe.patience

    def _averaged(self, reached: Arrays) -> Arrays:
        """What the epoch gives: the weights reached, or their mean with those of the start."""
        if self.source is None:
            return reached
        return interpolated(self.source, reached, self.recipe.weight_interpolation)

    def _not_finite(self) -> str:
        rate = rate_at(self.recipe, self.share, self.steps_done)
        return (
            f"the loss is not a number any more in epoch {self.epoch + 1} (learning rate {rate:.3g}): the steps are "
            f"too large or the precision too coarse; lower learning_rate (now {self.recipe.rate:g}), or set "
            "precision to float32 in the file of config="
        )


def interpolated(start: Sequence[NDArray[Any]], reached: Sequence[NDArray[Any]], share: float) -> Arrays:
    """The mean of the weights of the start, which count `share`, and those reached."""
    kept = np.float32(share)
    return [kept * old + (1 - kept) * new for old, new in zip(start, reached, strict=True)]


def restore(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Gives the variables their values. Raises ConvwiseError where the shapes differ."""
    if [tuple(v.shape) for v in variables] != [v.shape for v in values]:
        raise ConvwiseError("the checkpoint does not fit the network that its settings describe; train again")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
