"""How often each 95 % interval of `evaluate` holds the truth, by simulation: `python benchmarks/interval_coverage.py`.

A network is simulated: logits with a margin for the true class that differs between classes, and a temperature that
makes it calibrated (1) or overconfident (2). The truth of each metric is taken from 200,000 images with equal classes.
"""

import sys
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import METRICS, evaluate

N_POPULATION = 200_000


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
    """The mean margin with this accuracy, by bisection."""
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


def coverage(k: int, accuracy: float, temperature: float, n: int, repeats: int) -> dict[str, float]:
    names = [str(i) for i in range(k)]
    margin = margin_for(accuracy, k)
    rng = np.random.default_rng(2)
    chunk = N_POPULATION // 2
    truths = []
    for _ in range(2):
        labels = np.arange(chunk) % k
        truths.append(evaluate(labels, simulate(rng, labels, k, margin, temperature), names, split="all"))
    truth = {metric: float(np.mean([getattr(e, metric).value for e in truths])) for metric in METRICS}
    held: Counter[str] = Counter()
    for repeat in range(repeats):
        labels = np.arange(n) % k  # a stratified test set
        result = evaluate(labels, simulate(rng, labels, k, margin, temperature), names, split="test", seed=repeat)
        for metric in METRICS:
            estimate = getattr(result, metric)
            held[metric] += estimate.low - 1e-9 <= truth[metric] <= estimate.high + 1e-9
    return {metric: held[metric] / repeats for metric in METRICS}


def main(repeats: int = 500) -> None:
    print(f"{repeats} repeats; the simulation error of a coverage of 0.95 is {(0.95 * 0.05 / repeats) ** 0.5:.3f}")
    print(f"{'k':>4} {'accuracy':>8} {'temperature':>11} {'n':>5}  " + "  ".join(f"{m:>19}" for m in METRICS))
    for k in (4, 101):
        for accuracy in (0.5, 0.9, 0.99):
            for temperature in (1.0, 2.0):
                for n in (101, 303, 1010):
                    held = coverage(k, accuracy, temperature, n, repeats)
                    numbers = "  ".join(f"{held[m]:19.3f}" for m in METRICS)
                    print(f"{k:4d} {accuracy:8} {temperature:11} {n:5d}  {numbers}", flush=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
