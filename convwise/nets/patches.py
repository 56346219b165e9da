"""The patches of pictures that a convolution's filters answer most to. NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pair = tuple[float, float]


@dataclass(frozen=True)
class Patch:
    """Where a filter answers: the picture's number, the window's centre and size (height, width) in px, the answer."""

    picture: int
    centre: Pair
    size: Pair
    answer: float


def strongest_patches(
    maps: Sequence[NDArray[Any]], size: Pair, stride: Pair, offset: Pair, n: int
) -> list[list[Patch]]:
    """For each filter its n largest answers, in falling order; `maps`: (height, width, filters) of each picture.

    One of each picture as far as there are enough of them, then others whose windows do not overlap with those. The
    centre of the window of unit (i, j) is offset + (i, j) x stride, as in the layer table.
    """
    n_filters = maps[0].shape[2]
    return [_of_filter([each[:, :, k] for each in maps], size, stride, offset, n) for k in range(n_filters)]


def _of_filter(maps: Sequence[NDArray[Any]], size: Pair, stride: Pair, offset: Pair, n: int) -> list[Patch]:
    left = [np.array(each, np.float64) for each in maps]
    reach = [max(1, int(np.ceil(side / step))) if step else 1 for side, step in zip(size, stride, strict=True)]
    found: list[Patch] = []
    used: set[int] = set()
    while len(found) < n:
        if len(used) == len(left):
            used.clear()
        open_ones = [number for number in range(len(left)) if number not in used]
        best = max(open_ones, key=lambda number: float(left[number].max()))
        answer = float(left[best].max())
        if answer == -np.inf:
            if not used:
                break
            used.update(open_ones)
            continue
        i, j = (int(place) for place in np.unravel_index(int(left[best].argmax()), left[best].shape))
        centre = offset[0] + i * stride[0], offset[1] + j * stride[1]
        found.append(Patch(best, centre, size, answer))
        left[best][max(0, i - reach[0] + 1) : i + reach[0], max(0, j - reach[1] + 1) : j + reach[1]] = -np.inf
        used.add(best)
    return found
