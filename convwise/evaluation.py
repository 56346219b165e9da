"""Labels and predicted probabilities -> every metric, each with its 95 % interval. NumPy only."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convwise.html_repr import ShownAsHtml
from convwise.intervals import METHODS, Estimate, calibration, mean_class, mean_loss, mistake_cost, wilson
from convwise.names import counted
from convwise.records import record_of

SMALLEST_PROBABILITY = 1e-7  # log loss clips here: one wrong answer of certainty 1 costs 16.1 nats, not infinity
MAX_MISTAKES = 50
METRICS = tuple(METHODS)
_DERIVED = ("not_tested", "never_right", "intervals")  # written for the reader, and found anew


@dataclass(frozen=True)
class ClassScore:
    """One class's scores; None where one is not defined (no image of the class, or never predicted).

    Attributes:
        name: The class.
        precision: Share of the images predicted as this class that are of it, 0 to 1.
        recall: Share of the images of this class that were predicted as it, 0 to 1.
        f1: Harmonic mean of the two.
        support: Number of images of the class.

    Example:
        >>> from convwise import Run
        >>> [(score.name, score.support) for score in Run.open("runs/first").evaluation.per_class]
        [('circle', 4), ('square', 4), ('star', 4)]
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        path: The picture, relative to the folder.
        label: The true class.
        predicted: The predicted class.
        probability: What the network gave the predicted class, 0 to 1.

    Example:
        >>> from convwise.evaluation import Mistake
        >>> Mistake("star/star_0003.png", "star", "circle", 0.71).predicted
        'circle'
    """

    path: str
    label: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Evaluation(ShownAsHtml):
    """How well a network did on the images of one side of a split.

    Attributes:
        split: The side: "test", "validation", "train" or "all".
        n: Number of images.
        accuracy: Share of right answers, 0 to 1.
        mean_class_accuracy: Mean of the classes' recalls, 0 to 1.
        top5_accuracy: Share of images whose class is among the five most probable, 0 to 1.
        log_loss: Mean of -log(probability of the true class), in nats, with probabilities clipped at 1e-7.
        calibration_error: Mean distance between probability and share of right answers, 0 to 1.
        class_names: The classes, in the order of the probabilities.
        confusion: `confusion[true][predicted]` counts images.
        per_class: The scores of each class.
        mistakes: The worst wrong answers, at most 50.

    Raises:
        ValueError: names, counts and scores do not fit each other.

    Example:
        >>> from convwise import Run
        >>> evaluation = Run.open("runs/first").evaluation
        >>> 0 <= evaluation.accuracy.low <= evaluation.accuracy.value <= evaluation.accuracy.high <= 1
        True
    """

    split: str
    n: int
    accuracy: Estimate
    mean_class_accuracy: Estimate
    top5_accuracy: Estimate
    log_loss: Estimate
    calibration_error: Estimate
    class_names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    per_class: tuple[ClassScore, ...]
    mistakes: tuple[Mistake, ...]

    def __repr__(self) -> str:
        return f"<Evaluation {self.told}, {len(self.class_names)} classes>"

    @property
    def told(self) -> str:
        """`98.2 % (96.6 to 99.0) on 496 test images`: the accuracy with its 95 % interval."""
        low, value, high = (100 * share for share in (self.accuracy.low, self.accuracy.value, self.accuracy.high))
        side = "" if self.split == "all" else f"{self.split} "
        return f"{value:.1f} % ({low:.1f} to {high:.1f}) on {counted(self.n, f'{side}image')}"

    def __post_init__(self) -> None:
        k = len(self.class_names)
        if len(set(self.class_names)) < k:
            raise ValueError(f"class_names: {k} names, of which {len(set(self.class_names))} are different")
        if {len(self.confusion), *map(len, self.confusion)} != {k}:
            raise ValueError(f"confusion: {k} classes need {k} rows of {k} numbers")
        total = sum(map(sum, self.confusion))
        if total != self.n or min(map(min, self.confusion)) < 0:
            raise ValueError(f"confusion: its numbers are counts of n={self.n} images, but add up to {total}")
        if tuple(score.name for score in self.per_class) != self.class_names:
            raise ValueError("per_class: it must hold a score for each of class_names, in their order")

    @property
    def not_tested(self) -> tuple[str, ...]:
        """The classes that have no image here: no mean counts them."""
        return tuple(score.name for score in self.per_class if not score.support)

    @property
    def never_right(self) -> tuple[str, ...]:
        """The classes of which no image was recognised."""
        return tuple(score.name for score in self.per_class if score.recall == 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, with the method of each interval under `intervals`."""
        return {
            "split": self.split,
            "n": self.n,
            **{metric: getattr(self, metric).to_dict() for metric in METRICS},
            "class_names": list(self.class_names),
            "confusion": [list(row) for row in self.confusion],
            "per_class": [asdict(score) for score in self.per_class],
            "mistakes": [asdict(mistake) for mistake in self.mistakes],
            "not_tested": list(self.not_tested),
            "never_right": list(self.never_right),
            "intervals": dict(METHODS),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that `to_dict` wrote. Raises RequestError or ValueError, naming the key."""
        return record_of(cls, {key: value for key, value in data.items() if key not in _DERIVED})


def log_losses(probabilities: NDArray[np.float64], labels: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """(n,): each answer's loss in nats, from (n, n_classes) probabilities clipped to [1e-7, 1] and (n,) labels."""
    return _costs(probabilities[np.arange(len(labels)), labels])


def _costs(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log(np.clip(probabilities, SMALLEST_PROBABILITY, 1.0)))


def evaluate(
    labels: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    class_names: Sequence[str],
    *,
    split: str,
    paths: Sequence[str] | None = None,
    seed: int = 0,
) -> Evaluation:
    """Every metric of these predictions. labels: (n,) in [0, k); probabilities: (n, k), rows that sum to 1.

    - mean_class_accuracy: mean recall over the classes that have an image here.
    - top5_accuracy: the true class is among the min(5, k) most probable, hence 1 when k <= 5.
    - log_loss: nats, natural logarithm, probabilities clipped to [1e-7, 1].
    - calibration_error: 15 equal-width bins of the top class's probability.
    Equal probabilities are ranked by class number. `seed` decides the simulation behind one interval.
    Raises ValueError for shapes that do not fit, labels out of range, and probabilities that are none.
    """
    names = tuple(class_names)
    p = np.asarray(probabilities, dtype=np.float64)
    y = np.asarray(labels)
    _check(y, p, names, paths)
    n, k = p.shape
    rows = np.arange(n)
    predicted = p.argmax(axis=1)
    correct = predicted == y
    of_truth = p[rows, y]
    rank = (p > of_truth[:, None]).sum(axis=1) + ((p == of_truth[:, None]) & (np.arange(k) < y[:, None])).sum(axis=1)
    confusion = np.bincount(y * k + predicted, minlength=k * k).reshape(k, k)
    hits, support = confusion.diagonal(), confusion.sum(axis=1)
    present = support > 0
    accuracy = wilson(float(correct.mean()), n)
    return Evaluation(
        split=split,
        n=n,
        accuracy=accuracy,
        mean_class_accuracy=mean_class(hits[present], support[present]),
        top5_accuracy=wilson(float((rank < 5).mean()), n),
        log_loss=mean_loss(log_losses(p, y), mistake_cost(_costs(p), 1 - accuracy.low)),
        calibration_error=calibration(p[rows, predicted], correct, seed),
        class_names=names,
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
        per_class=_per_class(names, confusion),
        mistakes=_mistakes(y, predicted, p[rows, predicted], names, paths),
    )


def _check(y: NDArray[np.integer], p: NDArray[np.float64], names: tuple[str, ...], paths: Sequence[str] | None) -> None:
    k = len(names)
    if p.ndim != 2 or p.shape[1] != k or y.shape != p.shape[:1] or len(y) == 0:
        raise ValueError(
            f"labels {y.shape}, probabilities {p.shape}, {k} class names: (n,), (n, {k}), n > 0 are needed"
        )
    if not np.issubdtype(y.dtype, np.integer) or y.min() < 0 or y.max() >= k:
        raise ValueError(f"labels: {y.dtype} from {y.min()} to {y.max()}; integers in [0, {k}) are needed")
    if not np.isfinite(p).all() or p.min() < 0 or np.abs(p.sum(axis=1) - 1).max() > 0.01:
        raise ValueError("probabilities: finite, not negative, with rows that sum to 1 are needed")
    if paths is not None and len(paths) != len(y):
        raise ValueError(f"{len(paths)} paths for {len(y)} labels: one each is needed")


def _per_class(names: tuple[str, ...], confusion: NDArray[np.integer]) -> tuple[ClassScore, ...]:
    def ratio(part: float, whole: float) -> float | None:
        return float(part / whole) if whole else None

    return tuple(
        ClassScore(
            name=name,
            precision=ratio(hit, guessed),
            recall=ratio(hit, support),
            f1=ratio(2 * hit, guessed + support),
            support=int(support),
        )
        for name, hit, guessed, support in zip(
            names, confusion.diagonal(), confusion.sum(axis=0), confusion.sum(axis=1), strict=True
        )
    )


def _mistakes(
    y: NDArray[np.integer],
    predicted: NDArray[np.integer],
    confidence: NDArray[np.float64],
    names: tuple[str, ...],
    paths: Sequence[str] | None,
) -> tuple[Mistake, ...]:
    """The most confident wrong answers, most confident first; `path` is empty where no paths were given."""
    wrong = np.flatnonzero(predicted != y)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:MAX_MISTAKES]
    return tuple(
        Mistake(str(paths[i]) if paths is not None else "", names[y[i]], names[predicted[i]], float(confidence[i]))
        for i in worst
    )
