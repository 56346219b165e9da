"""Whether a convolution runs in the backend that Keras has: found out by a tiny computation, forward and backward."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from convwise.errors import one_line
from convwise.nets.backend import gradient

KINDS = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
_CHANNELS = 4


def refusal(kind: str, layer: Any) -> str:
    """What the backend says against a layer of Keras's class `kind` when it is tried; "" where it runs.

    Tried is a copy with four channels and a small window. Whether the sides differ in stride, whether there are gaps,
    groups, padding, the layout and the type of the arithmetic are the layer's own.
    """
    down, right = layer.strides
    trial = _Trial(
        kind,
        tuple(min(side, 3) for side in layer.kernel_size),
        (min(down, 2),) * 2 if down == right else (1, 2) if down < right else (2, 1),
        tuple(min(rate, 2) for rate in layer.dilation_rate),
        layer.padding,
        layer.data_format,
        min(getattr(layer, "groups", 1), 2),
        layer.compute_dtype,
    )
    return _tried(trial)


class _Trial(NamedTuple):
    """What is tried."""

    kind: str
    window: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: str
    layout: str
    groups: int
    dtype: str


@cache
def _tried(trial: _Trial) -> str:
    import keras

    settings: dict[str, Any] = {
        "strides": trial.strides,
        "dilation_rate": trial.dilation,
        "padding": trial.padding,
        "dtype": trial.dtype,
    }
    if trial.kind != "DepthwiseConv2D":
        settings["filters"] = _CHANNELS
    if trial.groups > 1:
        settings["groups"] = trial.groups
    shape = (1, 8, 8, _CHANNELS) if trial.layout == "channels_last" else (1, _CHANNELS, 8, 8)
    # Whatever the backend raises is an answer: each has errors of its own for what it has not.
    try:
        layer = getattr(keras.layers, trial.kind)(
            kernel_size=trial.window, data_format=trial.layout, use_bias=False, **settings
        )
        layer.build(shape)
        weights = [weight.value for weight in layer.trainable_variables]

        def total(factor: Any) -> Any:  # its gradient needs those of the maps and of the weights
            made, _ = layer.stateless_call([w * factor for w in weights], [], keras.ops.ones(shape) * factor)
            return keras.ops.sum(keras.ops.cast(made, "float32"))

        keras.ops.convert_to_numpy(gradient(total, keras.ops.ones(())))
    except Exception as problem:
        return one_line(problem)
    return ""
