"""Occlusion: what covering a window costs the answer (Zeiler and Fergus 2014), coarse first, fine where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Ask = Callable[[NDArray[np.uint8]], NDArray[np.float64]]
"""(n, h, w, c) pixels to (n, k) probabilities."""
Window = tuple[slice, slice]

_COARSE, _FINE = 4, 8  # windows of this part of the side, half a window apart
_WORTH = 0.5  # of the largest coarse drop: where it is looked at finely
_BATCH = 64


def occlusion_map(pixels: NDArray[np.uint8], label: int, ask: Ask) -> NDArray[np.float64]:
    """(h, w): the drop of the label's probability, mean over the windows that cover a pixel; a batch at a time.

    Windows are filled with the picture's mean colour. (Zeiler and Fergus 2014, "Visualizing and understanding
    convolutional networks", section 4.2, which covers with gray.)
    """
    whole = float(ask(pixels[None])[0, label])
    coarse = list(_windows(pixels.shape[0], pixels.shape[1], _COARSE))
    heat = _mean_drop(pixels, label, ask, coarse, whole)
    most = float(heat.max())
    if most <= 0:
        return heat
    near = heat >= _WORTH * most
    fine = [window for window in _windows(pixels.shape[0], pixels.shape[1], _FINE) if near[window].any()]
    finer = _mean_drop(pixels, label, ask, fine, whole)
    return np.where(near, (heat + finer) / 2, heat)


def covered(pixels: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with the mean colour where the mask (h, w) is."""
    result = pixels.copy()
    result[mask] = pixels.reshape(-1, pixels.shape[2]).mean(axis=0).round().astype(np.uint8)
    return result


def _windows(height: int, width: int, parts: int) -> Iterator[Window]:
    """Windows of a part of each side, half a window apart, so that every pixel is in one."""
    tall, wide = max(1, -(-height // parts)), max(1, -(-width // parts))
    for top in _starts(height, tall):
        for left in _starts(width, wide):
            yield slice(top, top + tall), slice(left, left + wide)


def _starts(side: int, window: int) -> list[int]:
    return sorted({min(start, side - window) for start in range(0, side, max(1, window // 2))})


def _mean_drop(
    pixels: NDArray[np.uint8], label: int, ask: Ask, windows: list[Window], whole: float
) -> NDArray[np.float64]:
    total, times = np.zeros(pixels.shape[:2]), np.zeros(pixels.shape[:2])
    for start in range(0, len(windows), _BATCH):
        part = windows[start : start + _BATCH]
        masks = np.zeros((len(part), *pixels.shape[:2]), bool)
        for mask, window in zip(masks, part, strict=True):
            mask[window] = True
        answers = ask(np.stack([covered(pixels, mask) for mask in masks]))[:, label]
        for window, answer in zip(part, answers, strict=True):
            total[window] += whole - float(answer)
            times[window] += 1
    return np.divide(total, times, out=np.zeros_like(total), where=times > 0)
