"""Runs against each other on the same images: paired differences with intervals, and where their answers part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import log_losses
from convwise.html_repr import ShownAsHtml
from convwise.intervals import Estimate, paired_difference, wilson
from convwise.names import counted, shown
from convwise.report.confidence import Answers
from convwise.report.table import Cell, Table, count, numbers, percent, points, share, words


@dataclass(frozen=True)
class Difference:
    """What a run does better or worse than the first one, on the same images.

    Attributes:
        first: Name of the first run.
        other: Name of the run that is set against it.
        accuracy: Accuracy of the other minus that of the first, -1 to 1.
        log_loss: Log loss of the other minus that of the first, in nats; below 0 is better.
        both_right: Images that both recognise.
        only_first: Images that the first alone recognises.
        only_other: Images that the other alone recognises.
        neither: Images that none of the two recognises.

    Example:
        >>> import convwise
        >>> comparison = convwise.compare("runs/first", "runs/second")
        >>> difference = comparison.differences[0]
        >>> difference.accuracy.low <= difference.accuracy.value <= difference.accuracy.high
        True
    """

    first: str
    other: str
    accuracy: Estimate
    log_loss: Estimate
    both_right: int
    only_first: int
    only_other: int
    neither: int

    @property
    def sentence(self) -> str:
        """What is shown, in words."""
        accuracy = self.accuracy
        said = f"{points(accuracy).text} points ({points(accuracy).detail})"
        if accuracy.low > 0 or accuracy.high < 0:
            verdict = "more often right" if accuracy.value > 0 else "less often right"
            return f"{shown(self.other)} is {verdict} than {shown(self.first)}: {said}"
        return f"No difference in accuracy is shown between {shown(self.other)} and {shown(self.first)}: {said}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**vars(self), "accuracy": self.accuracy.to_dict(), "log_loss": self.log_loss.to_dict()}


@dataclass(frozen=True)
class Parting:
    """An image that some of the runs recognise and others do not.

    Attributes:
        path: The picture, relative to the folder.
        label: Its class.
        answers: By run: the answer.
        probabilities: By run: what it gave its answer, 0 to 1.

    Example:
        >>> from convwise.report.comparison import Parting
        >>> Parting("a/1.png", "a", {"x": "a", "y": "b"}, {"x": 0.9, "y": 0.6}).right
        ('x',)
    """

    path: str
    label: str
    answers: Mapping[str, str]
    probabilities: Mapping[str, float]

    @property
    def right(self) -> tuple[str, ...]:
        """The runs that recognise it."""
        return tuple(name for name, answer in self.answers.items() if answer == self.label)


@dataclass(frozen=True)
class Comparison(ShownAsHtml):
    """Runs compared on the same test images.

    Attributes:
        runs: Their names, the first one the one that the others are set against.
        n: Number of images.
        accuracies: By run: the accuracy on these images.
        differences: Of each other run to the first.
        partings: The images that some recognise and others do not, the surest answers first.
        notes: What is to be said about the images, a line each.
        epochs: By run: the rows of its epochs.

    Example:
        >>> import convwise
        >>> convwise.compare("runs/first", "runs/second").runs
        ('runs/first', 'runs/second')
    """

    runs: tuple[str, ...]
    n: int
    accuracies: Mapping[str, Estimate]
    differences: tuple[Difference, ...]
    partings: tuple[Parting, ...]
    notes: tuple[str, ...] = ()
    epochs: Mapping[str, tuple[Mapping[str, float], ...]] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"<Comparison of {counted(len(self.runs), 'run')} on {counted(self.n, 'image')}>"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "runs": list(self.runs),
            "n": self.n,
            "accuracies": {name: estimate.to_dict() for name, estimate in self.accuracies.items()},
            "differences": [each.to_dict() for each in self.differences],
            "partings": [{**vars(each), "right": list(each.right)} for each in self.partings],
            "notes": list(self.notes),
        }


def compared(
    answers: Mapping[str, Answers],
    notes: tuple[str, ...],
    epochs: Mapping[str, tuple[Mapping[str, float], ...]],
) -> Comparison:
    """The comparison of answers, by run, for the same images in the same order. The first run is the reference."""
    names = tuple(answers)
    first = answers[names[0]]
    return Comparison(
        runs=names,
        n=len(first.labels),
        accuracies={name: wilson(float(each.right.mean()), len(each.labels)) for name, each in answers.items()},
        differences=tuple(difference(names[0], first, name, answers[name]) for name in names[1:]),
        partings=_partings(answers),
        notes=notes,
        epochs=epochs,
    )


def difference(first: str, base: Answers, other: str, answers: Answers) -> Difference:
    """Of two runs' answers for the same images."""
    a, b = base.right, answers.right
    only_first, only_other = int((a & ~b).sum()), int((b & ~a).sum())
    losses = log_losses(answers.probabilities, answers.labels) - log_losses(base.probabilities, base.labels)
    return Difference(
        first=first,
        other=other,
        accuracy=paired_difference(only_other, only_first, len(a)),
        log_loss=_mean(losses),
        both_right=int((a & b).sum()),
        only_first=only_first,
        only_other=only_other,
        neither=int((~a & ~b).sum()),
    )


def differences_table(comparison: Comparison) -> Table:
    """A line for each run: its accuracy, its difference to the first, and who alone is right."""
    reference = comparison.runs[0]
    empty = (Cell(""),) * 4
    rows = [(Cell(reference), share(comparison.accuracies[reference]), *empty)]
    for each in comparison.differences:
        loss = each.log_loss
        found = Cell(f"{loss.value:+.3f}", loss.value, f"{loss.low:+.3f} to {loss.high:+.3f}")
        alone = (count(each.only_other), count(each.only_first))
        rows.append((Cell(each.other), share(comparison.accuracies[each.other]), points(each.accuracy), found, *alone))
    columns = (*words("run"), *numbers("accuracy", "points", "log loss", "it alone right", "first alone right"))
    images = counted(comparison.n, "test image")
    return Table(f"{len(comparison.runs)} runs on the same {images}, each against the first", columns, tuple(rows))


def partings_table(comparison: Comparison, most: int = 10) -> Table:
    """The images on which they part, with each run's answer."""
    listed = comparison.partings[:most]
    rows = [(Cell(each.label), *(_answer(each, name) for name in comparison.runs), Cell(each.path)) for each in listed]
    title = f"{len(listed)} of the {counted(len(comparison.partings), 'image')} on which they part"
    return Table(title, (*words("is", *comparison.runs, "image"),), tuple(rows))


def _answer(parting: Parting, name: str) -> Cell:
    mark = "right" if parting.answers[name] == parting.label else shown(parting.answers[name])
    return Cell(f"{mark}, {percent(parting.probabilities[name])}", parting.probabilities[name])


def _partings(answers: Mapping[str, Answers]) -> tuple[Parting, ...]:
    right = np.array([each.right for each in answers.values()])
    apart = np.flatnonzero(right.any(axis=0) & ~right.all(axis=0))
    surest = np.array([each.confidence for each in answers.values()]).min(axis=0)[apart]
    base = next(iter(answers.values()))
    return tuple(
        Parting(
            base.paths[i],
            base.class_names[base.labels[i]],
            {name: each.class_names[each.predicted[i]] for name, each in answers.items()},
            {name: float(each.confidence[i]) for name, each in answers.items()},
        )
        for i in apart[np.argsort(-surest, kind="stable")]
    )


def _mean(values: NDArray[np.float64]) -> Estimate:
    """Student's interval of a mean."""
    n, mean = len(values), float(values.mean())
    if n < 2:
        return Estimate(mean, mean, mean)
    from scipy import stats

    half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half)
