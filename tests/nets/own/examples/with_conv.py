"""A network that takes `conv` in place of keras.layers.Conv2D: its stages are the beginnings of the names."""

import keras
from keras import layers


def stages(input_shape, n_classes, conv, *, width=8):
    pixels = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(pixels)
    x = conv(width, 3, padding="same", activation="relu", name="early_one")(x)
    x = conv(width, 3, padding="same", strides=2, activation="relu", name="early_two")(x)
    x = conv(2 * width, 3, padding="same", strides=2, activation="relu", name="late_one")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax")(x))
