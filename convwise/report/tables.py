"""An evaluation as tables for the terminal."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from convwise.evaluation import METRICS, ClassScore, Evaluation
from convwise.images.remarks import UNEVEN
from convwise.intervals import Estimate
from convwise.names import counted, shown

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
    rows = [(_TITLES[metric], *_shown(metric, getattr(evaluation, metric))) for metric in metrics]
    n_classes, n_absent = len(evaluation.class_names), len(evaluation.not_tested)
    of_all = f"{n_classes - n_absent} of " if n_absent else ""
    classes = counted(n_classes, "class", "classes")
    title = f"{evaluation.split}: {counted(evaluation.n, 'image')}, {of_all}{classes}"
    return _table(title, ("metric", "value", "95 % interval"), rows)


def classes_table(evaluation: Evaluation) -> Table:
    """Each class's scores; of more than 20 classes the ten of the lowest F1, and the mean of all."""
    scores: Sequence[ClassScore] = evaluation.per_class
    title = "classes"
    if len(scores) > MAX_CLASSES:
        scores = sorted((s for s in scores if s.f1 is not None), key=lambda s: (s.f1, s.name))[:N_WORST]
        title = f"classes: the {len(scores)} of the lowest F1, of {len(evaluation.per_class)}"
    rows = [(s.name, *(_percent(v) for v in (s.precision, s.recall, s.f1)), f"{s.support:,}") for s in scores]
    tested = [s for s in evaluation.per_class if s.support]
    means = [_mean(getattr(s, score) for s in tested) for score in ("precision", "recall", "f1")]
    table = _table(title, ("class", "precision", "recall", "F1", "images"), rows)
    table.add_section()
    table.add_row(f"mean of {len(tested)}", *(_percent(mean) for mean in means), f"{evaluation.n:,}")
    return table


def mistakes_table(evaluation: Evaluation, n: int = 10) -> Table:
    """The n most confident wrong answers."""
    n_wrong = evaluation.n - sum(row[i] for i, row in enumerate(evaluation.confusion))
    shown = evaluation.mistakes[:n]
    rows = [(m.label, m.predicted, _percent(m.probability), m.path) for m in shown]
    return _table(f"the {len(shown)} most confident of {n_wrong:,} mistakes", ("is", "taken for", "at", "image"), rows)


def remarks(evaluation: Evaluation) -> list[str]:
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
    tested = sorted((s for s in evaluation.per_class if s.support), key=lambda s: s.support)
    if tested[-1].support >= UNEVEN * tested[0].support:
        found.append(
            f"uneven classes, from {tested[0].support:,} ({shown(tested[0].name)}) to {tested[-1].support:,} "
            f"({shown(tested[-1].name)}) images: the mean class accuracy, "
            f"{_percent(evaluation.mean_class_accuracy.value)}, counts them all alike"
        )
    return found


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(shown, names[:5])) + more


def _table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Numbers to the right; words, which are no markup whatever a folder is called, to the left and folded."""
    words = {"metric", "class", "is", "taken for", "image"}
    table = Table(title=title, title_justify="left", title_style="bold", header_style="")
    for name in header:
        table.add_column(name, justify="left" if name in words else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    return table


def _shown(metric: str, estimate: Estimate) -> tuple[str, str]:
    if metric == "log_loss":
        return f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}"
    return _percent(estimate.value), f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f} %"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _mean(values: Iterable[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return sum(defined) / len(defined) if defined else None
