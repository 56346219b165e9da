"""The classifier of the first stage: multinomial logistic regression on standardised features. NumPy and SciPy only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from convwise.cores import one_thread_for_scipy
from convwise.seeds import generator

# From strong to weak; the choice is coarse because the log loss is flat about its best.
GRID = (1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
_MAX_ITERATIONS = 300
_COARSE = 1e-5  # relative gain of an iteration at which a comparison may stop
_HELD_OUT = 5  # one image in so many


@dataclass(frozen=True, eq=False)
class Head:
    """Scores of features x: (x - mean) / sqrt(variance) @ kernel + bias, with kernel (n_features, n_classes)."""

    mean: NDArray[np.float32]
    variance: NDArray[np.float32]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def log_probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, n_features) -> (n, n_classes)."""
        scores = (_standardised(features, self.mean, self.variance) @ self.kernel + self.bias).astype(np.float64)
        scores -= scores.max(axis=1, keepdims=True)
        logarithms: NDArray[np.float64] = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return logarithms

    def log_loss(self, features: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
        """Mean over the images, in nats."""
        return float(-self.log_probabilities(features)[np.arange(len(labels)), labels].mean())


def fit_head(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    n_classes: int,
    *,
    c: float,
    epsilon: float,
    start: Head | None = None,
    tolerance: float = 1e-6,
) -> Head:
    """The head of least sum of log losses + sum of squares of the kernel / (2 c), by L-BFGS, from `start` on.

    It stops where an iteration gains less than `tolerance` of the whole. Features are standardised over the
    rows given, `epsilon` added to each variance; the bias carries no penalty.
    """
    mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
    variance = (features.var(axis=0, dtype=np.float64) + epsilon).astype(np.float32)
    x = _standardised(features, mean, variance)
    n, d = x.shape
    rows = np.arange(n)
    penalty = 1 / (c * n)

    def objective(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel = flat[: d * n_classes].reshape(d, n_classes)
        scores = x @ kernel.astype(np.float32) + flat[d * n_classes :].astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        of_truth = scores[rows, labels].astype(np.float64)
        np.exp(scores, out=scores)
        totals = scores.sum(axis=1, keepdims=True)
        loss = float((np.log(totals[:, 0].astype(np.float64)) - of_truth).mean())
        scores /= totals
        scores[rows, labels] -= 1
        slope = (x.T @ scores).astype(np.float64) / n + penalty * kernel
        bias_slope = scores.sum(axis=0, dtype=np.float64) / n
        return loss + 0.5 * penalty * float((kernel**2).sum()), np.concatenate([slope.ravel(), bias_slope])

    first = np.zeros(d * n_classes + n_classes)
    if start is not None:
        first = np.concatenate([start.kernel.ravel(), start.bias]).astype(np.float64)
    # The slopes are float32's: below 1e-6 there is only noise.
    limits = {"maxiter": _MAX_ITERATIONS, "ftol": tolerance, "gtol": 1e-6}
    with one_thread_for_scipy():
        found = minimize(objective, first, jac=True, method="L-BFGS-B", options=limits).x.astype(np.float32)
    return Head(mean, variance, found[: d * n_classes].reshape(d, n_classes), found[d * n_classes :])


def held_out(labels: NDArray[np.integer], seed: int) -> NDArray[np.bool_]:
    """(n,): true for one image in five of each class, at least one where it has two or more."""
    random = generator(seed, "held out")
    chosen = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        places = random.permutation(np.flatnonzero(labels == label))
        chosen[places[: max(len(places) // _HELD_OUT, int(len(places) > 1))]] = True
    return chosen


def choose_c(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    n_classes: int,
    *,
    apart: NDArray[np.bool_],
    epsilon: float,
    grid: Sequence[float] = GRID,
) -> dict[float, float]:
    """The log loss on the rows `apart` of heads fitted to the others, by c; from strong penalties on until it rises."""
    losses: dict[float, float] = {}
    head = None
    for c in grid:
        head = fit_head(
            features[~apart], labels[~apart], n_classes, c=c, epsilon=epsilon, start=head, tolerance=_COARSE
        )
        losses[c] = head.log_loss(features[apart], labels[apart])
        if losses[c] > min(losses.values()):
            break
    return losses


def _standardised(
    features: NDArray[np.floating], mean: NDArray[np.float32], variance: NDArray[np.float32]
) -> NDArray[np.float32]:
    return ((features.astype(np.float32) - mean) / np.sqrt(variance)).astype(np.float32)
