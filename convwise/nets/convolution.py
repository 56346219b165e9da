"""Convolution: makes every Conv2D of a network, the network's own choices overlaid with the user's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    """`conv(filters, kernel_size, *, name, keep, **own)` -> a function of a tensor; a user's setting wins over `own`.

    A 1x1 projection keeps its window and a convolution of stride 1 keeps its stride: a kernel size or a stride
    for "all convolutions" reaches those that look around and those that shrink the map. A group count reaches the
    layers whose channels and filters it divides. `keep`, parameter -> reason, is what the architecture needs as it is.
    """

    def __init__(self, settings: Conv2DSettings) -> None:
        self._settings = {name: keras_value(name, value) for name, value in settings.given().items()}
        self._reached: set[str] = set()

    def __call__(
        self,
        filters: int,
        kernel_size: int,
        *,
        name: str | None = None,
        keep: Mapping[str, str] | None = None,
        **own: Any,
    ) -> Callable[[Any], Any]:
        asked = {parameter: value for parameter, value in self._settings.items() if parameter not in (keep or {})}
        if kernel_size == 1:
            asked.pop("kernel_size", None)
            asked.pop("dilation_rate", None)
        if own.get("strides", 1) in (1, (1, 1)):
            asked.pop("strides", None)
        else:
            asked.pop("dilation_rate", None)

        def convolve(x: Any) -> Any:
            values = {"filters": filters, "kernel_size": kernel_size, **own, **asked}
            if "groups" in asked and (x.shape[-1] % asked["groups"] or values["filters"] % asked["groups"]):
                values["groups"] = own.get("groups", 1)
            else:
                self._reached |= asked.keys()
            return keras.layers.Conv2D(name=name, **values)(x)

        return convolve

    def require_groups(self) -> None:
        """Raises ValueError where a group count was set that divides no convolution built so far."""
        if "groups" in self._settings and "groups" not in self._reached:
            raise ValueError(f"groups={self._settings['groups']} divides no convolution's channels and filters")


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
