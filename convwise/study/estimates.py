"""From differences to the unchanged network, block by block, to an effect whose interval holds for few blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

_EXTRA_DF = 2  # of a variance to which the other candidates lend three observations (see `estimates`)
_LENT = 3.0
_MOST_OF_THE_MEDIAN = 4.0  # what one candidate's variance counts at most in the average


@dataclass(frozen=True)
class Reading:
    """What one block says of a candidate: its metric minus the mean of the unchanged trainings of the block.

    `difference` in points (of log loss: in nats). `score`: the same of the log loss after temperature scaling, nats;
    NaN where it is not known. `churn`: the sum, over the judged images that only one of the two gets right, of the
    square of what such an image is worth, in points; `worth`, what the dearest image is worth: 100 divided by the
    number of judged images for accuracy. Both 0 for a metric that counts no images.
    """

    difference: float
    score: float = math.nan
    churn: float = 0.0
    worth: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` blocks with its standard error and degrees of freedom."""

    estimate: float
    error: float
    df: float
    n: int

    def interval(self, level: float) -> tuple[float, float]:
        """Low and high, each wrong with the chance `level` (one-sided): 0.025 gives the usual 95 % interval."""
        half = -float(special.stdtrit(self.df, level)) * self.error  # Student's t
        return self.estimate - half, self.estimate + half

    @property
    def t(self) -> float:
        """The estimate in standard errors."""
        return self.estimate / self.error if self.error else math.copysign(math.inf, self.estimate)


def estimates(readings: Mapping[str, Sequence[Reading]], *, lent: Sequence[float] = ()) -> dict[str, Estimate]:
    """The effect of each candidate from its readings, two at least; others are left out.

    Few blocks make a candidate's own variance a gamble, and candidates differ in their noise by a factor of eight, so
    an average in its place is wrong for the noisy ones. Here noise is raised towards the others', never lowered to it:
    with f the candidate's own variance, at least (worth / 2) squared, and c the larger of the candidates' mean (each
    counted at four times their median at most) and of what the differing images alone explain, the variance is
    v = max(f, (3 c + (b - 1) f) / (b + 2)) for b blocks, and t has b + 2 degrees of freedom. `lent`: variances of
    other candidates, from a search before, in place of the mean over `readings`.
    """
    own = {name: _own_variance(of) for name, of in readings.items() if len(of) >= 2}
    shared = _shared(list(lent) or list(own.values()))
    found = {}
    for name, f in own.items():
        of, b = readings[name], len(readings[name])
        churned = (sum(reading.churn for reading in of) + max(reading.worth for reading in of) ** 2) / b
        c = max(shared, churned)
        v = max(f, (_LENT * c + (b - 1) * f) / (b + _EXTRA_DF))
        mean = sum(reading.difference for reading in of) / b
        found[name] = Estimate(mean, math.sqrt(v / b), b + _EXTRA_DF, b)
    return found


def own_variances(readings: Mapping[str, Sequence[Reading]]) -> list[float]:
    """Of each candidate: what a later search or confirmation may borrow."""
    return [_own_variance(of) for name, of in readings.items() if len(of) >= 2]


def _own_variance(readings: Sequence[Reading]) -> float:
    values = [reading.difference for reading in readings]
    return max(_variance(values), max(reading.worth for reading in readings) ** 2 / 4)


def _variance(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _shared(variances: Sequence[float]) -> float:
    most = _MOST_OF_THE_MEDIAN * float(np.median(variances)) if variances else 0.0
    return float(np.mean([min(f, most) for f in variances])) if variances else 0.0
