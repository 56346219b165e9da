"""Folds for cross-validation that keep copies of a picture, and groups that belong together, on one side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from convwise.errors import RequestError
from convwise.images.copy_groups import copy_groups


class CopyAwareKFold(StratifiedGroupKFold):  # type: ignore[misc]
    """Stratified k-fold cross-validation over paths of pictures, in which no copy is on two sides.

    A picture whose copy the network was trained on is no test. The groups are those of `convwise.copy_groups`; each
    lies in one test fold, as a whole, and the folds have the classes' shares as nearly as the groups allow.

    Args:
        n_splits: Number of folds, at least 2.
        copies: What counts as a copy: "near", "exact" (equal files or pixels only) or "ignore" (`groups` alone).
        shuffle: Whether the groups are shuffled before they are dealt.
        random_state: Of the shuffling; an int gives the same folds each time. NumPy's global state if None.

    Raises:
        ValueError: `n_splits` is below 2, or `random_state` is given without `shuffle`.

    Example:
        >>> from pathlib import Path
        >>> from convwise import CopyAwareKFold
        >>> paths = sorted(Path("pictures").rglob("*.png"))
        >>> labels = [path.parent.name for path in paths]
        >>> [len(tested) for trained_on, tested in CopyAwareKFold(n_splits=4).split(paths, labels)]
        [12, 12, 12, 12]
    """

    def __init__(
        self,
        n_splits: int = 5,
        *,
        copies: str = "near",
        shuffle: bool = False,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        super().__init__(n_splits=n_splits, shuffle=shuffle, random_state=random_state)
        self.copies = copies

    def split(
        self,
        X: Iterable[str | Path],  # noqa: N803
        y: Sequence[Any] | NDArray[Any] | None = None,
        groups: Sequence[Any] | NDArray[Any] | None = None,
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the positions to train and those to test on, fold by fold; each picture is tested once.

        Args:
            X: n paths, str or Path.
            y: n class labels; without them the folds are not stratified, and all pictures count as one class.
            groups: n labels of groups that stay together too, such as the patient or the film.

        Raises:
            RequestError: see `convwise.copy_groups`; fewer groups than folds; a fold that would have no picture.
            ValueError: y holds no class labels, or every class has fewer pictures than there are folds.
        """
        paths = list(X)
        together = copy_groups(paths, y, groups, copies=self.copies)
        n_groups = int(together.max()) + 1
        if n_groups < self.n_splits:
            raise RequestError(
                f"n_splits={self.n_splits}: the {len(paths)} pictures are only {n_groups} groups that stay together; "
                f"ask for {n_groups} folds at most"
            )
        labels = np.zeros(len(paths), np.int64) if y is None else np.asarray(y)
        for train, test in super().split(np.zeros(len(paths)), labels, together):
            if not len(test):
                raise RequestError(
                    f"n_splits={self.n_splits}: a fold is left empty, since the groups are too uneven; ask for fewer"
                )
            yield train, test
