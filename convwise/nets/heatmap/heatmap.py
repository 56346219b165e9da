"""A heatmap with the test of it: what erasing its region does to the answer, and what erasing any other does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.nets.heatmap.class_activation import class_maps
from convwise.nets.heatmap.occlusion import Ask, covered, occlusion_map

CLASS_ACTIVATION, OCCLUSION = "class activation", "occlusion"
ERASED = 0.15  # of the pixels
N_RANDOM = 39
_LEFT = 0.5  # of the probability: an untrained network loses less than the other half
_MOST_AS_LOW = 1  # of the random regions: (1 + 1) / (39 + 1) is 5 %


@dataclass(frozen=True, eq=False)
class Heat:
    """Where in a picture a label's probability comes from, and the test of it.

    `values` (h, w) are parts of the logit or drops of the probability, of the network's own picture; `region` (h, w)
    is the hottest 15 % of it. `after` is the label's probability when that region is erased, `after_random` (39,) when
    it is moved elsewhere by chance and erased there.
    """

    method: str
    values: NDArray[np.float64]
    region: NDArray[np.bool_]
    label: int
    probability: float
    after: float
    after_random: NDArray[np.float64]

    @property
    def above_chance(self) -> bool:
        """Whether erasing the region takes away more than erasing 95 % of random ones does."""
        return int((self.after_random <= self.after).sum()) <= _MOST_AS_LOW

    @property
    def believable(self) -> bool:
        """Whether it is above chance, and erasing the region takes away half of the probability at least."""
        return self.above_chance and self.after <= _LEFT * self.probability


def heat_of(model: Any, pixels: NDArray[np.uint8], label: int, ask: Ask, *, seed: int, mirrored: bool) -> Heat:
    """The heatmap of a label for one picture (h, w, c), as the network takes it.

    `ask` gives the run's probabilities; `mirrored`: they are means over the picture and its mirror image, and so is a
    class activation map then. Where the network does not end in averaged maps, windows are covered instead.
    """
    maps = class_maps(model)
    if maps is None:
        method, values = OCCLUSION, occlusion_map(pixels, label, ask)
    else:
        method, values = CLASS_ACTIVATION, maps.of(pixels)[..., label]
        if mirrored:
            values = (values + maps.of(pixels[:, ::-1])[:, ::-1, label]) / 2
    height, width = pixels.shape[:2]
    large = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    region = hottest(large)
    erased = [region, *moved(region, seed)]
    answers = ask(np.stack([pixels, *(covered(pixels, mask) for mask in erased)]))[:, label]
    return Heat(method, large, region, label, float(answers[0]), float(answers[1]), answers[2:])


def hottest(values: NDArray[np.float64], part: float = ERASED) -> NDArray[np.bool_]:
    """(h, w): that part of the pixels, of the largest values; of equal ones the first."""
    n = max(1, round(part * values.size))
    order = np.argsort(-values, axis=None, kind="stable")[:n]
    mask = np.zeros(values.size, bool)
    mask[order] = True
    return mask.reshape(values.shape)


def moved(region: NDArray[np.bool_], seed: int, n: int = N_RANDOM) -> NDArray[np.bool_]:
    """(n, h, w): the same region elsewhere, drawn evenly; what leaves the picture comes in on the other side."""
    random = np.random.default_rng(seed)
    height, width = region.shape
    places = random.integers(1, height * width, n)
    return np.stack([np.roll(region, divmod(int(place), width), axis=(0, 1)) for place in places])
