"""StridedNet: the tutorial's network, in which strides of 2 take the place of pooling."""

from __future__ import annotations

import keras
from keras import layers

from convwise.nets.parts import Conv, activate, require_activation, require_range, require_size


def stridednet(
    input_shape: tuple[int, int, int], n_classes: int, conv: Conv, *, width: int = 16, activation: str = "relu"
) -> keras.Model:
    """A 7x7 stride-2 convolution, then three stages of two 3x3 convolutions, the second of stride 2; dense 512.

    The filters are `width` in the first convolution and twice as many in each stage that follows: the tutorial's 16,
    then 32, 64, 128. he_normal throughout and L2 0.0005 on the convolution kernels; the first convolution has neither
    padding nor activation. It needs at least 32 px: below that the last maps have nothing left to look at.
    """
    require_activation(activation)
    require_range("width", width, 1, 4096)
    require_size("stridednet", input_shape, 32)
    own = {"kernel_initializer": "he_normal", "kernel_regularizer": keras.regularizers.L2(0.0005)}
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="scale")(pixels)
    x = conv(width, 7, strides=2, padding="valid", **own)(x)
    for filters in (2 * width, 4 * width, 8 * width):
        for strides in (1, 2):
            x = conv(filters, 3, strides=strides, padding="same", **own)(x)
            x = activate(x, activation)
            x = layers.BatchNormalization()(x)
        x = layers.Dropout(0.25)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(512, kernel_initializer="he_normal")(x)
    x = activate(x, activation)
    x = layers.BatchNormalization()(x)
    x = layers.Dropout(0.5)(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="stridednet")
