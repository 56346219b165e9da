"""Inception: nine modules that look through 1x1, 3x3 and 5x5 windows at once (GoogLeNet)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from convwise.nets.parts import (
    JOIN,
    Conv,
    convolve,
    join,
    pool,
    require_activation,
    require_choice,
    require_range,
    require_size,
)

# Table 1 of the paper, by module: filters of 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
_MODULES = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def inception(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: float = 1.0,
    batch_norm: bool = True,
    activation: str = "relu",
    dropout: float = 0.4,
    pooling: str = "max",
) -> keras.Model:
    """GoogLeNet (Szegedy et al. 2015, table 1): a stem, nine inception modules, global average pooling, softmax.

    `width` multiplies every count of filters, which is rounded to a multiple of 8. `pooling`: "max" or "average", in
    the stem, between the modules and inside them. The paper's auxiliary classifiers and local response normalisation
    are left out: batch normalisation does their work (Ioffe and Szegedy 2015, section 4.2).

    The published 6,998,552 weights: width=1.0, batch_norm=False at 1000 classes.
    """
    require_activation(activation)
    require_choice("pooling", pooling, ("max", "average"))
    require_range("width", width, 0.05, 8)
    require_range("dropout", dropout, 0, 0.95)
    require_size("inception", input_shape, 32)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    x = convolve(
        conv, x, _scaled(64, width), 7, strides=2, name="stem_conv1", batch_norm=batch_norm, activation=activation
    )
    x = pool(pooling, x, 3, name="stem_pool1")
    x = convolve(conv, x, _scaled(64, width), 1, name="stem_conv2_reduce", batch_norm=batch_norm, activation=activation)
    x = convolve(conv, x, _scaled(192, width), 3, name="stem_conv2", batch_norm=batch_norm, activation=activation)
    x = pool(pooling, x, 3, name="stem_pool2")
    for label, filters in _MODULES.items():
        if label in ("4a", "5a"):
            x = pool(pooling, x, 3, name=f"pool{int(label[0]) - 1}")
        scaled = tuple(_scaled(count, width) for count in filters)
        x = _module(
            conv, x, scaled, pooling=pooling, batch_norm=batch_norm, activation=activation, name=f"inception{label}"
        )
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="inception")


def _module(
    conv: Conv, x: Any, filters: tuple[int, ...], *, pooling: str, batch_norm: bool, activation: str, name: str
) -> Any:
    """Four branches on one map, joined (figure 2b): 1x1; 1x1 then 3x3; 1x1 then 5x5; pooling then 1x1."""

    def convolution(x: Any, count: int, kernel_size: int, what: str) -> Any:
        return convolve(
            conv, x, count, kernel_size, name=f"{name}_{what}", batch_norm=batch_norm, activation=activation, keep=JOIN
        )

    one, reduce_three, three, reduce_five, five, projection = filters
    branches = [
        convolution(x, one, 1, "1x1"),
        convolution(convolution(x, reduce_three, 1, "3x3_reduce"), three, 3, "3x3"),
        convolution(convolution(x, reduce_five, 1, "5x5_reduce"), five, 5, "5x5"),
        convolution(pool(pooling, x, 3, strides=1, name=f"{name}_pool"), projection, 1, "pool_projection"),
    ]
    return join(branches, name=f"{name}_join")


def _scaled(filters: int, width: float) -> int:
    return max(8, 8 * round(filters * width / 8))
