"""Dilated: windows with growing gaps see ever more of the picture, while the map keeps its size."""

from __future__ import annotations

import keras
from keras import layers

from convwise.nets.parts import (
    Conv,
    convolve,
    pool,
    require_activation,
    require_choice,
    require_range,
    require_size,
    shrink,
)


def dilated(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: int = 32,
    stages: int = 4,
    first: str = "strides",
    batch_norm: bool = True,
    activation: str = "relu",
) -> keras.Model:
    """The simple network with dilation 1, 2, 4, ... in place of pooling (Yu and Koltun 2016, section 3).

    Stage s of `stages` has a 3x3 convolution of dilation 2^(s-1), so that n of them see 2^(n+1) - 1 pixels across: 31
    in four, with as many weights as without gaps. Filters: `width`, then twice as many. Then global average pooling and
    softmax. A map that is never shrunk is dear: `first` brings larger ones to at most 48 px, by convolutions of stride
    2 ("strides") or by average pooling ("pooling"); "none" leaves the map as it is.
    """
    require_activation(activation)
    require_range("width", width, 1, 4096)
    require_range("stages", stages, 1, 8)
    require_choice("first", first, ("strides", "pooling", "none"))
    require_size("dilated", input_shape, 8)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    if first == "strides":
        x = shrink(conv, x, width, largest_px=48, batch_norm=batch_norm, activation=activation)
    number = 0
    while first == "pooling" and max(x.shape[1:3]) > 48:
        number += 1
        x = pool("average", x, 2, name=f"stem_pool{number}")
    for stage in range(stages):
        name = f"stage{stage + 1}_conv"
        filters = width * 2 ** min(stage, 1)
        x = convolve(
            conv, x, filters, 3, dilation_rate=2**stage, name=name, batch_norm=batch_norm, activation=activation
        )
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="dilated")
