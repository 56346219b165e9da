"""What a network has learned and what it answers, as plain arrays: the first filters, the maps layer by layer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from convwise.errors import RequestError

# What may stand behind a convolution and still belong to its answer.
_BEHIND = (layers.BatchNormalization, layers.Activation, layers.ReLU, layers.LeakyReLU, layers.ELU, layers.PReLU)


class LayerMaps(NamedTuple):
    """What a convolution answers to one image: (height, width, channels), with the activation that they are `after`.

    `after` is its name, "" where none has followed yet: the maps may be negative then.
    """

    name: str
    values: NDArray[np.float32]
    after: str


def first_filters(model: keras.Model) -> NDArray[np.float32]:
    """The kernels of the first Conv2D: (height, width, channels in, filters). RequestError where there is none."""
    for layer in leaf_layers(model):
        if isinstance(layer, layers.Conv2D):
            return _plain(layer.kernel)
    raise RequestError(f"model={model.name}: it has no Conv2D layer, so there are no filters to show")


def feature_maps(model: keras.Model, image: NDArray[Any], *, most: int | None = None) -> list[LayerMaps]:
    """The maps of each convolution for one image (height, width, channels), in order; of the first `most` alone.

    The maps are those behind the normalisation and the activation that follow the convolution at once, if any: what
    the next layer sees. Nested models are gone into. For functional and Sequential models; channels_first is turned.
    """
    if image.ndim != 3:
        raise RequestError(f"image of shape {image.shape}: one image (height, width, channels) is needed")
    value = keras.ops.convert_to_tensor(np.asarray(image)[None].astype("float32"))
    return list(islice(_answers(model, [value], most), most))


def _answers(model: keras.Model, values: list[Any], most: int | None) -> Iterator[LayerMaps]:
    nodes = {id(node) for level in _functional(model)._nodes_by_depth.values() for node in level}
    inner = [layer for layer in model.layers if _convolves(layer)][:most]
    wanted: list[list[Any]] = []
    after: list[str] = []
    for layer in inner:
        node = next(node for node in layer._inbound_nodes if id(node) in nodes)
        # Of a nested model: what goes into it, which its own graph takes from there.
        last, activation = (node, "") if isinstance(layer, keras.Model) else _behind(node, nodes)
        wanted.append(list(node.input_tensors) if isinstance(layer, keras.Model) else [last.outputs[0]])
        after.append(activation)
    if not wanted:
        return
    probe = keras.Model(model.inputs, [tensor for tensors in wanted for tensor in tensors])
    found = iter(keras.tree.flatten(probe(values if len(values) > 1 else values[0], training=False)))
    for layer, tensors, activation in zip(inner, wanted, after, strict=True):
        answers = [next(found) for _ in tensors]
        if isinstance(layer, keras.Model):
            yield from _answers(layer, answers, most)
            continue
        maps = _plain(answers[0])[0]
        turned = maps.transpose(1, 2, 0) if layer.data_format == "channels_first" else maps
        yield LayerMaps(layer.name, turned, activation)


def _behind(node: Any, nodes: set[int]) -> tuple[Any, str]:
    """The layer at `node`, or what follows it at once and alone and belongs to it; and the activation up to there."""
    activation = _activation_of(node.operation)
    while True:
        following = [after for after in node.operation._outbound_nodes if id(after) in nodes]
        if len(following) != 1 or not isinstance(following[0].operation, _BEHIND):
            return node, activation
        node = following[0]
        activation = _activation_of(node.operation) or activation


def _activation_of(layer: Any) -> str:
    """Its name; "" for none."""
    if isinstance(layer, layers.BatchNormalization):
        return ""
    named = getattr(layer, "activation", None)
    if named is None:
        return "" if isinstance(layer, keras.layers.Layer) and _convolves(layer) else type(layer).__name__
    name = getattr(named, "__name__", type(named).__name__)
    return "" if name == "linear" else str(name)


def _functional(model: keras.Model) -> Any:
    functional = getattr(model, "_functional", None) or model  # a Sequential holds a functional model
    if not hasattr(functional, "_nodes_by_depth"):
        raise RequestError(f"model={model.name}: it has no graph to follow; a functional or Sequential model is needed")
    return functional


def _convolves(layer: keras.layers.Layer) -> bool:
    if isinstance(layer, keras.Model):
        return any(_convolves(inside) for inside in layer.layers)
    return isinstance(layer, (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D))


def leaf_layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    """The layers in order, those of nested models in the place of these."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from leaf_layers(layer)
        else:
            yield layer


def _plain(value: Any) -> NDArray[np.float32]:
    """float32, whatever the layer counted in."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(value, "float32")), dtype=np.float32)
