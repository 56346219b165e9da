"""A narrow residual network, made for training from scratch on a processor: few channels, four short stages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers


def narrowresnet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Callable[..., keras.layers.Layer],
    *,
    width: int | None = None,
    multipliers: tuple[int, ...] = (1, 2, 4, 8),
) -> keras.Model:
    """A 3x3 stride-2 stem, one residual block (He et al. 2016, figure 2) a stage, global average pooling, softmax.

    Each stage after the first halves the map and widens it; the shortcut is averaged before its 1x1 projection, so
    that no pixel is skipped (He et al. 2019, "Bag of tricks", ResNet-D). `width` is the channels of the first stage;
    unless told, it is 16, doubled until the last map has twice as many channels as there are classes.
    """
    if width is None:
        width = 16
        while width * multipliers[-1] < 2 * n_classes:
            width *= 2
    if min(input_shape[:2]) < 16:
        raise ValueError(f"narrowresnet needs images of at least 16 px, not {min(input_shape[:2])}")
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    x = _convolution(conv, x, width, 3, strides=2, name="stem")
    for stage, multiplier in enumerate(multipliers):
        x = _block(conv, x, width * multiplier, strides=1 if stage == 0 else 2, name=f"stage{stage + 1}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="narrowresnet")


def _block(conv: Callable[..., keras.layers.Layer], x: Any, filters: int, *, strides: int, name: str) -> Any:
    """Two 3x3 convolutions and the shortcut around them."""
    y = _convolution(conv, x, filters, 3, strides=strides, name=f"{name}_1")
    y = _convolution(conv, y, filters, 3, relu=False, name=f"{name}_2")
    if strides > 1:
        x = layers.AveragePooling2D(strides, padding="same", name=f"{name}_shortcut_mean")(x)
    if x.shape[-1] != filters:
        x = _convolution(conv, x, filters, 1, relu=False, name=f"{name}_shortcut")
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, y]))


def _convolution(
    conv: Callable[..., keras.layers.Layer],
    x: Any,
    filters: int,
    kernel_size: int,
    *,
    name: str,
    strides: int = 1,
    relu: bool = True,
) -> Any:
    """Convolution without a bias, which batch normalisation would undo; batch normalisation; ReLU."""
    x = conv(
        filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    # A short memory: a small data set has too few steps for Keras's default of 0.99.
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x
