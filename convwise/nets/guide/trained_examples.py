"""The guide's examples that need more than one pass: first values through eight layers, short fits, projections."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from convwise.nets.guide.records import Array, Case
from convwise.seeds import generator

_STEPS = 300


def kernel_initializer(image: Array) -> tuple[Case, ...]:
    """`series`: what each of eight convolutions with ReLU puts out before the ReLU. `kernels`: the first sixteen."""
    starts: dict[str, Any] = {
        "random_normal:0:0.02": keras.initializers.RandomNormal(0, 0.02, seed=1),
        "glorot_uniform": keras.initializers.GlorotUniform(seed=1),
        "he_normal": keras.initializers.HeNormal(seed=1),
        "random_normal:0:0.12": keras.initializers.RandomNormal(0, 0.12, seed=1),
    }
    cases = []
    for name, start in starts.items():
        x, series, kernels = _standardised(image)[None], [], None
        for depth in range(8):
            # A copy with its own seed a layer: one initializer gives every layer of a shape the same kernel.
            own = start.__class__.from_config({**start.get_config(), "seed": depth + 1})
            layer = keras.layers.Conv2D(
                32, 3, kernel_initializer=own, use_bias=False, dtype="float32", data_format="channels_last"
            )
            y = keras.ops.convert_to_numpy(layer(x))
            kernels = keras.ops.convert_to_numpy(layer.kernel).mean(axis=2) if kernels is None else kernels
            series.append(np.asarray(y[0]).ravel())
            x = np.maximum(y, 0)
        note = f"spread {series[0].std():.2g} to {series[-1].std():.2g}"
        cases.append(Case(name, note, kernels=kernels, series=tuple(series)))
    return tuple(cases)


def bias_initializer(image: Array) -> tuple[Case, ...]:
    """`series`: all outputs of 32 filters before the ReLU."""
    cases = []
    for name, value in (("constant:-1", -1.0), ("zeros", 0.0), ("constant:0.1", 0.1), ("constant:1", 1.0)):
        layer = keras.layers.Conv2D(
            32,
            5,
            kernel_initializer=keras.initializers.HeNormal(seed=3),
            bias_initializer=keras.initializers.Constant(value),
            dtype="float32",
            data_format="channels_last",
        )
        outputs = np.asarray(keras.ops.convert_to_numpy(layer(_standardised(image)[None]))).ravel()
        cases.append(Case(name, f"{100 * (outputs > 0).mean():.0f} % pass the ReLU", series=(outputs,)))
    return tuple(cases)


def kernel_regularizer(image: Array) -> tuple[Case, ...]:
    """A 9x9 kernel learned from a noisy answer of a known one, which is the first case. Error: of the kernel."""
    pixels = _standardised(image)[:32, 16:48].mean(axis=2, keepdims=True)
    y, x = np.mgrid[:9, :9] - 4.0
    truth = x * np.exp(-(x**2 + y**2) / 3)
    truth = (truth / np.abs(truth).sum() * 2).astype(np.float32)[:, :, None]
    windows = np.lib.stride_tricks.sliding_window_view(pixels[:, :, 0], (9, 9))
    answer = np.einsum("yxhw,hw->yx", windows, truth[:, :, 0])
    noisy = answer + generator(0, "guide", "regularizer").normal(0, 0.15, answer.shape)
    cases = [Case("the kernel to be found", kernels=truth, series=(truth.ravel(),))]
    for name, price in _PRICES.items():
        layer = keras.layers.Conv2D(1, 9, kernel_regularizer=price, kernel_initializer="zeros", dtype="float32")
        _fit([layer], pixels, noisy[:, :, None])
        kernel = keras.ops.convert_to_numpy(layer.kernel)[:, :, :, 0]
        error = float(np.sqrt(((kernel - truth) ** 2).sum() / (truth**2).sum()))
        cases.append(Case(name, f"error {100 * error:.0f} %", kernels=kernel, series=(kernel.ravel(),)))
    return tuple(cases)


_PRICES = {
    "none": None,
    "l2:0.01": keras.regularizers.L2(0.01),
    "l2:0.1": keras.regularizers.L2(0.1),
    "l1:0.01": keras.regularizers.L1(0.01),
}


def bias_regularizer(image: Array) -> tuple[Case, ...]:
    """A 3x3 convolution learns a picture that is everywhere 1 too light. `series`: the bias after each step."""
    pixels = _standardised(image).mean(axis=2, keepdims=True)
    target = pixels[1:-1, 1:-1] + 1
    cases = []
    for name, factor in (("none", 0.0), ("l2:0.0005", 0.0005), ("l2:0.01", 0.01), ("l2:0.1", 0.1)):
        layer = keras.layers.Conv2D(
            1,
            3,
            bias_regularizer=keras.regularizers.L2(factor) if factor else None,
            kernel_initializer=keras.initializers.HeNormal(seed=2),
            dtype="float32",
        )
        seen = _fit([layer], pixels, target, watch=lambda layer=layer: float(keras.ops.convert_to_numpy(layer.bias)[0]))
        cases.append(Case(name, f"ends at {seen[-1]:.3f}", series=(np.array(seen, np.float32),)))
    return tuple(cases)


def activity_regularizer(image: Array) -> tuple[Case, ...]:
    """Eight filters with ReLU from which another convolution redraws the picture. `maps`: what the eight put out."""
    pixels = _standardised(image).mean(axis=2, keepdims=True)
    cases = []
    for name, factor in (("none", 0.0), ("l1:0.00001", 1e-5), ("l1:0.0001", 1e-4)):
        coder = keras.layers.Conv2D(
            8,
            5,
            padding="same",
            activation="relu",
            activity_regularizer=keras.regularizers.L1(factor) if factor else None,
            kernel_initializer=keras.initializers.HeNormal(seed=4),
            dtype="float32",
        )
        # The length of the redrawing kernels is limited: else it would grow as the outputs shrink, and hide the price.
        redraw = keras.layers.Conv2D(
            1,
            5,
            padding="same",
            kernel_constraint=keras.constraints.MaxNorm(1, axis=[0, 1, 2]),
            kernel_initializer=keras.initializers.HeNormal(seed=5),
            dtype="float32",
        )
        _fit([coder, redraw], pixels, pixels)
        maps = np.asarray(keras.ops.convert_to_numpy(coder(pixels[None])))[0]
        drawn = np.asarray(keras.ops.convert_to_numpy(redraw(maps[None])))[0]
        error = float(np.square(drawn - pixels).mean())
        cases.append(Case(name, f"{100 * (maps == 0).mean():.0f} % zeros, error {error:.3f}", maps))
    return tuple(cases)


def kernel_constraint(image: Array) -> tuple[Case, ...]:
    """`series`: weights before and after one update, then each filter's length before and after."""
    whole = [0, 1, 2]
    limits: dict[str, Any] = {
        "NonNeg()": keras.constraints.NonNeg(),
        "UnitNorm(axis=[0, 1, 2])": keras.constraints.UnitNorm(axis=whole),
        "MaxNorm(2, axis=[0, 1, 2])": keras.constraints.MaxNorm(2, axis=whole),
        "MinMaxNorm(1.5, 2.5, axis=[0, 1, 2])": keras.constraints.MinMaxNorm(1.5, 2.5, axis=whole),
        "MaxNorm(2), axis left at 0": keras.constraints.MaxNorm(2),
    }
    random = generator(0, "guide", "constraint")
    lengths = np.linspace(0.4, 4, 24)
    start = random.normal(size=(3, 3, image.shape[2], 24))
    start *= lengths / np.sqrt((start**2).sum(axis=(0, 1, 2)))
    start = start.astype(np.float32)
    cases = []
    for name, limit in limits.items():
        layer = keras.layers.Conv2D(24, 3, kernel_constraint=limit, use_bias=False, dtype="float32")
        after = _projected(layer, image, [start])[0]
        norms = [np.sqrt((kernel**2).sum(axis=(0, 1, 2))) for kernel in (start, after)]
        cases.append(Case(name, series=(start.ravel(), after.ravel(), *norms)))
    return tuple(cases)


def bias_constraint(image: Array) -> tuple[Case, ...]:
    """`series`: sixteen biases before and after one update."""
    limits: dict[str, Any] = {
        "non_neg": keras.constraints.NonNeg(),
        "unit_norm": keras.constraints.UnitNorm(),
        "max_norm:2": keras.constraints.MaxNorm(2),
    }
    start = generator(0, "guide", "bias constraint").normal(0, 1, 16).astype(np.float32)
    kernel = np.zeros((3, 3, image.shape[2], 16), np.float32)
    cases = []
    for name, limit in limits.items():
        layer = keras.layers.Conv2D(16, 3, bias_constraint=limit, dtype="float32")
        after = _projected(layer, image, [kernel, start])[1]
        length = float(np.sqrt((after**2).sum()))
        cases.append(Case(name, f"length {np.sqrt((start**2).sum()):.2f} to {length:.2f}", series=(start, after)))
    return tuple(cases)


def _standardised(image: Array) -> Array:
    result: Array = ((image - image.mean(axis=(0, 1))) / image.std(axis=(0, 1))).astype(np.float32)
    return result


def _projected(layer: keras.layers.Layer, image: Array, weights: list[Array]) -> list[Array]:
    """The layer's weights after an update by zero gradients: what its constraints alone have done."""
    layer.build((None, *image.shape))
    layer.set_weights(weights)
    zeros = [keras.ops.zeros(variable.shape) for variable in layer.trainable_variables]
    keras.optimizers.SGD(0.1).apply(zeros, layer.trainable_variables)
    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in layer.trainable_variables]


def _fit(layers: list[Any], pixels: Array, target: Array, *, watch: Any = None) -> list[float]:
    """Adam on the squared error of one picture, whole, `_STEPS` times; `watch()` is called after each step."""
    inputs = keras.Input(pixels.shape)
    outputs = inputs
    for layer in layers:
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.Adam(0.02), "mse")
    seen = []
    for _ in range(_STEPS):
        model.train_on_batch(pixels[None], target[None])
        if watch:
            seen.append(watch())
    return seen
