"""The 95 % intervals of an evaluation, one method per metric. NumPy only.

Coverage by simulation (benchmarks/interval_coverage.py; 4 and 101 classes, n of 101, 303 and 1010; calibrated and
overconfident networks, accuracy 0.5, 0.9 and 0.99; 300 repeats): 93.7 to 98.7 % up to an accuracy of 0.9. At 0.99,
where one mistake more or less moves a limit far: 90 to 98 % for the accuracies (90 % at n=101, the known dip of
Wilson's interval), 92.7 to 99.7 % for log loss, 96.7 to 100 % for calibration error.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
N_BINS = 15
CONFIDENT_MISTAKE = 4.0  # nats: the true class was given 2 %

METHODS = {
    "accuracy": "Wilson (1927) score interval",
    "mean_class_accuracy": "Wilson score interval at the effective sample size of the mean (Korn and Graubard 1998)",
    "top5_accuracy": "Wilson (1927) score interval",
    "log_loss": "gamma interval (Fay and Feuer 1997)",
    "calibration_error": "inverted consistency resampling (after Bröcker and Smith 2007), 15 equal-width bins",
}


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, which is for the quantity and not around the value: see `calibration`.

    Attributes:
        value: What was measured.
        low: Lower end of the interval.
        high: Upper end of the interval, at least `low`.

    Raises:
        ValueError: `low` is above `high`.

    Example:
        >>> from convwise.intervals import wilson
        >>> estimate = wilson(0.5, 100)
        >>> round(estimate.low, 3), round(estimate.high, 3)
        (0.404, 0.596)
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"low={self.low}, high={self.high}: low <= high is needed")

    def to_dict(self) -> dict[str, float]:
        return {"value": self.value, "low": self.low, "high": self.high}


def wilson(proportion: float, n: float) -> Estimate:
    """Score interval of a proportion seen in n images (Wilson 1927, JASA 22:209). n may be an effective size."""
    centre = (proportion + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(proportion * (1 - proportion) / n + Z * Z / (4 * n * n))
    # At 0 and 1 the closed form misses the bound by a rounding error.
    low = 0.0 if proportion <= 0 else max(0.0, centre - half)
    high = 1.0 if proportion >= 1 else min(1.0, centre + half)
    return Estimate(float(proportion), low, high)


def mean_class(correct: NDArray[np.integer], support: NDArray[np.integer]) -> Estimate:
    """Interval of the mean over classes of the recall; every class has support >= 1.

    The mean of k recalls is a stratified proportion: Wilson's interval at the sample size that has the same variance
    (Korn and Graubard 1998, Survey Methodology 24:193; compared by Franco et al. 2019, JSSAM 7:334). A class's variance
    is taken at its recall after two more images with the mean recall, because a recall of 1 seen in three images is no
    proof of certainty; the factor 1 - n / (n + 2)**2 makes that unbiased where all classes have the same recall.
    Wilson limits class by class (MOVER, Zou and Donner 2008) covered only 76 to 93 % with 101 small classes.
    """
    k, n = len(support), support.astype(np.float64)
    mean = float((correct / n).mean())
    if 0 < mean < 1:
        shrunk = (correct + 2 * mean) / (n + 2)
        variance = float((shrunk * (1 - shrunk) / (n * (1 - n / (n + 2) ** 2))).sum()) / k**2
        n_effective = mean * (1 - mean) / variance
    else:
        n_effective = k**2 / float((1 / n).sum())
    return wilson(mean, n_effective)


def f1_score(hits: int, union: int) -> Estimate:
    """Interval of a class's F1: `hits` right answers among the `union` images that are of the class or taken for it.

    Given the union, hits are a binomial count, and F1 = 2 J / (1 + J) of its share J: Wilson's limits, mapped.
    """
    share = wilson(hits / union, union)
    value, low, high = (2 * j / (1 + j) for j in (share.value, share.low, share.high))
    return Estimate(value, low, high)


def macro_f1(confusion: NDArray[np.integer]) -> Estimate:
    """Interval of the mean F1 over the classes that have an image; (k, k) counts, rows the true classes.

    The variance is the delta method's (Takahashi et al. 2022, Applied Intelligence 52:4961); the limits are Wilson's at
    the sample size that has it. Where it is nothing, as for a network that is always right, the sample is all images.
    """
    counts = confusion.astype(np.float64)
    n, tested = counts.sum(), counts.sum(axis=1) > 0
    sums = counts.sum(axis=0) + counts.sum(axis=1)
    f1 = np.divide(2 * counts.diagonal(), sums, out=np.zeros(len(counts)), where=sums > 0)
    slope = np.where(tested, np.divide(1, sums, out=np.zeros(len(counts)), where=sums > 0), 0) * n / tested.sum()
    gradient = -(slope * f1)[:, None] - (slope * f1)[None, :]
    gradient[np.diag_indices(len(counts))] += 2 * slope
    p = counts / n
    variance = float((p * gradient**2).sum() - (p * gradient).sum() ** 2) / n
    mean = float(f1[tested].mean())
    return wilson(mean, mean * (1 - mean) / variance if variance > 0 and 0 < mean < 1 else float(n))


def paired_difference(only_first: int, only_second: int, n: int) -> Estimate:
    """Interval of the difference of two shares of right answers on the same n images, first minus second.

    `only_first` images are right in the first alone, `only_second` in the second alone. Bonett and Price (2012, J.
    Educational and Behavioral Statistics 37:479): Wald's interval after one more image of each kind.
    """
    first, second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    half = Z * math.sqrt((first + second - (first - second) ** 2) / (n + 2))
    middle = first - second
    return Estimate((only_first - only_second) / n, max(-1.0, middle - half), min(1.0, middle + half))


def _gamma_quantile(z: float, mean: float, variance: float) -> float:
    """Quantile of the gamma distribution with this mean and variance (Wilson and Hilferty 1931)."""
    if variance <= 0:
        return mean
    shape = mean * mean / variance
    return mean * max(0.0, 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))) ** 3


def mean_loss(losses: NDArray[np.floating]) -> Estimate:
    """Gamma interval of a mean of non-negative, skewed losses, in nats (Fay and Feuer 1997, Stat. Med. 16:791).

    The upper limit adds one image of the worst loss seen, and of `CONFIDENT_MISTAKE` at least: in a hundred images an
    accurate network may show no mistake, and then neither the spread nor any resampling knows how much one costs.
    """
    n, mean = len(losses), float(losses.mean())
    variance = float(losses.var(ddof=1)) / n if n > 1 else mean * mean
    worst = max(float(losses.max()), CONFIDENT_MISTAKE) / n
    return Estimate(mean, _gamma_quantile(-Z, mean, variance), _gamma_quantile(Z, mean + worst, variance + worst**2))


def calibration(confidence: NDArray[np.floating], correct: NDArray[np.bool_], seed: int) -> Estimate:
    """Expected calibration error over 15 equal-width bins, and the interval of the true one.

    The observed error is biased upwards (the absolute value of noise is not zero), so resampling the images covers the
    truth rarely. Instead, hypotheses are simulated: the accuracy in bin b is `confidence_b + scale * direction_b`. At
    scale 0 this is consistency resampling (Bröcker and Smith 2007, Weather and Forecasting 22:651). The interval holds
    the errors of the hypotheses under which the observed one is in neither 2.5 % tail. The directions: the gaps
    observed, and the same gap everywhere, upwards and downwards. The interval may lie below the value.
    """
    bins = np.clip(np.ceil(confidence * N_BINS).astype(np.int64) - 1, 0, N_BINS - 1)  # (0, 1/15], (1/15, 2/15], ...
    counts = np.bincount(bins, minlength=N_BINS)
    used = counts > 0
    n = counts[used]
    mean_confidence = np.clip(np.bincount(bins, confidence, N_BINS)[used] / n, 0, 1)
    gap = np.bincount(bins, correct, N_BINS)[used] / n - mean_confidence
    observed = float(np.abs(gap) @ n / n.sum())
    low, high = math.inf, 0.0
    for direction in (gap, np.ones_like(gap), -np.ones_like(gap)):
        hypotheses = _Hypotheses(mean_confidence, n, direction, seed)
        low = min(low, hypotheses.error_where_tail_reached(observed, upper=True))
        high = max(high, hypotheses.error_where_tail_reached(observed, upper=False))
    return Estimate(observed, min(low, high), high)


@dataclass(frozen=True)
class _Hypotheses:
    """The line of hypotheses `accuracy_b = confidence_b + scale * direction_b`, clipped to [0, 1]; scale >= 0."""

    confidence: NDArray[np.float64]
    n: NDArray[np.int64]
    direction: NDArray[np.float64]
    seed: int

    def _error_and_simulated(self, scale: float) -> tuple[float, NDArray[np.float64]]:
        accuracy = np.clip(self.confidence + scale * self.direction, 0, 1)
        # The same generator for every scale: common random numbers make the tails smooth in the scale.
        correct = np.random.default_rng(self.seed).binomial(self.n, accuracy, (1000, len(self.n)))
        simulated = np.abs(correct - self.confidence * self.n).sum(axis=1) / self.n.sum()
        return float(np.abs(accuracy - self.confidence) @ self.n / self.n.sum()), simulated

    def error_where_tail_reached(self, observed: float, upper: bool) -> float:
        """The smallest error (upper=True) or the largest one that does not put `observed` into a 2.5 % tail."""
        begin, end = 0.0, 1 / max(float(np.abs(self.direction).max()), 1e-9)
        for step in range(16):
            middle = (begin + end) / 2 if step else 0.0
            error, simulated = self._error_and_simulated(middle)
            if upper:
                inside = bool((simulated >= observed - 1e-12).mean() > 0.025)
                if inside and step == 0:
                    return 0.0
                begin, end = (begin, middle) if inside else (middle, end)
            else:
                inside = bool((simulated <= observed + 1e-12).mean() > 0.025)
                begin, end = (middle, end) if inside or step == 0 else (begin, middle)
        return error
