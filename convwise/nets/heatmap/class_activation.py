"""Class activation maps: exact where averaging and a linear layer follow the last maps (Zhou et al. 2016)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

_PASSING = (layers.Dropout, layers.SpatialDropout2D, layers.Activation, layers.Softmax)


@dataclass(frozen=True, eq=False)
class ClassMaps:
    """What a network's logits are sums of: the maps before the pooling, and the linear layer (channels, k), (k,)."""

    probe: keras.Model
    kernel: NDArray[np.float64]
    bias: NDArray[np.float64]
    channels_first: bool

    def of(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """(h, w, k): each place's part in the logit of each class; its mean over places, plus the bias, is the logit.

        Zhou et al. 2016, "Learning deep features for discriminative localization", equation 2, divided by places.
        """
        batch = keras.ops.convert_to_tensor(np.asarray(image)[None].astype("float32"))
        maps = keras.ops.convert_to_numpy(keras.ops.cast(self.probe(batch, training=False), "float32"))[0]
        if self.channels_first:
            maps = maps.transpose(1, 2, 0)
        return np.asarray(maps.astype(np.float64) @ self.kernel)


def class_maps(model: keras.Model) -> ClassMaps | None:
    """The maps that the network's answer is an average of; None where it does not end that way.

    It does where its last layers are global average pooling, at most one dense layer and the softmax; dropout does
    nothing in an answer.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return None
    tensor, dense = model.outputs[0], None
    while True:
        layer, before = _made_by(tensor)
        if isinstance(layer, layers.GlobalAveragePooling2D):
            break
        if isinstance(layer, layers.Dense) and dense is None and _is_linear(layer, last=tensor is model.outputs[0]):
            dense = layer
        elif not _passes(layer, after_dense=dense is None):
            return None
        if len(before) != 1:
            return None
        tensor = before[0]
    first = layer.data_format == "channels_first"
    channels = int(before[0].shape[1 if first else -1])
    kernel = np.eye(channels) if dense is None else _array(dense.kernel)
    bias = np.zeros(kernel.shape[1]) if dense is None or dense.bias is None else _array(dense.bias)
    return ClassMaps(keras.Model(model.inputs, before[0]), kernel, bias, first)


def _made_by(tensor: Any) -> tuple[Any, list[Any]]:
    """The layer that a tensor comes out of, and what went into it."""
    history = tensor._keras_history
    return history.operation, list(history.operation._inbound_nodes[history.node_index].input_tensors)


def _is_linear(layer: layers.Dense, *, last: bool) -> bool:
    """Whether its answer is linear up to a softmax, which only the last layer may hold."""
    name = getattr(layer.activation, "__name__", "")
    return name == "linear" or (last and name == "softmax")


def _passes(layer: Any, *, after_dense: bool) -> bool:
    """Dropout anywhere; a softmax only behind the linear layer."""
    if isinstance(layer, layers.Activation):
        name = getattr(layer.activation, "__name__", "")
        return name == "linear" or (after_dense and name == "softmax")
    if isinstance(layer, layers.Softmax):
        return after_dense
    return isinstance(layer, _PASSING)


def _array(values: Any) -> NDArray[np.float64]:
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(values, "float32")), np.float64)
