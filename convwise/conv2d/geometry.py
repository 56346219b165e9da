"""The arithmetic of a convolution: window, output size, padding, weights, multiply-adds, receptive field.

Sizes and paddings are the same numbers on TensorFlow, JAX and PyTorch: JAX takes "same" as XLA defines it, and Keras
pads by TensorFlow's formula in front of PyTorch's convolution, where both sides cannot be equal (even windows and
strides; keras/src/backend/torch/nn.py, `_compute_padding_length`). PyTorch's own "same" never gets to see them.
Formulas without another source: Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning".
"""

from __future__ import annotations

from dataclasses import dataclass

from convwise.conv2d.settings import Conv2DSettings, Pair
from convwise.errors import RequestError


def effective_window(kernel: int, dilation: int) -> int:
    """The pixels from the first to the last that a dilated window looks at, along one axis (section 5.1)."""
    return dilation * (kernel - 1) + 1


def output_size(size: int, kernel: int, *, stride: int = 1, padding: str = "valid", dilation: int = 1) -> int:
    """The output's height or width; 0 where a "valid" window is larger than the map (relationship 15 with p = 0).

    "same" gives ceil(size / stride), whatever the window (TensorFlow, `tf.nn.convolution`, "Note on padding").
    """
    if padding == "same":
        return -(-size // stride)
    return max(0, (size - effective_window(kernel, dilation)) // stride + 1)


def same_padding(size: int, kernel: int, *, stride: int = 1, dilation: int = 1) -> Pair:
    """Zeros (before, after) along one axis for "same": the odd one comes after (TensorFlow, "Note on padding")."""
    steps = output_size(size, kernel, stride=stride, padding="same", dilation=dilation) - 1
    total = max(0, steps * stride + effective_window(kernel, dilation) - size)
    return total // 2, total - total // 2


@dataclass(frozen=True)
class Geometry:
    """What one convolution does to a map. Sizes are (height, width) in pixels.

    `padding` holds the zeros (before, after) along each axis. `weights` counts kernel and bias. `multiply_adds` are for
    one image and count the windows whole, zeros of the padding too, without bias and activation. `receptive_field`
    is that of this layer alone, (height, width).
    """

    output_size: Pair
    output_channels: int
    effective_window: Pair
    padding: tuple[Pair, Pair]
    kernel_shape: tuple[int, int, int, int]
    weights: int
    multiply_adds: int
    receptive_field: Pair

    def output_shape(self, data_format: str) -> tuple[int, int, int]:
        """The shape of one image's output in that layout."""
        if data_format == "channels_first":
            return (self.output_channels, *self.output_size)
        return (*self.output_size, self.output_channels)


def geometry(settings: Conv2DSettings, *, height: int, width: int, channels: int) -> Geometry:
    """The geometry of a convolution whose sixteen values are given (`with_defaults`), on a map of `channels`.

    Illegal settings have a geometry too (an output size of 0, channels of a group rounded down): see `rules`.
    Raises RequestError where a needed value is missing.
    """
    kernel, strides, dilation = settings.kernel_size, settings.strides, settings.dilation_rate
    filters, groups, padding = settings.filters, settings.groups, settings.padding
    if not (isinstance(filters, int) and kernel and strides and dilation and groups and padding):
        raise RequestError("a convolution's geometry needs all of its values; complete them by with_defaults()")
    sizes, windows, pads = [], [], []
    for size, k, s, d in zip((height, width), kernel, strides, dilation, strict=True):
        sizes.append(output_size(size, k, stride=s, padding=padding, dilation=d))
        windows.append(effective_window(k, d))
        pads.append(same_padding(size, k, stride=s, dilation=d) if padding == "same" else (0, 0))
    shape = (*kernel, channels // groups, filters)
    kernel_weights = shape[0] * shape[1] * shape[2] * shape[3]
    return Geometry(
        output_size=(sizes[0], sizes[1]),
        output_channels=filters,
        effective_window=(windows[0], windows[1]),
        padding=(pads[0], pads[1]),
        kernel_shape=shape,
        weights=kernel_weights + (filters if settings.use_bias else 0),
        multiply_adds=sizes[0] * sizes[1] * kernel_weights,
        receptive_field=(windows[0], windows[1]),
    )
