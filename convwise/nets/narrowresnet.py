"""A narrow residual network, made for training from scratch on a processor: few channels, four short stages."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from convwise.nets.parts import (
    SUM,
    Conv,
    activate,
    add,
    convolve,
    require_activation,
    require_range,
    require_size,
    strides_between,
)

# Filters of the four stages, as multiples of the width.
_MULTIPLIERS = (1, 2, 4, 8)


def narrowresnet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: int = 0,
    activation: str = "relu",
) -> keras.Model:
    """A 3x3 stride-2 stem, one residual block (He et al. 2016, figure 2) a stage, global average pooling, softmax.

    Each stage after the first halves the map and widens it; the shortcut is averaged before its 1x1 projection, so
    that no pixel is skipped (He et al. 2019, "Bag of tricks", ResNet-D). `width` is the channels of the first stage;
    0 stands for 16, doubled until the last map has twice as many channels as there are classes.
    """
    conv = _with_suffix(conv)
    require_activation(activation)
    require_range("width", width, 0, 4096)
    require_size("narrowresnet", input_shape, 16)
    if width == 0:
        width = 16
        while width * _MULTIPLIERS[-1] < 2 * n_classes:
            width *= 2
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    x = convolve(conv, x, width, 3, strides=2, batch_norm=True, activation=activation, name="stem")
    for stage, multiplier in enumerate(_MULTIPLIERS):
        x = _block(
            conv, x, width * multiplier, strides=1 if stage == 0 else 2, activation=activation, name=f"stage{stage + 1}"
        )
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="narrowresnet")


def _block(conv: Conv, x: Any, filters: int, *, strides: int, activation: str, name: str) -> Any:
    """Two 3x3 convolutions and the shortcut around them, which follows the map and the channels that they made."""
    y = convolve(
        conv, x, filters, 3, strides=strides, keep=SUM, batch_norm=True, activation=activation, name=f"{name}_1"
    )
    y = convolve(conv, y, filters, 3, activation=None, keep=SUM, batch_norm=True, name=f"{name}_2")
    shrinks = strides_between(x, y)
    if shrinks != (1, 1):
        x = layers.AveragePooling2D(shrinks, padding="same", name=f"{name}_shortcut_mean")(x)
    if x.shape[-1] != y.shape[-1]:
        keep = SUM | {"filters": "the sum needs as many channels as the branch"}
        x = convolve(conv, x, y.shape[-1], 1, activation=None, keep=keep, batch_norm=True, name=f"{name}_shortcut")
    return activate(add([x, y], name=f"{name}_add"), activation, name=name)


def _with_suffix(conv: Conv) -> Conv:
    """Calls the convolution of `stage1_1` stage1_1_conv, beside stage1_1_norm and stage1_1_relu."""
    return lambda filters, kernel_size, *, name, **own: conv(filters, kernel_size, name=f"{name}_conv", **own)
