"""How much less sure an effect is for other images of the same kind than for those of the study's own pool."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convwise.study.estimates import Estimate

Judgement = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Of one block: which images judged, and what the change does to each, in points; the block's effect is their mean."""


def image_variance(judgements: Sequence[Judgement]) -> float | None:
    """The variance of the change's effect from image to image; None where no image has judged twice.

    An image's own effect is in all of its judgements, so the mean product of two of them is its square; the squared
    mean effect is taken off. It cannot be below 0, where chance may bring it.
    """
    if not judgements:
        return None
    n = 1 + max(int(members.max()) for members, _ in judgements)
    count, total, squares = np.zeros(n), np.zeros(n), np.zeros(n)
    for members, effects in judgements:
        count[members] += 1
        total[members] += effects
        squares[members] += effects**2
    n_pairs = float((count * (count - 1)).sum())
    if n_pairs == 0:
        return None
    products = float((total**2 - squares).sum()) / n_pairs
    mean = float(total.sum() / count.sum())
    return max(0.0, products - mean**2)


def for_other_images(estimate: Estimate, variance: float | None, n_images: int) -> Estimate | None:
    """The estimate with the error for a pool of other images, of which these `n_images` are a sample.

    However many blocks there are, `variance` / `n_images` stays: the pool itself was drawn once.
    """
    if variance is None:
        return None
    return replace(estimate, error=math.hypot(estimate.error, math.sqrt(variance / n_images)))
