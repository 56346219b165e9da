"""The one place that calls `Model.fit`: from any whole epoch on, as if the training had never stopped."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.errors import ConvwiseError
from convwise.images.batches import Batches
from convwise.nets.backend import has_accelerator, warn_of_a_slow_start
from convwise.seeds import derive_seed
from convwise.training.checkpoint import Arrays, Checkpoints, Progress, arrays_of
from convwise.training.predict import BATCH, predict_probabilities
from convwise.training.recipe import Recipe
from convwise.training.schedule import StepSchedule, rate_at
from convwise.training.towers import in_towers

_MOST_THREADS = 8  # that make batches: more contend for the interpreter's lock
_Batch = tuple[NDArray[np.uint8], NDArray[np.float32]]


@dataclass(frozen=True)
class Validation:
    """The images that choose the epoch: `pixels` (N, h, w, 3), `labels` (N,), `members` their positions."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    members: NDArray[np.int64]

    def scores(self, model: keras.Model, *, flip_averaging: bool) -> tuple[float, float]:
        """Accuracy and log loss of the model as it stands."""
        probabilities = predict_probabilities(model, self.pixels, self.members, flip_averaging=flip_averaging)
        labels = self.labels[self.members]
        accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
        chosen = np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)
        return accuracy, float(-np.log(chosen).mean())


@dataclass(frozen=True)
class Watch:
    """What the caller hears: every step's share of the whole training (0..1), and every epoch's row of numbers."""

    step: Callable[[float, int], None] = lambda share, epoch: None
    epoch: Callable[[dict[str, float]], None] = lambda row: None


def fit(
    model: keras.Model,
    batches: Batches,
    validation: Validation | None,
    *,
    recipe: Recipe,
    checkpoints: Checkpoints,
    watch: Watch | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Progress:
    """Trains until the recipe's end, from the checkpoint where there is one, and leaves the best weights there.

    The best epoch is the one of lowest validation log loss, which tells epochs apart with less noise than a count of
    errors does; without validation images it is the last. A checkpoint of epoch 0 holds weights to start from, which
    are the ones to beat, and with the recipe's start_share a part of what each epoch gives. Raises ConvwiseError where
    the loss is no longer a number.
    """
    warn_of_a_slow_start()
    total_steps = recipe.epochs * batches.steps
    clocked = recipe.minutes is not None
    rate: Any = recipe.rate if clocked else StepSchedule(recipe, total_steps)
    trained = in_towers(model, recipe.towers or 1, batches.batch_size)
    trained.compile(
        optimizer=_optimizer(recipe, rate, model),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        # An object: a metric by name makes its variables in the first step, and TensorFlow traces the step twice.
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
        # XLA compiles for long and then runs slower on a CPU; on a GPU the JAX backend compiles in any case.
        jit_compile=keras.backend.backend() == "jax",
    )
    trained.optimizer.build(model.trainable_variables)
    saved = checkpoints.load()
    start = Progress(0, 0.0, False, 0, -math.inf, ())
    if saved:
        start, weights, optimizer = saved
        _restore(model.weights, weights)
        if start.epochs_done:
            _restore(trained.optimizer.variables, optimizer)
    if start.finished:
        return start
    source = checkpoints.start_weights() if recipe.start_share else None
    conductor = _Conductor(model, batches, validation, recipe, checkpoints, watch or Watch(), start, source)
    with _stream(batches, start.epochs_done) as stream:
        trained.fit(
            stream,
            steps_per_epoch=batches.steps,
            epochs=recipe.epochs,
            initial_epoch=start.epochs_done,
            callbacks=[conductor, *callbacks],
            shuffle=False,
            verbose=0,
        )
    return conductor.progress


@contextmanager
def _stream(batches: Batches, first_epoch: int) -> Iterator[Any]:
    """What Model.fit takes the batches from, without end: from one epoch into the next without a pause.

    Under TensorFlow a tf.data pipeline that fetches two batches ahead. Keras would make one too, with tf.data's tuner,
    which has nothing to tune here: it sleeps in periods that double, and the end of the training waits until the period
    is over. Elsewhere threads of our own: Keras's empty their queue at the end of each epoch and wait for that.
    """
    numbered = _Numbered(batches, first_epoch)
    backend = keras.backend.backend()
    if backend != "tensorflow":
        free = available_cores() - 1 if has_accelerator(backend) else 1  # cores that the network leaves
        with closing(_ahead(numbered, max(1, min(_MOST_THREADS, free)))) as ahead:
            yield ahead
        return
    import tensorflow

    signature = tuple(tensorflow.TensorSpec(array.shape, array.dtype) for array in numbered(0))
    stream = tensorflow.data.Dataset.from_generator(lambda: map(numbered, count()), output_signature=signature)
    options = tensorflow.data.Options()
    options.autotune.enabled = False
    yield stream.prefetch(2).with_options(options)


def _ahead(numbered: Callable[[int], _Batch], n_threads: int) -> Generator[_Batch, None, None]:
    """Batches in their order, made by threads while the network computes: warps release the interpreter's lock."""
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="convwise-batches")
    try:
        waiting = deque(pool.submit(numbered, number) for number in range(2 * n_threads))
        for number in count(len(waiting)):
            batch = waiting.popleft().result()
            waiting.append(pool.submit(numbered, number))
            yield batch
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Numbered:
    """Batches by one number that runs on through the epochs; several threads may ask at once."""

    def __init__(self, batches: Batches, first_epoch: int) -> None:
        self._batches, self._first_epoch = batches, first_epoch
        self._order = (first_epoch, batches.order(first_epoch))

    def __call__(self, number: int) -> _Batch:
        epochs, step = divmod(number, self._batches.steps)
        epoch = self._first_epoch + epochs
        known = self._order
        if known[0] != epoch:
            known = self._order = (epoch, self._batches.order(epoch))
        return self._batches.of(known[1], epoch, step)


class _Conductor(keras.callbacks.Callback):  # type: ignore[misc]
    """Sets what each epoch starts from, follows the clock, watches the loss, validates and saves."""

    def __init__(
        self,
        network: keras.Model,
        batches: Batches,
        validation: Validation | None,
        recipe: Recipe,
        checkpoints: Checkpoints,
        watch: Watch,
        start: Progress,
        source: Arrays | None,
    ) -> None:
        super().__init__()
        self.network, self.batches, self.validation, self.recipe = network, batches, validation, recipe
        self.judge = in_towers(network, recipe.towers or 1, BATCH)
        self.checkpoints, self.watch, self.progress = checkpoints, watch, start
        self.source = source
        self.began = time.monotonic() - start.seconds
        self.epoch = start.epochs_done
        self.steps_done = self.epoch * batches.steps

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
            source = getattr(layer, "seed_generator", None)
            if source is not None:
                seed = derive_seed(self.recipe.seed, "layer", number, epoch)
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
        self.watch.step(share, self.epoch)
        if self.recipe.minutes is not None and share >= 1 - self._closing_share():
            self.model.stop_training = True

    def _closing_share(self) -> float:
        """The share of the budget that the last validation will take, as the latest one took it."""
        if not self.progress.rows or self.recipe.minutes is None:
            return 0.0
        return self.progress.rows[-1].get("validation_seconds", 0.0) / (60 * self.recipe.minutes)

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
            _restore(self.network.weights, result)
            accuracy, log_loss = self.validation.scores(self.judge, flip_averaging=self.recipe.flip_averaging)
            _restore(self.network.weights, reached)
            score = -log_loss
            row |= {"val_accuracy": accuracy, "val_loss": log_loss}
            row["validation_seconds"] = round(time.monotonic() - began, 3)
        row["seconds"] = round(time.monotonic() - self.epoch_began, 3)
        seconds = time.monotonic() - self.began
        out_of_time = self.recipe.minutes is not None and bool(self.model.stop_training)
        before = self.progress
        better = score >= before.best_score
        self.progress = Progress(
            epochs_done=epoch + 1,
            seconds=seconds,
            finished=out_of_time or epoch + 1 == self.recipe.epochs,
            best_epoch=epoch + 1 if better else before.best_epoch,
            best_score=score if better else before.best_score,
            rows=(*before.rows, row),
        )
        self.checkpoints.save(self.progress, reached, arrays_of(self.model.optimizer.variables), result=result)
        self.watch.epoch(row)

    def _averaged(self, reached: Arrays) -> Arrays:
        """What the epoch gives: the weights reached, or their mean with those of the start."""
        if self.source is None:
            return reached
        share = np.float32(self.recipe.start_share)
        return [share * old + (1 - share) * new for old, new in zip(self.source, reached, strict=True)]

    def _not_finite(self) -> str:
        rate = rate_at(self.recipe, self.share, self.steps_done)
        return (
            f"the loss is not a number any more in epoch {self.epoch + 1} (learning rate {rate:.3g}): the steps are "
            f"too large or the precision too coarse; lower learning_rate (now {self.recipe.rate:g}) or set "
            'precision = "float32" in a --config file'
        )


def _optimizer(recipe: Recipe, rate: Any, model: keras.Model) -> keras.optimizers.Optimizer:
    decay = recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(
            rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0, weight_decay=decay
        )
    elif recipe.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    if recipe.weight_decay:
        # Vectors are biases and the scales of batch normalisation: decay is for kernels.
        optimizer.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return optimizer


def _restore(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    if [tuple(v.shape) for v in variables] != [v.shape for v in values]:
        raise ConvwiseError("the checkpoint does not fit the network that its settings describe; train again")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
