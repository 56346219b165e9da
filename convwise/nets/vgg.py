"""VGG: stages of 3x3 convolutions with pooling between them, then two hidden dense layers."""

from __future__ import annotations

import keras
from keras import layers

from convwise.nets.parts import (
    Conv,
    activate,
    convolve,
    pool,
    require_activation,
    require_choice,
    require_range,
    require_size,
)

# Convolutions a stage in configurations A, B, D and E of the paper's table 1.
_CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}


def vgg(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    depth: int = 16,
    width: int = 16,
    batch_norm: bool = True,
    activation: str = "relu",
    dense: int = 512,
    dropout: float = 0.5,
    pooling: str = "max",
) -> keras.Model:
    """Five stages of 3x3 convolutions (Simonyan and Zisserman 2015, table 1), each ended by 2x2 pooling.

    `width` filters in the first stage, doubled a stage up to 8 x `width`; two hidden layers of `dense` units with
    dropout; softmax. `depth`: layers with weights, 11, 13, 16 or 19. `pooling`: "max" or "average". `batch_norm`: after
    every convolution and hidden dense layer; without it in the latter a high learning rate brings training to a halt.

    The published weights, 138,357,544 of them at depth=16: width=64, batch_norm=False, dense=4096 at 224 px and 1000
    classes. Without batch normalisation the deep ones hardly start to learn: the paper began them from the weights of a
    trained depth 11.
    """
    require_activation(activation)
    require_choice("depth", depth, tuple(_CONVOLUTIONS))
    require_choice("pooling", pooling, ("max", "average"))
    require_range("width", width, 1, 4096)
    require_range("dense", dense, 1, 65536)
    require_range("dropout", dropout, 0, 0.95)
    require_size("vgg", input_shape, 32)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    for stage, (count, multiplier) in enumerate(zip(_CONVOLUTIONS[depth], (1, 2, 4, 8, 8), strict=True), start=1):
        for number in range(1, count + 1):
            name = f"stage{stage}_conv{number}"
            x = convolve(conv, x, width * multiplier, 3, name=name, batch_norm=batch_norm, activation=activation)
        x = pool(pooling, x, 2, padding="valid", name=f"stage{stage}_pool")
    x = layers.Flatten(name="flatten")(x)
    for number in (1, 2):
        x = layers.Dense(dense, use_bias=not batch_norm, kernel_initializer="he_normal", name=f"dense{number}")(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"dense{number}_norm")(x)
        x = activate(x, activation, name=f"dense{number}")
        x = layers.Dropout(dropout, name=f"dropout{number}")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="vgg")
