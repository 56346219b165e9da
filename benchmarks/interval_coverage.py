"""How often each 95 % interval of `evaluate` holds the truth, by simulation: `python benchmarks/interval_coverage.py`.

A network is simulated: logits with a margin for the true class that differs between classes, and a temperature that
makes it calibrated (1) or overconfident (2). The test set has the sizes given; classes are easier the later they are
named. The truth of each metric is computed here, from 200,000 images, with the classes in the shares of the test set.
Each cell tells the share of intervals that hold the truth, the shares that lie above it and below it, and their mean
width. `python benchmarks/interval_coverage.py 100 uneven`: 100 repeats, the uneven sizes alone (or: even).
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import METRICS, Evaluation, evaluate, log_losses
from convwise.intervals import N_BINS, Estimate, macro_f1

N_POPULATION = 200_000
SHOWN = (*METRICS, "macro_f1")
UNEVEN = ((1000, 5), (5, 1000), (250, 2), (2, 250), (20, 3, 3), (3, 3, 20), (100, 100), (50,) * 4, (10,) * 101)


@dataclass(frozen=True)
class Setting:
    """A simulated network and the number of test images of each class."""

    sizes: tuple[int, ...]
    accuracy: float
    temperature: float

    @property
    def labels(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    def __str__(self) -> str:
        k, n = len(self.sizes), sum(self.sizes)
        sizes = f"{k} classes" if k > 4 or len(set(self.sizes)) == 1 else ":".join(map(str, self.sizes))
        return f"{sizes:>11} {n:5d} {self.accuracy:8} {self.temperature:11}"


@dataclass
class Tally:
    """What became of one metric's intervals."""

    above: list[bool] = field(default_factory=list)
    below: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    def add(self, estimate: Estimate, truth: float) -> None:
        self.above.append(estimate.low - 1e-9 > truth)
        self.below.append(estimate.high + 1e-9 < truth)
        self.widths.append(estimate.high - estimate.low)

    @property
    def held(self) -> float:
        return float(1 - np.mean(self.above) - np.mean(self.below))

    def __str__(self) -> str:
        return f"{self.held:.3f} {np.mean(self.above):.3f} {np.mean(self.below):.3f} {np.mean(self.widths):.3f}"


def settings(which: str) -> Iterator[Setting]:
    even = [tuple(n // k + (i < n % k) for i in range(k)) for k in (4, 101) for n in (101, 303, 1010)]
    for sizes in [*(even if which != "uneven" else ()), *(UNEVEN if which != "even" else ())]:
        for accuracy in (0.5, 0.9, 0.99):
            for temperature in (1.0, 2.0):
                yield Setting(sizes, accuracy, temperature)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = exp / exp.sum(axis=1, keepdims=True)
    return result


def simulate(
    rng: np.random.Generator, labels: NDArray[np.int64], k: int, margin: float, temperature: float
) -> NDArray[np.float64]:
    """Probabilities for these labels. Margins between 0.7 and 1.3 of the mean one: classes are not equally hard."""
    logits = rng.normal(size=(len(labels), k))
    logits[np.arange(len(labels)), labels] += margin * np.linspace(0.7, 1.3, k)[labels]
    return softmax(logits * margin * temperature)


def margin_for(accuracy: float, k: int) -> float:
    """The mean margin with this accuracy over equal classes, by bisection."""
    rng = np.random.default_rng(1)
    noise, labels = rng.normal(size=(20_000, k)), rng.integers(0, k, 20_000)
    factor = np.linspace(0.7, 1.3, k)[labels]
    low, high = 0.0, 12.0
    for _ in range(30):
        margin = (low + high) / 2
        logits = noise.copy()
        logits[np.arange(len(labels)), labels] += margin * factor
        low, high = (margin, high) if (logits.argmax(axis=1) == labels).mean() < accuracy else (low, margin)
    return low


def truths(rng: np.random.Generator, setting: Setting, margin: float) -> dict[str, float]:
    """Each metric in a population with the classes in the shares of the test set."""
    k = len(setting.sizes)
    share = np.array(setting.sizes) / sum(setting.sizes)
    recall, top5, loss, gaps = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(N_BINS)
    confusion = np.zeros((k, k))
    for c in range(k):
        labels = np.full(N_POPULATION // k, c)
        p = simulate(rng, labels, k, margin, setting.temperature)
        confidence, right = p.max(axis=1), p.argmax(axis=1) == c
        recall[c], loss[c] = right.mean(), log_losses(p, labels).mean()
        top5[c] = ((p > p[:, [c]]).sum(axis=1) < 5).mean()
        bins = np.minimum(np.ceil(confidence * N_BINS).astype(int) - 1, N_BINS - 1)
        confusion[c] = share[c] * np.bincount(p.argmax(axis=1), minlength=k) / len(labels)
        gaps += share[c] * np.bincount(bins, right - confidence, N_BINS) / len(labels)
    return {
        "accuracy": float(recall @ share),
        "mean_class_accuracy": float(recall.mean()),
        "top5_accuracy": float(top5 @ share),
        "log_loss": float(loss @ share),
        "calibration_error": float(np.abs(gaps).sum()),
        "macro_f1": float((2 * confusion.diagonal() / (confusion.sum(axis=0) + confusion.sum(axis=1))).mean()),
    }


def estimate_of(metric: str, result: Evaluation) -> Estimate:
    found: Estimate = macro_f1(np.array(result.confusion)) if metric == "macro_f1" else getattr(result, metric)
    return found


def coverage(setting: Setting, repeats: int) -> dict[str, Tally]:
    k = len(setting.sizes)
    names = [str(i) for i in range(k)]
    margin = margin_for(setting.accuracy, k)
    rng = np.random.default_rng(2)
    truth = truths(rng, setting, margin)
    tallies = {metric: Tally() for metric in SHOWN}
    for repeat in range(repeats):
        p = simulate(rng, setting.labels, k, margin, setting.temperature)
        result = evaluate(setting.labels, p, names, split="test", seed=repeat)
        for metric, tally in tallies.items():
            tally.add(estimate_of(metric, result), truth[metric])
    return tallies


def main(repeats: str = "100", which: str = "all") -> None:
    n = int(repeats)
    print(f"{n} repeats; the simulation error of a coverage of 0.95 is {(0.95 * 0.05 / n) ** 0.5:.3f}")
    print("in each cell: intervals that hold the truth, that lie above it, that lie below it; mean width")
    print(f"{'sizes':>11} {'n':>5} {'accuracy':>8} {'temperature':>11}  " + "  ".join(f"{m:>23}" for m in SHOWN))
    held: dict[str, list[float]] = {metric: [] for metric in SHOWN}
    for setting in settings(which):
        tallies = coverage(setting, n)
        print(f"{setting}  " + "  ".join(f"{tallies[metric]}" for metric in SHOWN), flush=True)
        for metric, tally in tallies.items():
            held[metric].append(tally.held)
    for metric, shares in held.items():
        print(f"{metric}: {min(shares):.3f} to {max(shares):.3f}, mean {np.mean(shares):.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
