"""The guide's examples, computed: a real `keras.layers.Conv2D` on a drawn picture, for each parameter's values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from convwise.conv2d.guide import guide
from convwise.images.shapes import draw_shape
from convwise.nets.backend import layout_works
from convwise.nets.guide import trained_examples
from convwise.nets.guide.records import Array, Case, Example


def guide_example(parameter: str) -> Example:
    """Computes the example of one parameter; the same arrays every time. Takes from milliseconds to a few seconds.

    Raises RequestError for an unknown parameter.
    """
    name = guide(parameter).parameter
    image, cases = _EXAMPLES[name]()
    return Example(name, image, cases)


def picture(size_px: int) -> Array:
    """The drawn star that all examples look at: (size_px, size_px, 3) in 0..1."""
    pixels: Array = (draw_shape("star", size_px=size_px, number=7) / 255).astype(np.float32)
    return pixels


def gray(image: Array) -> Array:
    """Lightness (height, width) by the weights of ITU-R BT.601."""
    lightness: Array = image @ np.array([0.299, 0.587, 0.114], np.float32)
    return lightness


def convolve(image: Array, kernels: Array, *, bias: float | None = None, **settings: Any) -> Array:
    """A Conv2D with these kernels (height, width, channels in, filters) on one image (height, width[, channels])."""
    pixels = image if image.ndim == 3 else image[:, :, None]
    settings = {"padding": "valid", "data_format": "channels_last", **settings}
    layer = keras.layers.Conv2D(
        kernels.shape[3], kernels.shape[:2], use_bias=bias is not None, dtype="float32", **settings
    )
    layer.build((None, *pixels.shape))
    layer.set_weights([kernels] if bias is None else [kernels, np.full(kernels.shape[3], bias, np.float32)])
    outputs: Array = np.asarray(keras.ops.convert_to_numpy(layer(pixels[None])))[0]
    return outputs


def edge_kernel(size: int, degrees: float = 0.0) -> Array:
    """The slope of a Gaussian bell, (size, size): answers to edges; its absolute values add up to 1."""
    sigma = size / 5
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    angle = np.deg2rad(degrees)
    kernel = (x * np.cos(angle) + y * np.sin(angle)) * np.exp(-(x**2 + y**2) / (2 * sigma**2))
    scaled: Array = (kernel / np.abs(kernel).sum()).astype(np.float32)
    return scaled


def mean_kernel(size: int) -> Array:
    """(size, size), all alike, adding up to 1."""
    return np.full((size, size), 1 / size**2, np.float32)


def _one(kernel: Array) -> Array:
    return kernel[:, :, None, None]


def _filters() -> tuple[Array, tuple[Case, ...]]:
    image = picture(64)
    luma = np.array([0.299, 0.587, 0.114])
    y, x = np.mgrid[:5, :5] - 2.0
    blob = np.exp(-(x**2 + y**2) / 4)
    blob /= blob.sum()
    spot = blob - mean_kernel(5)
    bank = [edge_kernel(5, degrees)[:, :, None] * luma for degrees in (0, 90, 45, 135)]
    bank += [spot[:, :, None] * luma * 2]
    bank += [blob[:, :, None] * np.array(colour) for colour in ((-0.5, 1, -0.5), (-0.5, -0.5, 1), (1, -0.5, -0.5))]
    kernels = np.stack(bank, axis=3).astype(np.float32)
    cases = []
    for filters in (2, 4, 8):
        chosen = kernels[:, :, :, :filters]
        weights = chosen.size + filters
        maps = convolve(image, chosen, bias=0.0)
        # Each kernel's three channels, one beside the other: (5, 5, 3 x filters).
        cases.append(
            Case(f"filters={filters}", f"{weights:,} weights", maps, chosen.transpose(0, 1, 3, 2).reshape(5, 5, -1))
        )
    return image, tuple(cases)


def _kernel_size() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    cases = []
    for size in (3, 5, 7, 11):
        kernels = np.stack([mean_kernel(size), edge_kernel(size, 30)], axis=2)
        maps = convolve(image - 0.5, kernels[:, :, None])
        cases.append(Case(f"kernel_size={size}", f"{size * size} weights a channel", maps, kernels))
    return image, tuple(cases)


def _strides() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(96))
    cases = []
    for stride in (1, 2, 3, 4):
        maps = convolve(image, _one(mean_kernel(3)), strides=stride)
        height, width = maps.shape[:2]
        cases.append(Case(f"strides={stride}", f"{height} x {width} = {height * width:,}", maps))
    return image, tuple(cases)


def _padding() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    cases = []
    for padding in ("valid", "same"):
        maps, series = image, []
        for _ in range(4):
            maps = convolve(maps, _one(mean_kernel(7)), padding=padding)[:, :, 0]
            series.append(maps)
        cases.append(Case(f"padding={padding}", f"{len(maps)} x {len(maps)} after four layers", series=tuple(series)))
    return image, tuple(cases)


def _data_format() -> tuple[Array, tuple[Case, ...]]:
    image = picture(64)
    kernels = np.stack([edge_kernel(5, degrees) for degrees in (0, 60, 120)], axis=2)
    kernels = np.repeat(kernels[:, :, None], 3, axis=2)
    last = convolve(image, kernels)
    # The channels first: a transposed picture in, a transposed answer out.
    layer = keras.layers.Conv2D(3, 5, data_format="channels_first", use_bias=False, dtype="float32")
    layer.build((None, 3, 64, 64))
    layer.set_weights([kernels])
    first = keras.ops.convert_to_numpy(_compiled(layer)(image.transpose(2, 0, 1)[None]))[0]
    back = np.asarray(first).transpose(1, 2, 0)
    difference = float(np.abs(back - last).max())
    return image, (
        Case("data_format=channels_last", f"picture (64, 64, 3), output {last.shape}", last),
        Case("data_format=channels_first", f"picture (3, 64, 64), output {first.shape}", back),
        Case("difference", f"{difference:.0e}" if difference else "0", np.abs(back - last)),
    )


def _compiled(layer: keras.layers.Layer) -> Any:
    """The layer; where the backend has no convolution of its own in that layout, compiled by XLA, which has both."""
    if layout_works(layer.data_format):
        return layer
    import tensorflow

    return tensorflow.function(layer, jit_compile=True)


def _dilation_rate() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    cases = []
    for rate in (1, 2, 4):
        maps = convolve(image - 0.5, _one(edge_kernel(3, 30)), dilation_rate=rate)
        reach = 2 * rate + 1
        cases.append(Case(f"dilation_rate={rate}", f"9 weights reach {reach} x {reach}", maps))
    return image, tuple(cases)


def _groups() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    bank = np.stack([edge_kernel(7, degrees) for degrees in np.arange(8) * 45.0], axis=2)[:, :, None]
    edges = convolve(image - 0.5, bank, activation="relu")
    cases = []
    for groups in (1, 2, 4, 8):
        kernels = np.ones((1, 1, 8 // groups, 8), np.float32)
        maps = convolve(edges, kernels, groups=groups)
        # Which input reaches which output: a picture of one pixel with one channel lit, eight times.
        lit = [convolve(np.eye(8, dtype=np.float32)[i][None, None], kernels, groups=groups)[0, 0] for i in range(8)]
        cases.append(Case(f"groups={groups}", f"{kernels.size} weights", maps, np.stack(lit)[:, :, None]))
    return image, tuple(cases)


def _activation() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    ramp = np.linspace(-3, 3, 121, dtype=np.float32)
    same = np.ones((1, 1, 1, 1), np.float32)
    edges = convolve(image - 0.5, _one(edge_kernel(5, 30)))
    kernel = _one(edge_kernel(5, 30)) * np.float32(3 / np.abs(edges).max())
    cases = []
    for name in (None, "relu", "leaky_relu", "silu", "tanh"):
        curve = convolve(ramp[None], same, activation=name)[0, :, 0]
        maps = convolve(image - 0.5, kernel, activation=name)
        cases.append(Case(f"activation={name or 'none'}", maps=maps, series=(ramp, curve)))
    return image, tuple(cases)


def _use_bias() -> tuple[Array, tuple[Case, ...]]:
    image = gray(picture(64))
    edges = convolve(image - 0.5, _one(edge_kernel(5, 30)))
    kernel = _one(edge_kernel(5, 30)) / np.abs(edges).max()
    cases = []
    for bias in (None, -0.3, 0.3):
        straight = convolve(image - 0.5, kernel, bias=bias)
        normalised = keras.layers.BatchNormalization(dtype="float32")(straight[None], training=True)
        both = [np.maximum(straight, 0), np.maximum(keras.ops.convert_to_numpy(normalised)[0], 0)]
        passed = float((both[0] > 0).mean())
        label = "use_bias=false" if bias is None else f"a bias of {bias:+}"
        cases.append(Case(label, f"{100 * passed:.0f} % pass the ReLU", np.concatenate(both, axis=2)))
    return image, tuple(cases)


def _on(example: Callable[[Array], tuple[Case, ...]], size_px: int) -> Callable[[], tuple[Array, tuple[Case, ...]]]:
    """An example of `trained_examples`, which takes the picture, made to look like those here."""

    def compute() -> tuple[Array, tuple[Case, ...]]:
        image = picture(size_px)
        return image, example(image)

    return compute


_EXAMPLES: dict[str, Callable[[], tuple[Array, tuple[Case, ...]]]] = {
    "filters": _filters,
    "kernel_size": _kernel_size,
    "strides": _strides,
    "padding": _padding,
    "data_format": _data_format,
    "dilation_rate": _dilation_rate,
    "groups": _groups,
    "activation": _activation,
    "use_bias": _use_bias,
    "kernel_initializer": _on(trained_examples.kernel_initializer, 64),
    "bias_initializer": _on(trained_examples.bias_initializer, 64),
    "kernel_regularizer": _on(trained_examples.kernel_regularizer, 64),
    "bias_regularizer": _on(trained_examples.bias_regularizer, 64),
    "activity_regularizer": _on(trained_examples.activity_regularizer, 48),
    "kernel_constraint": _on(trained_examples.kernel_constraint, 64),
    "bias_constraint": _on(trained_examples.bias_constraint, 64),
}
