"""The one place that calls `Model.fit`: from any whole epoch on, as if the training had never stopped."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import count
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.images.batches import Batches
from convwise.images.material import Material
from convwise.nets.backend import has_accelerator, warn_of_a_slow_start
from convwise.training.callback import Training, TrainingCallback, restore
from convwise.training.checkpoint import Checkpoints, TrainingState
from convwise.training.class_weights import class_weights
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe
from convwise.training.retracing import without_retracing_remarks
from convwise.training.schedule import StepSchedule
from convwise.training.towers import in_towers
from convwise.training.validation import Validation

_MOST_THREADS = 8  # that make batches: more contend for the interpreter's lock
_Batch = (
    tuple[NDArray[np.uint8], NDArray[np.float32]] | tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]
)


def batches_of(material: Material, recipe: Recipe) -> Batches:
    """The training side in the recipe's batches."""
    return Batches(
        pixels=material.pixels,
        labels=material.labels,
        members=material.split.train,
        n_classes=material.n_classes,
        batch=recipe.batch,
        augmentation=recipe.augmentation,
        cutmix=recipe.cutmix,
        seed=recipe.seed,
        class_weights=class_weights(
            recipe.class_weights, material.labels[material.split.train], material.index.class_names
        ),
    )


def fit(
    model: keras.Model,
    batches: Batches,
    validation: Validation | None,
    *,
    recipe: Recipe,
    checkpoints: Checkpoints,
    hooks: Hooks | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> TrainingState:
    """Trains until the recipe's end, from the checkpoint where there is one, and leaves the best weights there.

    The best epoch is the one of lowest validation log loss, which tells epochs apart with less noise than a count of
    errors does; without validation images it is the last. A checkpoint of epoch 0 holds weights to start from, which
    are the ones to beat, and with the recipe's weight_interpolation a part of what each epoch gives. With the recipe's
    patience the end may come before the last epoch. Raises ConvwiseError where the loss is no longer a number.
    """
    warn_of_a_slow_start()
    trained = _compiled(model, batches, recipe)
    saved = checkpoints.load()
    start = TrainingState(0, 0.0, False, 0, -math.inf, ())
    if saved:
        start, weights, optimizer = saved
        restore(model.weights, weights)
        if start.epochs_done:
            restore(trained.optimizer.variables, optimizer)
    if start.finished:
        return start
    source = checkpoints.start_weights() if recipe.weight_interpolation else None
    training = Training(model, batches, validation, recipe, checkpoints, hooks or Hooks())
    callback = TrainingCallback(training, start, source)
    with _stream(batches, start.epochs_done) as stream, without_retracing_remarks():
        trained.fit(
            stream,
            steps_per_epoch=batches.steps,
            epochs=recipe.epochs,
            initial_epoch=start.epochs_done,
            callbacks=[callback, *callbacks],
            shuffle=False,
            verbose=0,
        )
    return callback.state


def seconds_per_step(model: keras.Model, batches: Batches, recipe: Recipe, *, n_steps: int) -> float:
    """How long a step takes here, from the median of `n_steps` after one that compiles. The model's weights change."""
    trained = _compiled(model, batches, recipe)
    numbered = _Numbered(batches, 0)
    seconds = []
    for number in range(1 + n_steps):
        batch = numbered(number)
        began = time.monotonic()
        trained.train_on_batch(*batch)
        seconds.append(time.monotonic() - began)
    return float(np.median(seconds[1:]))


def _compiled(model: keras.Model, batches: Batches, recipe: Recipe) -> keras.Model:
    """What takes the steps: the model in its towers, with loss and optimizer."""
    clocked = recipe.minutes is not None
    rate: Any = recipe.rate if clocked else StepSchedule(recipe, recipe.epochs * batches.steps)
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
    return trained


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
        images, targets = self._batches.of(known[1], epoch, step)
        weights = self._batches.class_weights
        # Of a mixed image each part counts as its class does. Metrics are asked for unweighted.
        return (images, targets) if weights is None else (images, targets, targets @ weights)


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
