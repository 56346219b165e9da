"""A 2-D convolution in NumPy, float64, written from its definition and from TensorFlow's description of "same"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def padding_of(size: int, window: int, stride: int, padding: str) -> tuple[int, int]:
    """Zeros before and after, by the two cases in the documentation of `tf.nn.convolution`."""
    if padding == "valid":
        return 0, 0
    total = max(window - stride, 0) if size % stride == 0 else max(window - size % stride, 0)
    return total // 2, total - total // 2


def convolve(
    images: Array,
    kernel: Array,
    *,
    strides: tuple[int, int] = (1, 1),
    padding: str = "valid",
    dilation_rate: tuple[int, int] = (1, 1),
    groups: int = 1,
    data_format: str = "channels_last",
) -> Array:
    """images (n, h, w, c) or (n, c, h, w), kernel (kh, kw, c / groups, filters) -> the maps in the same layout."""
    if data_format == "channels_first":
        images = np.moveaxis(images, 1, -1)
    rows, columns = kernel.shape[:2]
    windows = [d * (k - 1) + 1 for k, d in zip((rows, columns), dilation_rate, strict=True)]
    pads = [padding_of(n, w, s, padding) for n, w, s in zip(images.shape[1:3], windows, strides, strict=True)]
    padded = np.pad(images.astype(np.float64), [(0, 0), *pads, (0, 0)])
    height, width = ((n - w) // s + 1 for n, w, s in zip(padded.shape[1:3], windows, strides, strict=True))
    channels, filters = images.shape[-1] // groups, kernel.shape[-1] // groups
    maps = np.zeros((len(images), height, width, kernel.shape[-1]))
    for y, x, group in np.ndindex(height, width, groups):
        top, left = y * strides[0], x * strides[1]
        seen = padded[:, top : top + windows[0] : dilation_rate[0], left : left + windows[1] : dilation_rate[1]]
        seen = seen[..., group * channels : (group + 1) * channels]
        own = slice(group * filters, (group + 1) * filters)
        maps[:, y, x, own] = np.tensordot(seen, kernel[..., own].astype(np.float64), axes=3)
    return np.moveaxis(maps, -1, 1) if data_format == "channels_first" else maps
