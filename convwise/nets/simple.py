"""The simple network: convolution, ReLU and max-pooling three times, then a dense classifier."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers


def simple(input_shape: tuple[int, int, int], n_classes: int, conv: Callable[..., keras.layers.Layer]) -> keras.Model:
    """32, 64, 128 filters of 3x3, each followed by ReLU and 2x2 max-pooling; flatten; softmax."""
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="scale")(pixels)
    for filters in (32, 64, 128):
        x = conv(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="simple")
