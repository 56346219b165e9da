"""SqueezeNet: fire modules that squeeze the channels by 1x1 convolutions before their 3x3 windows."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from convwise.nets.parts import (
    CLASSES,
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

# Fire modules by number: squeeze filters as a share of `width`, in quarters. Each expands to four times as many twice.
_SQUEEZE = {2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3, 8: 4, 9: 4}


def squeezenet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    width: int = 64,
    batch_norm: bool = True,
    activation: str = "relu",
    dropout: float = 0.0,
    pooling: str = "max",
) -> keras.Model:
    """SqueezeNet 1.1 (Iandola et al. 2016; 1.1 is the authors' later version): accuracy from few weights.

    A 3x3 convolution of stride 2 without padding and `width` filters, eight fire modules with 3x3 pooling of stride 2
    before modules 2, 4 and 6, and a 1x1 convolution to a map a class, whose averages are the scores. `width` is a
    multiple of 4. `pooling`: "max" or "average". `dropout`: before the last convolution, 0.5 in the paper.

    The published 1,235,496 weights: batch_norm=False at 1000 classes. The last convolution here is linear: the authors'
    ReLU can silence a class for good, and conv10.activation=relu puts it back.
    """
    require_activation(activation)
    require_choice("pooling", pooling, ("max", "average"))
    require_range("width", width, 4, 4096)
    if width % 4:
        raise ValueError(f"width={width}: squeezenet needs a multiple of 4")
    require_range("dropout", dropout, 0, 0.95)
    require_size("squeezenet", input_shape, 16)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    x = convolve(
        conv, x, width, 3, strides=2, padding="valid", name="conv1", batch_norm=batch_norm, activation=activation
    )
    for number, quarters in _SQUEEZE.items():
        if number in (2, 4, 6):
            x = pool(pooling, x, 3, name=f"pool{number - 1}")
        x = _fire(conv, x, quarters * width // 4, batch_norm=batch_norm, activation=activation, name=f"fire{number}")
    x = layers.Dropout(dropout, name="dropout")(x)
    x = conv(n_classes, 1, kernel_initializer="he_normal", name="conv10", keep=CLASSES)(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Activation("softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="squeezenet")


def _fire(conv: Conv, x: Any, squeeze: int, *, batch_norm: bool, activation: str, name: str) -> Any:
    """1x1 to few channels; from these 1x1 and 3x3 side by side, joined (section 3.2)."""
    x = convolve(conv, x, squeeze, 1, name=f"{name}_squeeze", batch_norm=batch_norm, activation=activation)
    one = convolve(
        conv, x, 4 * squeeze, 1, name=f"{name}_expand1x1", batch_norm=batch_norm, activation=activation, keep=JOIN
    )
    three = convolve(
        conv, x, 4 * squeeze, 3, name=f"{name}_expand3x3", batch_norm=batch_norm, activation=activation, keep=JOIN
    )
    return join([one, three], name=f"{name}_join")
