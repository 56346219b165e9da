"""How sure a network is of its answers, against how often it is right; and which labels its answers cast doubt on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.intervals import N_BINS, Estimate, wilson
from convwise.report.table import Cell, Table, count, numbers, percent, share

JUDGE = 0.85  # of the answers of a class as sure as one: so many must be right before it casts doubt on a label


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network answered for n images: `paths` and `labels` (n,), `probabilities` (n, k), `class_names` k."""

    paths: tuple[str, ...]
    labels: NDArray[np.integer]
    probabilities: NDArray[np.float64]
    class_names: tuple[str, ...]

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(n,): the most probable class of each."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,): whether that is the label."""
        return np.asarray(self.predicted == self.labels)

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(n,): the probability of the most probable class."""
        return np.asarray(self.probabilities.max(axis=1), np.float64)

    def position(self, path: str) -> int | None:
        """Where the image stands; None where it is not among them."""
        return self.paths.index(path) if path in self.paths else None


@dataclass(frozen=True)
class Bin:
    """Answers of about one confidence: from `low` to `high`, n of them, their mean confidence, the share right."""

    low: float
    high: float
    n: int
    confidence: float
    right: Estimate


def reliability(answers: Answers) -> tuple[Bin, ...]:
    """The bins of the calibration error that hold answers: 15 of equal width, (0, 1/15] and so on."""
    numbers_ = np.clip(np.ceil(answers.confidence * N_BINS).astype(np.int64) - 1, 0, N_BINS - 1)
    found = []
    for number in np.unique(numbers_):
        inside = numbers_ == number
        n, right = int(inside.sum()), float(answers.right[inside].mean())
        mean = float(answers.confidence[inside].mean())
        found.append(Bin(number / N_BINS, (number + 1) / N_BINS, n, mean, wilson(right, n)))
    return tuple(found)


def reliability_table(bins: tuple[Bin, ...]) -> Table:
    """A line for each bin."""
    rows = [
        (Cell(f"{100 * each.low:.0f} to {100 * each.high:.0f} %", each.low), count(each.n), share(each.confidence),
         share(each.right))
        for each in bins
    ]  # fmt: skip
    columns = numbers("probability given", "answers", "mean", "share right")
    return Table("how sure it was, and how often it was right", columns, tuple(rows))


def how_sure(answers: Answers) -> str:
    """A sentence: what the network says of itself on average, and what is so."""
    says, n = float(answers.confidence.mean()), len(answers.labels)
    found = wilson(float(answers.right.mean()), n)
    if found.low <= says <= found.high:
        verdict = "It is about as sure as it is right"
    else:
        verdict = "It is surer than it is right" if says > found.value else "It is less sure than it is right"
    return f"{verdict}: {percent(says)} on average, and {percent(found.value)} of its answers are right"


@dataclass(frozen=True)
class Doubt:
    """A wrong answer, by position, in which the network may be right; `right` of the `n` answers as sure as it are."""

    position: int
    n: int
    right: int


def label_doubts(answers: Answers) -> tuple[Doubt, ...]:
    """The wrong answers in which the network may be right and the label wrong, the surest first.

    An image counts where its answer is as probable as that class is, on average, for the images that are labelled with
    it (confident learning: Northcutt, Jiang and Chuang 2021, JAIR 70:1373, equation 2), and where answers of the same
    class as sure as this one are right in 85 of 100 at least, by the lower limit: a network that is as sure when it
    errs is no judge.
    """
    found = []
    for taken in range(len(answers.class_names)):
        own = np.flatnonzero(answers.predicted == taken)
        order = own[np.argsort(-answers.confidence[own], kind="stable")]
        hits, sure, usual = np.cumsum(answers.right[order]), -answers.confidence[order], _usual(answers, taken)
        for i in order[~answers.right[order]].tolist():
            n = int(np.searchsorted(sure, -answers.confidence[i], side="right"))  # the equally sure count too
            right = int(hits[n - 1])
            if wilson(right / n, n).low >= JUDGE and answers.probabilities[i, taken] >= usual:
                found.append(Doubt(i, n, right))
    return tuple(sorted(found, key=lambda each: (-answers.confidence[each.position], each.position)))


def _usual(answers: Answers, label: int) -> float:
    """What the class is given, on average, for its own images; out of reach where it has none."""
    own = answers.labels == label
    return float(answers.probabilities[own, label].mean()) if own.any() else math.inf
