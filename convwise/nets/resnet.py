"""ResNet: blocks whose input is added to their output, so that depth does not stop the gradient."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from convwise.nets.parts import (
    SUM,
    Conv,
    activate,
    add,
    convolve,
    pool,
    require_activation,
    require_choice,
    require_range,
    require_size,
    strides_between,
)

# Blocks a stage in table 1 of the paper; depth 50 has blocks of three convolutions (figure 5, right).
_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}


def resnet(
    input_shape: tuple[int, int, int],
    n_classes: int,
    conv: Conv,
    *,
    depth: int = 18,
    width: int = 32,
    stem: str = "auto",
    pooling: str = "max",
    activation: str = "relu",
) -> keras.Model:
    """Four stages of residual blocks (He, Zhang, Ren and Sun 2016, table 1), global average pooling, softmax.

    `depth`: 18, 34 or 50. `width`: filters of the first stage, doubled a stage. `stem`: "imagenet" is a 7x7 convolution
    of stride 2 and 3x3 pooling of stride 2 (`pooling`: "max" or "average"); "small" a 3x3 convolution of stride 1 and
    no pooling, as section 4.2 has it for 32 px; "auto" takes "small" below 64 px, where the other leaves single pixels.

    The published weights at 1000 classes, 11,689,512 of them at depth=18: width=64, the convolutions without biases,
    which batch normalisation would undo. The stride of a block of three is in its 3x3 convolution, which skips no
    pixel, not in its first 1x1. Where the map or the channels change, a 1x1 convolution makes the shortcut fit (option
    B of the paper).
    """
    require_activation(activation)
    require_choice("depth", depth, tuple(_BLOCKS))
    require_choice("stem", stem, ("auto", "imagenet", "small"))
    require_choice("pooling", pooling, ("max", "average"))
    require_range("width", width, 1, 4096)
    if stem == "auto":
        stem = "small" if min(input_shape[:2]) < 64 else "imagenet"
    require_size(f"resnet with stem={stem}", input_shape, 8 if stem == "small" else 32)
    pixels = keras.Input(input_shape, name="pixels")
    x = layers.Rescaling(1 / 64, offset=-2, name="scale")(pixels)
    if stem == "small":
        x = convolve(conv, x, width, 3, name="stem_conv", batch_norm=True, activation=activation)
    else:
        x = convolve(conv, x, width, 7, strides=2, name="stem_conv", batch_norm=True, activation=activation)
        x = pool(pooling, x, 3, name="stem_pool")
    block = _block_of_three if depth == 50 else _block_of_two
    for stage, n_blocks in enumerate(_BLOCKS[depth], start=1):
        for number in range(1, n_blocks + 1):
            strides = 2 if stage > 1 and number == 1 else 1
            x = block(
                conv,
                x,
                width * 2 ** (stage - 1),
                strides=strides,
                activation=activation,
                name=f"stage{stage}_block{number}",
            )
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(n_classes, activation="softmax", dtype="float32", name="probabilities")(x)
    return keras.Model(pixels, outputs, name="resnet")


def _block_of_two(conv: Conv, x: Any, filters: int, *, strides: int, activation: str, name: str) -> Any:
    """Two 3x3 convolutions and the shortcut around them."""
    y = convolve(
        conv, x, filters, 3, strides=strides, name=f"{name}_conv1", batch_norm=True, activation=activation, keep=SUM
    )
    y = convolve(conv, y, filters, 3, name=f"{name}_conv2", batch_norm=True, activation=None, keep=SUM)
    return _add_shortcut(conv, x, y, activation=activation, name=name)


def _block_of_three(conv: Conv, x: Any, filters: int, *, strides: int, activation: str, name: str) -> Any:
    """1x1 to few channels, 3x3 on these, 1x1 to four times as many, and the shortcut around them."""
    y = convolve(conv, x, filters, 1, name=f"{name}_conv1", batch_norm=True, activation=activation, keep=SUM)
    y = convolve(
        conv, y, filters, 3, strides=strides, name=f"{name}_conv2", batch_norm=True, activation=activation, keep=SUM
    )
    y = convolve(conv, y, 4 * filters, 1, name=f"{name}_conv3", batch_norm=True, activation=None, keep=SUM)
    return _add_shortcut(conv, x, y, activation=activation, name=name)


def _add_shortcut(conv: Conv, x: Any, y: Any, *, activation: str, name: str) -> Any:
    """ReLU(x + y), x projected where the branch has come out smaller or with other channels, whoever decided that."""
    strides = strides_between(x, y)
    if strides != (1, 1) or x.shape[-1] != y.shape[-1]:
        keep = SUM | {
            "filters": "the sum needs as many channels as the branch",
            "strides": "the sum needs maps of one size",
        }
        name_of_it = f"{name}_shortcut"
        x = convolve(
            conv, x, y.shape[-1], 1, strides=strides, name=name_of_it, batch_norm=True, activation=None, keep=keep
        )
    return activate(add([x, y], name=f"{name}_add"), activation, name=name)
