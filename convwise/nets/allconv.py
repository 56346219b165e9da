"""All-CNN: convolutions and nothing else; strides shrink the map and a last 1x1 convolution names the classes."""

from __future__ import annotations

import keras
from keras import layers

from convwise.nets.parts import CLASSES, Conv, convolve, require_activation, require_range, require_size, shrink


def allconv(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: int = 48,
    batch_norm: bool = True,
    activation: str = "relu",
    dropout: bool = False,
    small_first: bool = True,
) -> keras.Model:
    """All-CNN-C of Springenberg, Dosovitskiy, Brox and Riedmiller 2015 (tables 1 and 2), made for 32 px.

    Two stages of three 3x3 convolutions, `width` and 2 x `width` filters, the third of stride 2; then 3x3 without
    padding, 1x1, and 1x1 to a map a class, whose averages are the scores. Larger images are brought to at most 48 px by
    convolutions of stride 2 in front (`small_first`), for at 224 px the network would cost fifty times as much.

    The paper's network of about 1.4 million weights: width=96, batch_norm=False, small_first=False; its training adds
    dropout=True, 0.2 of the input and 0.5 after each strided convolution. The last convolution here is linear: the
    paper's ReLU can silence a class for good, and stage3_classes.activation=relu puts it back.
    """
    require_activation(activation)
    require_range("width", width, 1, 4096)
    require_size("allconv", input_shape, 12)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    if dropout:
        x = layers.Dropout(0.2, name="dropout0")(x)
    if small_first:
        x = shrink(conv, x, width, largest_px=48, batch_norm=batch_norm, activation=activation)
    for stage, filters in ((1, width), (2, 2 * width)):
        for number, strides in ((1, 1), (2, 1), (3, 2)):
            name = f"stage{stage}_conv{number}"
            x = convolve(conv, x, filters, 3, strides=strides, name=name, batch_norm=batch_norm, activation=activation)
        if dropout:
            x = layers.Dropout(0.5, name=f"dropout{stage}")(x)
    x = convolve(
        conv, x, 2 * width, 3, padding="valid", name="stage3_conv1", batch_norm=batch_norm, activation=activation
    )
    x = convolve(conv, x, 2 * width, 1, name="stage3_conv2", batch_norm=batch_norm, activation=activation)
    x = conv(n_classes, 1, kernel_initializer="he_normal", name="stage3_classes", keep=CLASSES)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Activation("softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="allconv")
