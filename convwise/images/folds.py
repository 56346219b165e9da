"""The folds of a cross-validation: every image that is not tested validates in exactly one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convwise.errors import RequestError
from convwise.images.split import Split, deal_images, split_of
from convwise.names import some_of

if TYPE_CHECKING:
    from convwise.images.index import ImageIndex


def folds(split: Split, index: ImageIndex, *, n_folds: int, seed: int) -> list[Split]:
    """`n_folds` splits with the test images of `split`; train and validation are dealt into as many equal parts.

    Stratified by class, copies and groups together (Stone 1974, "Cross-validatory choice"). Fold k validates on part k
    and trains on the others. Where the folders give a validation side, that side is the only part: one fold, the split
    itself. Raises RequestError where a class has fewer images than there are folds.
    """
    if "validation" in index.subsets:
        return [split]
    among = np.sort(np.concatenate([split.train, split.validation]))
    sizes = np.bincount(index.labels[among], minlength=len(index.class_names))
    small = np.flatnonzero(sizes < n_folds)
    if len(small):
        names = some_of([f"{index.class_names[i]} ({sizes[i]})" for i in small])
        raise RequestError(
            f"too few images for {n_folds} folds in {names}; each fold needs one: leave these classes out"
        )
    # What does not divide evenly goes to another fold for each class, so that folds stay of one size.
    turn = np.cumsum(sizes % n_folds) - sizes % n_folds
    quotas = [sizes // n_folds + ((k - turn) % n_folds < sizes % n_folds) for k in range(n_folds)]
    parts = deal_images(index, among, quotas, seed).sides
    found = []
    for number, part in enumerate(parts):
        train = np.sort(np.concatenate([other for other in parts if other is not part]))
        protocol = f"{split.protocol}; fold {number + 1} of {n_folds}"
        found.append(split_of(index, {"train": train, "validation": part, "test": split.test}, protocol))
    return found
