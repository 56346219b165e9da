"""A network as the page draws and computes it: its layers in order, what each takes, settings, perhaps weights."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from convwise.conv2d.catalogue import ACTIVATIONS, INITIALIZERS
from convwise.conv2d.settings import Conv2DSettings
from convwise.conv2d.values import Named
from convwise.errors import RequestError
from convwise.nets.layer_table.graph import Call, Graph, activation_name
from convwise.nets.layer_table.kinds import of_kind
from convwise.nets.layer_table.receptive_field import spatial

MOST_WEIGHTS = 1_000_000  # numbers that travel in the file, 5 MB of it
_MERGES = ("Add", "Average", "Maximum", "Multiply", "Subtract")
_IDLE = ("Dropout", "SpatialDropout2D", "Identity", "ActivityRegularization", "GaussianNoise", "GaussianDropout")
_TURNS = ((3, 1, 2), (2, 3, 1))  # between channels last and channels first: the page keeps one layout


def network_of(graph: Graph, *, name: str, with_weights: bool) -> dict[str, Any]:
    """The graph as plain values: {"name", "input", "nodes"}; a node's inputs are numbers of nodes, -1 for the picture.

    `with_weights` takes the weights along. Raises RequestError where the network does not take one picture.
    """
    if not graph.of_one_image:
        raise RequestError(f"what={name}: the playground shows networks that take one picture")
    shape = graph.inputs[0].shape
    height, width = spatial(shape, graph.layout)
    channels = shape[-1 if graph.layout == "channels_last" else 1]
    if channels not in (1, 3):
        raise RequestError(f"what={name}: it takes {channels} channels; the playground has pictures of 1 or 3")
    makers = {graph.inputs[0].index: -1}
    nodes = []
    for number, call in enumerate(graph.calls):
        node = _node(call, graph.layout) | {
            "name": call.name,
            "inputs": [makers.get(tensor.index, -1) for tensor in call.inputs],
        }
        if with_weights and (weights := _weights(call, node)):
            node["weights"] = weights
            if node["kind"] == "BatchNormalization":
                node["config"]["statistics"] = "moving"  # those of its training, which are among the weights
        nodes.append(node)
        makers |= {tensor.index: number for tensor in call.outputs}
    return {"name": name, "input": {"height": height, "width": width, "channels": channels}, "nodes": nodes}


def n_weights(graph: Graph) -> int:
    """All numbers of the network's layers."""
    return sum(
        math.prod(weight.shape)
        for call in graph.calls
        if call.first
        for weight in getattr(call.operation, "weights", ())
    )


def _node(call: Call, layout: str) -> dict[str, Any]:
    """Kind and settings of a layer; "Unknown" where the page has no arithmetic for it."""
    layer = call.operation
    own_layout = getattr(layer, "data_format", None) or layout
    made = _convolution(call) or _window(call) or _plain(call, own_layout)
    if made:
        return made
    weights = sum(math.prod(weight.shape) for weight in getattr(layer, "weights", ())) if call.first else 0
    shapes = [_shape(tensor.shape, own_layout) for tensor in (*call.inputs, call.outputs[0])]
    config = {"type": call.type, "input_shapes": shapes[:-1], "shape": shapes[-1], "weights": weights}
    return {"kind": "Unknown", "config": config}


def _shape(shape: tuple[int | None, ...], layout: str) -> dict[str, Any] | None:
    """Height, width and channels of a map, or a row of numbers as one place; None for anything else."""
    sides = shape[1:]
    if None in sides or len(sides) not in (1, 3):
        return None
    if len(sides) == 1:
        return {"height": 1, "width": 1, "channels": sides[0], "flat": True}
    height, width, channels = sides if layout == "channels_last" else (sides[1], sides[2], sides[0])
    return {"height": height, "width": width, "channels": channels, "flat": False}


def _convolution(call: Call) -> dict[str, Any] | None:
    layer = call.operation
    if call.kind not in ("Conv2D", "DepthwiseConv2D"):
        return None
    config = layer.get_config()
    locked = call.kind == "DepthwiseConv2D" or not call.first
    if call.kind == "DepthwiseConv2D":
        channels = int(layer.kernel.shape[2])
        initial = {
            f"kernel_{what}": config[f"depthwise_{what}"] for what in ("initializer", "regularizer", "constraint")
        }
        config |= {"filters": channels * int(layer.kernel.shape[3]), "groups": channels, **initial}
    try:
        settings = Conv2DSettings.from_keras(config)
    except RequestError:  # an activation or an initializer of the user's own
        return None
    return {"kind": "Conv2D", "settings": settings.to_dict(), "locked": locked}


def _window(call: Call) -> dict[str, Any] | None:
    layer = call.operation
    if call.kind in ("MaxPooling2D", "AveragePooling2D"):
        config = {"pool_size": list(layer.pool_size), "strides": list(layer.strides), "padding": layer.padding}
        return {"kind": call.kind, "config": config}
    if call.kind in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        return {"kind": call.kind, "config": {"keepdims": bool(layer.keepdims)}}
    if call.kind == "ZeroPadding2D":
        return {"kind": call.kind, "config": {"padding": [list(pair) for pair in layer.padding]}}
    return None


def _plain(call: Call, layout: str) -> dict[str, Any] | None:
    layer, kind = call.operation, call.kind
    rank = len(call.inputs[0].shape)
    channel_axis = rank - 1 if layout == "channels_last" else 1
    if kind == "BatchNormalization" and layer.axis % rank == channel_axis:
        scale, center = bool(layer.scale), bool(layer.center)
        config = {"epsilon": layer.epsilon, "statistics": "picture", "scale": scale, "center": center}
        return {"kind": kind, "config": config}
    if kind == "Dense" and (rank == 2 or layout == "channels_last"):
        return _dense(layer)
    if kind == "Rescaling" and np.ndim(layer.scale) == 0 and np.ndim(layer.offset) == 0:
        return {"kind": kind, "config": {"scale": float(layer.scale), "offset": float(layer.offset)}}
    if kind == "Concatenate" and layer.axis % rank == channel_axis:
        return {"kind": kind, "config": {}}
    if kind in _MERGES or kind == "Flatten":
        return {"kind": kind, "config": {}} if layout == "channels_last" else None
    if kind in _IDLE or (kind == "Permute" and layer.dims in _TURNS):
        return {"kind": "Identity", "config": {}}
    text = _activation(call)
    return {"kind": "Activation", "config": {"activation": text}} if text else None


def _dense(layer: Any) -> dict[str, Any] | None:
    initializer = _first_values(layer.kernel_initializer)
    activation = activation_name(layer)
    if activation not in ACTIVATIONS or initializer is None:
        return None
    config = {
        "units": int(layer.units),
        "use_bias": bool(layer.use_bias),
        "activation": activation,
        "kernel_initializer": initializer,
        "bias_initializer": _first_values(layer.bias_initializer) or "zeros",
    }
    return {"kind": "Dense", "config": config}


def _first_values(initializer: Any) -> str | None:
    """The text of an initializer that a dense kernel can have; None for another."""
    names = {entry.keras_name: name for name, entry in INITIALIZERS.items() if name not in ("identity", "stft")}
    name = names.get(type(initializer).__name__)
    if name is None:
        return None
    config = {key: value for key, value in initializer.get_config().items() if key != "seed"}
    return Named("kernel_initializer", name, config).text


def _activation(call: Call) -> str | None:
    """What an activation layer applies, as a text with its arguments; None for what has none."""
    layer = call.operation
    name = of_kind(call.kind).activation or (activation_name(layer) if call.kind == "Activation" else "")
    if name not in ACTIVATIONS:
        return None
    given = {each.name: getattr(layer, each.name, each.default) for each in ACTIVATIONS[name].arguments}
    if name == "softmax" and given.get("axis") not in (None, -1):
        return None
    try:
        return Named("activation", name, given).text
    except RequestError:
        return None


def _weights(call: Call, node: dict[str, Any]) -> dict[str, str] | None:
    """Weight name -> its 32-bit numbers in Base64, little end first."""
    if node["kind"] not in ("Conv2D", "Dense", "BatchNormalization"):
        return None
    names = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")
    found = {name: getattr(call.operation, name, None) for name in names}
    return {name: _encoded(weight) for name, weight in found.items() if weight is not None}


def _encoded(weight: Any) -> str:
    import keras

    numbers = np.asarray(keras.ops.convert_to_numpy(weight), dtype="<f4")
    return base64.b64encode(numbers.tobytes()).decode()
