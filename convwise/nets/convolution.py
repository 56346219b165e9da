"""Convolution: makes every Conv2D of a network, the network's own choices overlaid with the user's settings."""

from __future__ import annotations

from typing import Any

import keras

from convwise.conv2d import Conv2DSettings
from convwise.errors import RequestError

_GETTERS = {
    "activation": keras.activations.get,
    "kernel_initializer": keras.initializers.get,
    "bias_initializer": keras.initializers.get,
    "kernel_regularizer": keras.regularizers.get,
    "bias_regularizer": keras.regularizers.get,
    "activity_regularizer": keras.regularizers.get,
    "kernel_constraint": keras.constraints.get,
    "bias_constraint": keras.constraints.get,
}
_CLASSES = {
    "l1": keras.regularizers.L1,
    "l2": keras.regularizers.L2,
    "l1_l2": keras.regularizers.L1L2,
    "max_norm": keras.constraints.MaxNorm,
    "min_max_norm": keras.constraints.MinMaxNorm,
    "constant": keras.initializers.Constant,
}


class Convolution:
    """`conv(filters, kernel_size, **own)` -> `keras.layers.Conv2D`, where a user's setting wins over the network's own.

    A 1x1 projection keeps its window and a convolution of stride 1 keeps its stride: a kernel size or a stride
    for "all convolutions" reaches those that look around and those that shrink the map. The first layer and any
    other whose channels a group count does not divide are told apart by Keras, which refuses the setting.
    """

    def __init__(self, settings: Conv2DSettings) -> None:
        self._settings = {name: keras_value(name, value) for name, value in settings.given().items()}

    def __call__(self, filters: int, kernel_size: int, **own: Any) -> keras.layers.Conv2D:
        asked = dict(self._settings)
        if kernel_size == 1:
            asked.pop("kernel_size", None)
            asked.pop("dilation_rate", None)
        if own.get("strides", 1) == 1:
            asked.pop("strides", None)
        else:
            asked.pop("dilation_rate", None)
        return keras.layers.Conv2D(**{"filters": filters, "kernel_size": kernel_size, **own, **asked})


def keras_value(name: str, value: object) -> object:
    """A setting as Keras takes it: `"l2:0.0005"` -> `keras.regularizers.L2(0.0005)`. RequestError if unknown."""
    getter = _GETTERS.get(name)
    if getter is None or not isinstance(value, str):
        return value
    if value.lower() == "none":
        return None
    kind, *arguments = value.split(":")
    try:
        if not arguments:
            return getter(kind)
        numbers = [float(argument) for argument in arguments]
        return _CLASSES[kind](*numbers)
    except (ValueError, TypeError, KeyError):
        raise RequestError(f"conv.{name}={value}: Keras knows no such {name.rpartition('_')[2]}") from None
