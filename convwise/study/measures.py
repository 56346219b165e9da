"""From the answers of the trainings of one block to readings: a candidate's metric minus the unchanged network's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convwise.study.estimates import Reading

Metric = Literal["accuracy", "mean_class_accuracy", "log_loss"]
UNEVEN = 5.0  # times as many images in the largest class as in the smallest: mean class accuracy is the usual metric
_LEAST = 1e-6  # of a probability; half precision has nothing between 6e-8 and 0
_TEMPERATURES = np.geomspace(0.25, 4.0, 49)


@dataclass(frozen=True, eq=False)
class Judged:
    """The images that a block is judged by: `labels` (n,) of `n_classes`."""

    labels: NDArray[np.integer[Any]]
    n_classes: int

    def worths(self, metric: Metric) -> NDArray[np.float64]:
        """(n,): the points that each image is worth: 100 / n for accuracy; 100 / (classes x images of its class)."""
        if metric == "mean_class_accuracy":
            counts = np.bincount(self.labels, minlength=self.n_classes)
            return np.asarray(100 / ((counts > 0).sum() * counts[self.labels]))
        return np.full(len(self.labels), 100 / len(self.labels))


@dataclass(frozen=True, eq=False)
class Scores:
    """What one training makes of the images.

    `right` (n,); `loss`, the mean log loss after temperature scaling; `losses` (n,), the log loss of each as it is.
    """

    right: NDArray[np.bool_]
    loss: float
    losses: NDArray[np.float64]

    @classmethod
    def of(cls, probabilities: NDArray[np.float64], labels: NDArray[np.integer[Any]]) -> Scores:
        """From (n, classes) probabilities. The temperature of one half of the images is fitted on the other."""
        right = probabilities.argmax(axis=1) == labels
        own = -np.log(np.maximum(probabilities[np.arange(len(labels)), labels], _LEAST))
        return cls(right, _tempered(probabilities, labels), own)

    @property
    def raw_loss(self) -> float:
        """The mean log loss as it is."""
        return float(self.losses.mean())

    def value(self, judged: Judged, metric: Metric) -> float:
        """Points of accuracy, or nats."""
        return self.raw_loss if metric == "log_loss" else float((judged.worths(metric) * self.right).sum())


def reading(candidate: Scores, unchanged: Sequence[Scores], judged: Judged, metric: Metric) -> Reading:
    """The candidate's difference to the mean of the unchanged trainings, higher being better for every metric."""
    value = candidate.value(judged, metric) - float(np.mean([each.value(judged, metric) for each in unchanged]))
    if metric == "log_loss":
        return Reading(-value)
    worths = judged.worths(metric)
    churn = float(np.mean([(worths[candidate.right != each.right] ** 2).sum() for each in unchanged]))
    score = candidate.loss - float(np.mean([each.loss for each in unchanged]))
    return Reading(value, score, churn, float(worths.max()))


def image_effects(
    candidate: Scores, unchanged: Sequence[Scores], judged: Judged, metric: Metric
) -> NDArray[np.float64]:
    """(n,): what the change does to each image; their mean is the `difference` of the `reading`."""
    if metric == "log_loss":
        return np.asarray(np.mean([each.losses for each in unchanged], axis=0) - candidate.losses)
    gains = candidate.right - np.mean([each.right for each in unchanged], axis=0)
    return np.asarray(len(judged.labels) * judged.worths(metric) * gains)


def usual_metric(counts: Sequence[int]) -> Metric:
    """Mean class accuracy where the largest class has more than five times the images of the smallest."""
    return "mean_class_accuracy" if max(counts) > UNEVEN * max(1, min(counts)) else "accuracy"


def _tempered(probabilities: NDArray[np.float64], labels: NDArray[np.integer[Any]]) -> float:
    """The mean log loss with each half scaled by the temperature of the other (Guo et al. 2017, section 4.2)."""
    if len(labels) < 2:
        return math.nan
    logs = np.log(np.maximum(probabilities, _LEAST))
    halves = np.arange(len(labels)) % 2 == 0
    losses = np.empty(len(labels))
    for half in (halves, ~halves):
        losses[half] = _losses(logs[half], labels[half], _temperature(logs[~half], labels[~half]))
    return float(losses.mean())


def _temperature(logs: NDArray[np.float64], labels: NDArray[np.integer[Any]]) -> float:
    losses = [_losses(logs, labels, float(t)).mean() for t in _TEMPERATURES]
    best = int(np.argmin(losses))
    return float(_TEMPERATURES[best])


def _losses(logs: NDArray[np.float64], labels: NDArray[np.integer[Any]], temperature: float) -> NDArray[np.float64]:
    scaled = logs / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    total = np.log(np.exp(scaled).sum(axis=1))
    return np.asarray(total - scaled[np.arange(len(labels)), labels])
