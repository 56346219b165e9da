"""Towers are data parallel replicas: each step's batch in equal parts, a part to a core, the weights shared.

One part on one thread keeps its core busier than one batch whose every operation is shared out among threads:
`benchmarks/input_pipeline.py --towers` compares them.
"""

from __future__ import annotations

import math

import keras
from keras import ops

from convwise.cores import available_cores
from convwise.nets.backend import tensorflow_on_processor

_SMALLEST_PART = 16  # images: batch normalisation takes its statistics from a part


def resolve_towers(asked: int | None, batch: int) -> int:
    """How many parts a batch is cut into; None is settled once, when a run starts, by the cores there are.

    Only TensorFlow on a processor runs the parts side by side; elsewhere it is 1 unless asked for.
    """
    if asked is None:
        if not tensorflow_on_processor():
            return 1
        asked = min(available_cores(), batch // _SMALLEST_PART)
    asked = max(1, min(asked, batch))
    return next(towers for towers in range(asked, 0, -1) if batch % towers == 0)


def give_threads(towers: int) -> None:
    """One thread pool a tower. Without effect once the backend has begun to compute: slower then, not wrong."""
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow

    try:  # 0 is the backend's own choice
        tensorflow.config.threading.set_inter_op_parallelism_threads(towers if towers > 1 else 0)
        threads = max(1, available_cores() // towers) if towers > 1 else 0
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        return


def in_towers(model: keras.Model, towers: int, batch: int) -> keras.Model:
    """A model of the same weights for batches of exactly `batch` images, computed in `towers` equal parts.

    Where `towers` does not divide `batch`, their greatest common divisor takes its place.
    """
    towers = math.gcd(towers, batch)
    if towers == 1:
        return model
    images = keras.Input(batch_shape=(batch, *model.input_shape[1:]))
    parts = [model(part) for part in ops.split(images, towers, axis=0)]
    return keras.Model(images, ops.concatenate(parts, axis=0), name=f"{model.name}_in_{towers}_towers")
