"""The 95 % intervals of an evaluation, one method per metric. NumPy only.

Coverage by simulation (benchmarks/interval_coverage.py; even classes, and classes of 1000:5, 250:2 and 20:3:3 images;
calibrated and overconfident networks; accuracy 0.5, 0.9 and 0.99): docs/explanation/protocol.md has the table.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
N_BINS = 15
TAIL = 0.025
SIMULATED = 1000
_HARMONICS = np.arange(1, 256, 2)  # the even ones vanish

METHODS = {
    "accuracy": "Wilson (1927) score interval",
    "mean_class_accuracy": "Clopper and Pearson (1934), for a mean over classes along its likeliest recalls",
    "top5_accuracy": "Wilson (1927) score interval",
    "log_loss": "gamma interval (Fay and Feuer 1997), with a mistake at the network's own price",
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

    An exact test, as Clopper and Pearson's (1934, Biometrika 26:404), inverted: the interval holds the means under
    which the observed one is in neither 2.5 % tail. With one class it is theirs. With more, many recalls have the same
    mean; the test takes the likeliest ones (a least favourable family: DiCiccio and
    Romano 1990, Int. Stat. Rev. 58:59). They go by the images of the class and four more with the mean recall, because
    three right of three are no proof of certainty. A class of few images then gives way first, as it should: plug-in
    variances (Korn and Graubard 1998) take it at its word, and cover 75 % with classes of 250 and 2 images.
    """
    right, n = correct.astype(np.float64), support.astype(np.float64)
    mean = float((right / n).mean())
    return Estimate(mean, min(mean, _least_mean(right, n)), max(mean, 1 - _least_mean(n - right, n)))


def _least_mean(correct: NDArray[np.float64], n: NDArray[np.float64]) -> float:
    """The smallest mean recall under which one as high as observed has a chance of 2.5 %."""
    mean = float((correct / n).mean())
    if mean == 0:
        return 0.0
    right, wrong = correct + 4 * mean, n - correct + 4 * (1 - mean)
    # Half a step below: what is observed counts in full, also where another class's scatter parts it from its equals.
    reached = mean - 0.5 / (len(n) * float(n[correct > 0].min()))
    begin, end = 0.0, 1.0
    while _chance_of_mean(_likeliest(right, wrong, end), n, reached) > TAIL:
        begin, end = end, 2 * end
    for _ in range(14):
        middle = (begin + end) / 2
        inside = _chance_of_mean(_likeliest(right, wrong, middle), n, reached) > TAIL
        begin, end = (middle, end) if inside else (begin, middle)
    return float(_likeliest(right, wrong, end).mean())


def _likeliest(right: NDArray[np.float64], wrong: NDArray[np.float64], pull: float) -> NDArray[np.float64]:
    """The recalls of the highest likelihood among those of equal mean; the higher `pull` >= 0, the lower this mean.

    By Lagrange's condition right / p - wrong / (1 - p) = pull in each class.
    """
    total = right + wrong + pull
    return np.minimum(1.0, 2 * right / (total + np.sqrt(np.maximum(total**2 - 4 * pull * right, 0))))


def _chance_of_mean(recalls: NDArray[np.float64], n: NDArray[np.float64], reached: float) -> float:
    """Chance that the mean recall seen in n images of each class reaches `reached`, by its characteristic function.

    Gil-Pelaez (1951, Biometrika 38:481) as a Fourier series over the range that matters. The highest terms are damped,
    which smooths the steps of the distribution by a fraction of its spread.
    """
    spread = math.sqrt(float((recalls * (1 - recalls) / n).sum())) / len(n)
    reach = min(1.0, abs(float(recalls.mean()) - reached) + 8 * spread + 1e-9)
    frequency = math.pi * _HARMONICS / reach
    angle = frequency[:, None] / (n * len(n))
    cosine, sine = np.cos(angle), np.sin(angle)
    log_size = np.log1p(np.maximum(-2 * recalls * (1 - recalls) * (1 - cosine), 1e-12 - 1)) @ n / 2
    phase = np.arctan2(recalls * sine, 1 - recalls + recalls * cosine) @ n
    damping = 8 * (_HARMONICS / _HARMONICS[-1]) ** 2
    terms = np.exp(log_size - damping) * np.sin(phase - frequency * reached) / _HARMONICS
    return 0.5 + 2 / math.pi * float(terms.sum())


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
    the sample size that has it. A network that is always right has none; its sample is one in which a mistake moves a
    share as far as one between the two smallest classes would move this mean. With one to three images per class the
    mean itself is biased, and the interval holds the truth rarely: 16 to 73 % with 101 classes of one image.
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
    if variance > 0 and 0 < mean < 1:
        return wilson(mean, mean * (1 - mean) / variance)
    sizes = np.sort(counts.sum(axis=1)[tested])
    if mean < 1 or len(sizes) == 1:
        return wilson(mean, float(n))
    return wilson(1.0, len(sizes) / float(1 / (2 * sizes[0] - 1) + 1 / (2 * sizes[1] + 1)))


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


def mean_loss(losses: NDArray[np.floating], mistake: float) -> Estimate:
    """Gamma interval of a mean of non-negative, skewed losses, in nats (Fay and Feuer 1997, Stat. Med. 16:791).

    The upper limit adds one image of the worst loss seen, and of `mistake` at least, which `mistake_cost` tells: in a
    hundred images an accurate network may show no mistake, and then neither the spread nor any resampling knows how
    much one costs. The mean is that of the images seen: classes count by their shares of them.
    """
    n, mean = len(losses), float(losses.mean())
    variance = float(losses.var(ddof=1)) / n if n > 1 else mean * mean
    worst = max(float(losses.max()), mistake) / n
    return Estimate(mean, _gamma_quantile(-Z, mean, variance), _gamma_quantile(Z, mean + worst, variance + worst**2))


def mistake_cost(costs: NDArray[np.floating], error: float) -> float:
    """What one more mistake of a network is to be reckoned with, in nats.

    `costs` (n, n_classes): what each answer would cost if it were the right one, -log of its probability. The network
    is taken at the temperature (Guo et al. 2017, equation 9) at which the share `error` of its answers is wrong: an
    overconfident network is a hot one, and its mistakes cost much. The mean cost of these mistakes is weighted by the
    cost itself, which gives the ratio of second to first moment that a sum of them has (a compound Poisson's).
    """
    above = costs - costs.min(axis=1, keepdims=True)
    top = np.arange(len(costs)), costs.argmin(axis=1)

    def wrong_at(temperature: float) -> NDArray[np.float64]:
        weights = np.exp(-above / temperature)
        weights /= weights.sum(axis=1, keepdims=True)
        weights[top] = 0
        return np.asarray(weights)

    coldest, hottest = math.log(0.2), math.log(100)
    for _ in range(12):
        middle = (coldest + hottest) / 2
        is_cold = float(wrong_at(math.exp(middle)).sum()) < error * len(costs)
        coldest, hottest = (middle, hottest) if is_cold else (coldest, middle)
    weighted = wrong_at(math.exp(hottest)) * costs
    return float((weighted * costs).sum() / max(float(weighted.sum()), 1e-300))


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
        share, accuracy = self.n / self.n.sum(), np.clip(self.confidence + scale * self.direction, 0, 1)
        gap = np.abs(accuracy - self.confidence)
        error = float(gap @ share)
        # The same generator for every scale: common random numbers make the tails smooth in the scale.
        random = np.random.default_rng(self.seed)
        # How many images fall into each bin is chance as well.
        chance = math.sqrt(max(float(gap**2 @ share) - error**2, 0) / self.n.sum()) * random.normal(size=SIMULATED)
        # Bin by bin, which takes NumPy a quarter of the time of one image set after the other.
        correct = random.binomial(self.n[:, None], accuracy[:, None], (len(self.n), SIMULATED))
        simulated = np.abs(correct - (self.confidence * self.n)[:, None]).sum(axis=0) / self.n.sum() + chance
        return error, simulated

    def error_where_tail_reached(self, observed: float, upper: bool) -> float:
        """The smallest error (upper=True) or the largest one that does not put `observed` into a 2.5 % tail.

        Infinite where each puts it into the upper tail: the accuracies of a confident network soon meet 1 on the way
        up, where the error is still small.
        """
        begin, end = 0.0, 1 / max(float(np.abs(self.direction).max()), 1e-9)
        seen = False
        for step in range(16):
            middle = (begin + end) / 2 if step else 0.0
            error, simulated = self._error_and_simulated(middle)
            if upper:
                inside = bool((simulated >= observed - 1e-12).mean() > TAIL)
                if inside and step == 0:
                    return 0.0
                begin, end = (begin, middle) if inside else (middle, end)
                seen = seen or inside
            else:
                inside = bool((simulated <= observed + 1e-12).mean() > TAIL)
                begin, end = (middle, end) if inside or step == 0 else (begin, middle)
        return error if seen or not upper else math.inf
