"""Which pictures of a list belong together: copies of one another, and what the user says does."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.images.copies import check_copies
from convwise.images.joining import joined
from convwise.images.picture_list import PictureList
from convwise.images.prepare import index_folder


def copy_groups(
    X: Iterable[str | Path],  # noqa: N803 - scikit-learn's word
    y: Sequence[Any] | NDArray[Any] | None = None,
    groups: Sequence[Any] | NDArray[Any] | None = None,
    *,
    copies: str = "near",
) -> NDArray[np.int64]:
    """Numbers the groups of pictures that must not be divided between training and test.

    Two pictures are in one group if they are copies, if `groups` says so, or if a chain of such pairs connects them.

    Args:
        X: n paths, str or Path.
        y: n labels. Near-copies are grouped within a class only, equal files and pixels always; one class if None.
        groups: n labels of groups that belong together for other reasons, such as the patient or the film; copies alone
            if None.
        copies: "near", "exact" (equal files or pixels only) or "ignore" (no copies, `groups` alone).

    Returns:
        (n,) numbers from 0, in the order in which the groups first appear.

    Raises:
        RequestError: a path is missing, is repeated or cannot be read as a picture; lengths differ; `copies` is
            unknown.

    Example:
        >>> import convwise
        >>> paths = [f"pictures/star/{name}.png" for name in ("star_0000", "star_0001", "star_0002")]
        >>> convwise.copy_groups(paths, groups=["film a", "film b", "film a"]).tolist()
        [0, 1, 0]
    """
    check_copies(copies)
    pictures = PictureList.of(X, y)
    n = len(pictures.paths)
    given = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if len(given) != n:
        raise RequestError(f"groups: {len(given)} for the {n} pictures of X; give each picture one")
    return joined(given, _copies_among(pictures, copies))


def _copies_among(pictures: PictureList, copies: str) -> NDArray[np.int64]:
    """(n,) group numbers, in the order of X."""
    n = len(pictures.paths)
    if copies == "ignore":
        return np.arange(n)
    place = pictures.laid_out()
    index = index_folder(place.folder, copies=copies)
    place.require_all_read(index, pictures)
    found = np.empty(n, np.int64)
    found[[place.number_of[path] for path in index.paths]] = index.copy_groups()
    return found
