"""Paired comparisons: two networks trained with the same seeds, the difference and its 95 % interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from convwise.study.effects import CONFIDENCE
from convwise.study.verdicts import WRONG

DROP = 0.05  # the chance at which something is dropped in the race, or kept in a check, that is as good as the other

Told = Literal["needed", "not needed", ""]


@dataclass(frozen=True)
class Difference:
    """A mean difference with its interval, and the number of pairs behind it. Infinite with fewer than two pairs."""

    estimate: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def over_seeds(differences: NDArray[np.float64], confidence: float = CONFIDENCE) -> Difference:
    """The mean of (n,) paired differences, by Student's t with n - 1 degrees of freedom."""
    n = len(differences)
    estimate = float(np.mean(differences))
    if n < 2:
        return Difference(estimate, -np.inf, np.inf, n)
    half = float(stats.t.ppf(0.5 + confidence / 2, n - 1) * np.std(differences, ddof=1) / np.sqrt(n))
    return Difference(estimate, estimate - half, estimate + half, n)


def over_seeds_and_images(differences: NDArray[np.float64], confidence: float = CONFIDENCE) -> Difference:
    """The mean of (n seeds, m images) differences, for new seeds and new images alike.

    Both are random: the variance of the mean is (MS_seeds + MS_images - MS_rest) / (n m), at least that of either
    alone, with Satterthwaite's degrees of freedom (Brennan 2001, Generalizability Theory, sections 3.2 and 6.2; the
    case of readers and cases in Dorfman, Berbaum and Metz 1992).
    """
    n, m = differences.shape
    estimate = float(differences.mean())
    if n < 2 or m < 2:
        return Difference(estimate, -np.inf, np.inf, n)
    by_seed = differences.mean(axis=1)
    by_image = differences.mean(axis=0)
    rest = differences - by_seed[:, None] - by_image[None, :] + estimate
    seeds = m * float(by_seed.var(ddof=1))
    images = n * float(by_image.var(ddof=1))
    both = float((rest**2).sum()) / ((n - 1) * (m - 1))
    total = max(seeds + images - both, seeds, images)
    if total == 0:
        return Difference(estimate, estimate, estimate, n)
    df = total**2 / (seeds**2 / (n - 1) + images**2 / (m - 1) + both**2 / ((n - 1) * (m - 1)))
    half = float(stats.t.ppf(0.5 + confidence / 2, max(df, n - 1)) * np.sqrt(total / (n * m)))
    return Difference(estimate, estimate - half, estimate + half, n)


def surely_below(differences: NDArray[np.float64], chance: float) -> bool:
    """Whether the mean of paired differences lies below zero, wrong with at most this chance (one-sided t test)."""
    n = len(differences)
    if n < 3:
        return False
    deviation = float(np.std(differences, ddof=1))
    if deviation == 0:
        return bool(np.mean(differences) < 0)
    return bool(stats.t.cdf(np.mean(differences) / (deviation / np.sqrt(n)), n - 1) < chance)


def without_it(losses: NDArray[np.float64], smallest_effect: float, looks: int) -> Told:
    """What taking a change back tells: "needed", "not needed" or "", from the differences, without it less with it.

    Not needed: a loss of `smallest_effect` is excluded (one-sided 4.5 %). Else needed: accuracy is surely lower without
    it (one-sided 5 %). Each of `looks` at growing data has its part of these chances.
    """
    if surely_below(-smallest_effect - losses, WRONG / looks):
        return "not needed"
    return "needed" if surely_below(losses, DROP / looks) else ""
