"""What the files of a run hold besides its settings, and whether they belong together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from convwise.errors import RequestError
from convwise.evaluation import Evaluation
from convwise.images.saved_split import SIDES, SavedSplit
from convwise.images.sides import SIDE_OF
from convwise.records import convert


class Summary(TypedDict):
    """run.json: how a training went, and how many images it had."""

    evaluated: bool
    epochs: int
    best_epoch: int
    seconds_training: float
    seconds: float
    n_unreadable: int
    n_ignored: int
    n_train: int
    n_validation: int
    n_test: int
    n_weights: int


def read_classes(values: object) -> tuple[str, ...]:
    """classes.json: the names in the order of the probabilities. Raises RequestError unless each is there once."""
    names: tuple[str, ...] = convert(values, tuple[str, ...])
    if list(names) != sorted(set(names)):
        raise RequestError("the names must be in order, each once")
    if len(names) < 2 or not all(names):
        raise RequestError("two names at least are needed, none of them empty")
    return names


def read_summary(values: object) -> Summary:
    """run.json, checked. Raises RequestError, naming the key."""
    summary: Summary = convert(values, Summary)
    return summary


def require_classes_of(split: SavedSplit, names: Sequence[str]) -> None:
    """Raises RequestError where an image of the split lies in the folder of none of the classes `names`."""
    known = set(names)
    for path in (path for side in SIDES for path in split[side]):  # type: ignore[literal-required]
        first, _, rest = path.partition("/")
        of_a_side = first.lower() in SIDE_OF and rest.partition("/")[0] in known
        if first not in known and not of_a_side:
            raise RequestError(f"{path} lies in the folder of none of the {len(names)} classes of classes.json")


def require_evaluation_of(evaluation: Evaluation, names: Sequence[str], n_test: int) -> None:
    """Raises RequestError unless the evaluation is of these classes and of so many test images."""
    if evaluation.class_names != tuple(names):
        raise RequestError(f"class_names: they are not the {len(names)} of classes.json")
    if evaluation.n != n_test:
        raise RequestError(f"n={evaluation.n}: split.json has {n_test} test images")


def require_summary_of(summary: Summary, split: SavedSplit) -> None:
    """Raises RequestError unless the summary counts the images of the split."""
    for side in SIDES:
        found, right = summary[f"n_{side}"], len(split[side])  # type: ignore[literal-required]
        if found != right:
            raise RequestError(f"n_{side}={found}: split.json has {right} images there")
