"""The simple network: convolution, ReLU and max-pooling three times, then a dense classifier."""

from __future__ import annotations

import keras
from keras import layers

from convwise.nets.parts import Conv, require_choice, require_range, require_size


def simple(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: int = 32,
    stages: int = 3,
    pooling: str = "max",
) -> keras.Model:
    """`width` filters of 3x3, twice as many a stage later, each with ReLU and 2x2 pooling; flatten; softmax.

    `pooling` is "max", "average", or "strides": the strided twin, where the convolution itself takes steps of 2 in
    place of the pooling layer (Springenberg et al. 2015). Raises ValueError where the map would shrink to nothing.
    """
    require_range("width", width, 1, 4096)
    require_range("stages", stages, 1, 8)
    require_choice("pooling", pooling, ("max", "average", "strides"))
    require_size("simple", input_shape, 2**stages)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="scale")(pixels)
    for stage in range(stages):
        strides = 2 if pooling == "strides" else 1
        x = conv(width * 2**stage, 3, strides=strides, padding="same", activation="relu")(x)
        if pooling == "max":
            x = layers.MaxPooling2D(2)(x)
        elif pooling == "average":
            x = layers.AveragePooling2D(2)(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="simple")
