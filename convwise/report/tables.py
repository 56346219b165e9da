"""An evaluation as tables: the metrics, the classes, the worst mistakes, and what a single number does not tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from convwise.evaluation import METRICS, ClassScore, Evaluation
from convwise.images.remarks import UNEVEN
from convwise.intervals import Estimate, f1_score, macro_f1, wilson
from convwise.names import counted, shown
from convwise.report.table import Cell, Table, count, numbers, percent, percent_range, share, texts, words

MAX_CLASSES = 20  # above it only the worst are listed
N_WORST = 10
TOP = 5  # of the top-5 accuracy
CALIBRATION = (
    "calibration error: how far, on average, the probability that the network gives lies from the share of its answers "
    "that are right; at 0 %, nine of ten answers given with 90 % are right"
)
_TITLES = {
    "accuracy": "accuracy",
    "mean_class_accuracy": "mean class accuracy",
    "top5_accuracy": "top-5 accuracy",
    "log_loss": "log loss (nats)",
    "calibration_error": "calibration error",
}


def metrics_table(evaluation: Evaluation) -> Table:
    """Every metric with its 95% interval; the top-5 accuracy for more than five classes only."""
    few = len(evaluation.class_names) <= TOP  # then the five best are all of them
    metrics = [metric for metric in METRICS if not (few and metric == "top5_accuracy")]
    rows = [(Cell(_TITLES[metric]), *_metric(metric, getattr(evaluation, metric))) for metric in metrics]
    macro = macro_f1(np.array(evaluation.confusion))
    rows.insert(2, (Cell("macro F1"), *_metric("macro_f1", macro)))
    n_classes, n_absent = len(evaluation.class_names), len(evaluation.not_tested)
    of_all = f"{n_classes - n_absent} of " if n_absent else ""
    classes = counted(n_classes, "class", "classes")
    title = f"{evaluation.split}: {counted(evaluation.n, 'image')}, {of_all}{classes}"
    return Table(title, (*words("metric"), *numbers("value", "95 % interval")), tuple(rows))


def classes_table(evaluation: Evaluation, *, most: int | None = MAX_CLASSES) -> Table:
    """Each class's scores, with intervals; of more than `most` classes the ten of the lowest F1; the mean of all."""
    scores: Sequence[ClassScore] = evaluation.per_class
    title = "classes"
    if most is not None and len(scores) > most:
        scores = sorted((s for s in scores if s.f1 is not None), key=lambda s: (s.f1, s.name))[:N_WORST]
        title = f"classes: the {len(scores)} of the lowest F1, of {len(evaluation.per_class)}"
    guessed = dict(zip(evaluation.class_names, map(sum, zip(*evaluation.confusion, strict=True)), strict=True))
    hits = {
        name: row[i] for i, (name, row) in enumerate(zip(evaluation.class_names, evaluation.confusion, strict=True))
    }
    rows = [_class_row(score, hits[score.name], guessed[score.name]) for score in scores]
    tested = [s for s in evaluation.per_class if s.support]
    means = [_mean(getattr(s, score) for s in tested) for score in ("precision", "recall", "f1")]
    footer = (Cell(f"mean of {len(tested)}"), *map(share, means), count(evaluation.n))
    columns = (*words("class"), *numbers("precision", "recall", "F1", "images"))
    return Table(title, columns, tuple(rows), footer)


def _class_row(score: ClassScore, hits: int, guessed: int) -> tuple[Cell, ...]:
    """The scores are the evaluation's; their intervals are found from the counts that they come from."""
    union = score.support + guessed - hits
    of_guessed = None if score.precision is None else wilson(score.precision, guessed)
    of_true = None if score.recall is None else wilson(score.recall, score.support)
    both = None if score.f1 is None else f1_score(hits, union)
    return Cell(score.name), share(of_guessed), share(of_true), share(both), count(score.support)


def mistakes_table(evaluation: Evaluation, n: int = 10) -> Table:
    """The n most confident wrong answers."""
    listed = evaluation.mistakes[:n]
    rows = [(*texts(m.label, m.predicted), share(m.probability), Cell(m.path)) for m in listed]
    title = f"the {len(listed)} most confident of {n_wrong(evaluation):,} mistakes"
    return Table(title, (*words("is", "taken for"), *numbers("at"), *words("image")), tuple(rows))


def n_wrong(evaluation: Evaluation) -> int:
    """How many answers are wrong."""
    return evaluation.n - sum(row[i] for i, row in enumerate(evaluation.confusion))


def is_uneven(evaluation: Evaluation) -> bool:
    """Whether some classes have many times the images of others."""
    sizes = [score.support for score in evaluation.per_class if score.support]
    return max(sizes) >= UNEVEN * min(sizes)


def remarks(evaluation: Evaluation, *, uneven: bool = True) -> list[str]:
    """What a single number does not tell: classes without images here, never recognised, or of very uneven sizes."""
    found = []
    if evaluation.not_tested:
        n_tested = len(evaluation.class_names) - len(evaluation.not_tested)
        found.append(
            f"not tested, for want of images: {_names(evaluation.not_tested)}; "
            f"means are over the other {counted(n_tested, 'class', 'classes')}"
        )
    if evaluation.never_right:
        found.append(f"recall 0, no image recognised: {_names(evaluation.never_right)}")
    if uneven and is_uneven(evaluation):
        tested = sorted((s for s in evaluation.per_class if s.support), key=lambda s: s.support)
        found.append(
            f"uneven classes, from {tested[0].support:,} ({shown(tested[0].name)}) to {tested[-1].support:,} "
            f"({shown(tested[-1].name)}) images: the mean class accuracy, "
            f"{percent(evaluation.mean_class_accuracy.value)}, counts them all alike"
        )
    return found


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(shown, names[:5])) + more


def _metric(metric: str, estimate: Estimate) -> tuple[Cell, Cell]:
    if metric == "log_loss":
        return Cell(f"{estimate.value:.3f}", estimate.value), Cell(f"{estimate.low:.3f} to {estimate.high:.3f}")
    return Cell(percent(estimate.value), estimate.value), Cell(f"{percent_range(estimate)} %")


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
