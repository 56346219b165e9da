"""Class weights: how much an image of each class counts in the training loss, where classes differ in size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError

ClassWeights = str | Mapping[str, float]
NAMED = ("none", "auto")
_LEAST, _MOST = 1e-6, 1e6


def check_class_weights(value: Any) -> str | dict[str, float]:
    """`value` as a recipe keeps it: "none", "auto", or weights by class name. Raises RequestError for anything else."""
    if isinstance(value, str):
        return checks.choice("class_weights", value, NAMED)
    if not isinstance(value, Mapping) or not value:
        raise RequestError(f"class_weights={value!r}: it must be none, auto, or a weight for each name of a class")
    return {str(name): checks.number(f"class_weights {name}", weight, _LEAST, _MOST) for name, weight in value.items()}


def class_weights(
    asked: str | Mapping[str, float], labels: NDArray[np.integer], class_names: Sequence[str]
) -> NDArray[np.float32] | None:
    """(n_classes,): what an image of each class counts, 1 on average over the training images; None for "none".

    `labels` (n,) of the training images, and of no others. "auto" is the inverse of how many a class has, so that all
    classes count the same; of weights by name, classes that are not named count 1 before the mean is made 1.
    Raises RequestError for a name that is no class.
    """
    if asked == "none":
        return None
    counts = np.bincount(labels, minlength=len(class_names))
    if isinstance(asked, str):
        weights = 1 / np.maximum(counts, 1)
    else:
        for name in asked:
            checks.choice("class_weights", name, class_names)
        weights = np.array([float(asked.get(name, 1)) for name in class_names])
    return np.asarray(weights * counts.sum() / (weights * counts).sum(), np.float32)
