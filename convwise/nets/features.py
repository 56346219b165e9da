"""What a network makes of a picture before its head: the features by which it finds pictures alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

BATCH = 64
_PASSING = (layers.Dropout, layers.SpatialDropout2D, layers.Activation, layers.Softmax, layers.Flatten)


def feature_network(model: keras.Model) -> keras.Model | None:
    """The network up to what its last dense layer takes, without that layer.

    Where it ends in averaged maps of the classes, without a dense layer, up to what its last convolution takes. None
    where its end is neither of these.
    """
    tensor = model.outputs[0]
    while True:
        layer, before = _made_by(tensor)
        if isinstance(layer, layers.Dense | layers.Conv2D):
            return keras.Model(model.inputs, before[0])
        passes = isinstance(layer, _PASSING) or "Pooling2D" in type(layer).__name__
        if not passes or len(before) != 1:
            return None
        tensor = before[0]


def features(
    network: keras.Model, pixels: NDArray[np.uint8], members: NDArray[np.int64], heard: Callable[[int, int], None]
) -> NDArray[np.float32]:
    """(len(members), d), each of length 1: maps are averaged over places. `heard` is told (done, of how many)."""
    found = []
    for start in range(0, len(members), BATCH):
        images = np.asarray(pixels[members[start : start + BATCH]])
        found.append(_lengths_of_one(_averaged(network, np.asarray(network.predict_on_batch(images), np.float32))))
        heard(min(start + BATCH, len(members)), len(members))
    return np.concatenate(found) if found else np.zeros((0, 1), np.float32)


def _averaged(network: keras.Model, values: NDArray[np.float32]) -> NDArray[np.float32]:
    if values.ndim == 4:
        first = _channels_first(network)
        return np.asarray(values.mean(axis=(2, 3) if first else (1, 2)))
    return values.reshape(len(values), -1)


def _channels_first(network: keras.Model) -> bool:
    formats = [layer.data_format for layer in network.layers if isinstance(layer, layers.Conv2D)]
    return bool(formats) and formats[-1] == "channels_first"


def _lengths_of_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0))


def _made_by(tensor: Any) -> tuple[Any, list[Any]]:
    history = tensor._keras_history
    return history.operation, list(history.operation._inbound_nodes[history.node_index].input_tensors)
