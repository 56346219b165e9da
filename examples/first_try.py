"""A network for the how-to "Your own network": small, plain Keras, and with something unwise in it."""

import keras
from keras import layers


def first_try(input_shape, n_classes, *, width=16):
    """A first convolution that strides, two more, each with batch normalisation; means; a dense layer of logits."""
    pixels = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(width, 3, strides=4, padding="same", name="stem_conv")(x)
    x = layers.BatchNormalization(momentum=0.9)(x)
    x = layers.ReLU()(x)
    for number in (1, 2):
        x = layers.Conv2D(2 * width, 3, padding="same", name=f"body_conv{number}")(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(n_classes, name="logits")(x), name="first_try")
