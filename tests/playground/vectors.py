"""Vectors made by Keras: what its layers answer to random pictures, over a grid of all forward parameters."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.catalogue import ACTIVATIONS
from tests.playground.cases import Case, close

Array = NDArray[np.float32]
TOLERANCE = 1e-5  # of the largest number, or of 1: sums of 32-bit numbers in another order
REFUSED = ("glu", "threshold")  # Conv2D cannot carry them

WINDOWS = [(1, 1), (3, 3), (2, 3), (4, 2), (5, 5)]
STEPS = [((1, 1), (1, 1)), ((2, 2), (1, 1)), ((3, 1), (1, 1)), ((1, 1), (2, 2)), ((1, 1), (1, 3))]  # strides, dilation
PADDINGS = ["valid", "same"]
LAYOUTS = ["channels_last", "channels_first"]
GROUPED = [(6, 2, 4), (6, 3, 3), (4, 4, 4), (4, 4, 8)]  # channels in, groups, filters: the last two are depthwise


def settings_grid() -> Iterator[tuple[Conv2DSettings, tuple[int, int, int]]]:
    """Complete settings, and (height, width, channels) of the picture: legal ones on maps of odd and even sizes."""
    shapes = itertools.cycle([(9, 14, 3), (12, 13, 1), (11, 15, 2)])
    activations = itertools.cycle([name for name in ACTIVATIONS if name not in REFUSED])
    grid = itertools.product(WINDOWS, STEPS, PADDINGS, LAYOUTS, (True, False))
    for window, (strides, dilation), padding, layout, bias in grid:
        yield (
            Conv2DSettings(
                filters=5,
                kernel_size=window,
                strides=strides,
                dilation_rate=dilation,
                padding=padding,
                data_format=layout,
                activation=next(activations),
                use_bias=bias,
            ),
            next(shapes),
        )


def grouped_grid() -> Iterator[tuple[Conv2DSettings, tuple[int, int, int]]]:
    """The same for groups: fewer, since Keras compiles each one anew on TensorFlow."""
    steps = itertools.cycle(zip(itertools.cycle(STEPS), itertools.cycle([(3, 3), (2, 3)]), strict=False))
    for (channels, groups, filters), padding in itertools.product(GROUPED, PADDINGS):
        (strides, dilation), window = next(steps)
        yield (
            Conv2DSettings(
                filters=filters,
                kernel_size=window,
                strides=strides,
                dilation_rate=dilation,
                padding=padding,
                groups=groups,
            ),
            (9, 10, channels),
        )


def activation_cases() -> Iterator[Case]:
    """Each activation with each of its arguments, far out on both sides."""
    numbers = np.concatenate([np.linspace(-30, 30, 41), np.linspace(-3, 3, 61)]).astype(np.float32)
    arguments = ["relu:0.1", "relu:0:6", "relu:0:3:0.5", "relu:0.2:2:1", "elu:0.5", "leaky_relu:0.01"]
    for text in [*(name for name in ACTIVATIONS if name not in REFUSED), *arguments]:
        settings = Conv2DSettings(filters=len(numbers), kernel_size=1, activation=text).with_defaults()
        layer = keras.layers.Conv2D.from_config({**settings.to_keras(), "use_bias": False})
        layer.build((None, 1, 1, len(numbers)))
        layer.set_weights([np.eye(len(numbers), dtype=np.float32)[None, None]])  # what comes in goes out
        with_overflow = text.startswith(("exponential", "softmax", "log_softmax", "sparsemax"))
        given = numbers / 10 if with_overflow else numbers
        expected = called(layer, given[None, None]).ravel()
        yield Case(
            {"what": "activation", "text": settings.activation, "numbers": given.tolist()},
            close(expected.tolist(), TOLERANCE),
        )


def convolution_cases(grid: Iterator[tuple[Conv2DSettings, tuple[int, int, int]]]) -> Iterator[Case]:
    """Random weights, one random picture, and what Conv2D makes of it."""
    random = np.random.default_rng(11)
    for given, (height, width, channels) in grid:
        settings = given.with_defaults()
        layout = str(settings.data_format)
        layer = keras.layers.Conv2D.from_config(settings.to_keras())
        picture = random.normal(size=(height, width, channels)).astype(np.float32)
        inputs = picture.transpose(2, 0, 1) if layout == "channels_first" else picture
        layer.build((None, *inputs.shape))
        weights = [random.normal(size=tuple(w.shape)).astype(np.float32) / 2 for w in layer.weights]
        layer.set_weights(weights)
        expected = keras.ops.convert_to_numpy(layer(inputs[None]))[0]
        yield layer_case(
            {"kind": "Conv2D", "settings": settings.to_dict()},
            [inputs],
            expected,
            layout=layout,
            kernel=weights[0],
            bias=weights[1] if settings.use_bias else None,
        )


def layer_cases() -> Iterator[Case]:
    """The other layers of a column."""
    random = np.random.default_rng(12)
    picture = random.normal(size=(9, 12, 4)).astype(np.float32)
    other = random.normal(size=(9, 12, 4)).astype(np.float32)
    for kind, size, strides, padding in itertools.product(
        ("MaxPooling2D", "AveragePooling2D"), ((2, 2), (3, 3), (3, 2)), ((1, 1), (2, 2), (3, 2)), PADDINGS
    ):
        layer = getattr(keras.layers, kind)(size, strides, padding)
        config = {"pool_size": size, "strides": strides, "padding": padding}
        yield layer_case({"kind": kind, "config": config}, [picture], called(layer, picture))
    for kind in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        layer = getattr(keras.layers, kind)(keepdims=True)
        yield layer_case({"kind": kind, "config": {"keepdims": True}}, [picture], called(layer, picture))
    for statistics in ("moving", "picture"):
        layer = keras.layers.BatchNormalization(epsilon=0.002)
        layer.build((None, *picture.shape))
        numbers = [random.uniform(0.5, 2, 4).astype(np.float32) for _ in range(4)]
        layer.set_weights(numbers)
        expected = called(layer, picture, training=statistics == "picture")
        names = dict(zip(("gamma", "beta", "moving_mean", "moving_variance"), numbers, strict=True))
        node = {"kind": "BatchNormalization", "config": {"epsilon": 0.002, "statistics": statistics}}
        yield layer_case(node, [picture], expected, **names)
    yield dense_case(random)
    plain: dict[str, Any] = {"Rescaling": {"scale": 0.3, "offset": -2}, "ReLU": {}}
    yield layer_case(
        {"kind": "Rescaling", "config": plain["Rescaling"]},
        [picture],
        called(keras.layers.Rescaling(0.3, -2), picture),
    )
    yield layer_case(
        {"kind": "ZeroPadding2D", "config": {"padding": [[1, 2], [0, 3]]}},
        [picture],
        called(keras.layers.ZeroPadding2D(((1, 2), (0, 3))), picture),
    )
    for kind in ("Add", "Average", "Maximum", "Multiply", "Subtract", "Concatenate"):
        expected = keras.ops.convert_to_numpy(getattr(keras.layers, kind)()([picture[None], other[None]]))[0]
        yield layer_case({"kind": kind, "config": {}}, [picture, other], expected)
    one = other.mean(axis=(0, 1), keepdims=True)
    expected = keras.ops.convert_to_numpy(keras.layers.Multiply()([picture[None], one[None]]))[0]
    yield layer_case({"kind": "Multiply", "config": {}}, [picture, one], expected)


def dense_case(random: np.random.Generator) -> Case:
    """A dense layer behind a flattened map."""
    row = random.normal(size=24).astype(np.float32)
    layer = keras.layers.Dense(5, activation="softmax")
    layer.build((None, 24))
    kernel, bias = random.normal(size=(24, 5)).astype(np.float32), random.normal(size=5).astype(np.float32)
    layer.set_weights([kernel, bias])
    node = {"kind": "Dense", "config": {"units": 5, "use_bias": True, "activation": "softmax"}}
    expected = called(layer, row)[None, None]
    return layer_case(node, [row[None, None]], expected, kernel=kernel, bias=bias)


def called(layer: Any, picture: Array, **options: Any) -> Array:
    """One picture in, one map out."""
    made: Array = np.asarray(keras.ops.convert_to_numpy(layer(picture[None], **options)))[0]
    return made


def layer_case(
    node: dict[str, Any], inputs: list[Array], expected: Array, layout: str = "channels_last", **weights: Array | None
) -> Case:
    """A layer, its inputs in their layout, and what comes out."""
    given = {name: None if value is None else value.ravel().tolist() for name, value in weights.items()}
    asked = {
        "what": "layer",
        "node": node,
        "data_format": layout,
        "inputs": [{"shape": list(each.shape), "numbers": each.ravel().tolist()} for each in inputs],
        "weights": given,
    }
    same_numbers = close(expected.ravel().tolist(), TOLERANCE)

    def check(answer: Any) -> None:
        assert answer["shape"] == list(expected.shape)
        same_numbers(answer["numbers"])

    return Case(asked, check)
