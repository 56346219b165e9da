"""Whole groups of copies dealt to the sides of a split, so that each class meets its numbers as well as they allow."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.seeds import derive_seed

if TYPE_CHECKING:
    from convwise.images.index import ImageIndex


def deal(
    index: "ImageIndex", among: NDArray[np.int64], quotas: Sequence[NDArray[np.integer]], seed: int
) -> list[NDArray[np.int64]]:
    """Deal whole copy groups to the sides, whose `quotas[side][class]` are filled in order; the rest is unused.

    Groups of several images go first: single images then fill what is left exactly. A group goes to the side that it
    overfills least, the fullest need first. When no side is left with need in any of its classes, it stays unused.
    Raises RequestError when a class misses a side because its images are copies of each other, or of one group.
    """
    groups = index.together()
    members: dict[int, list[int]] = {}
    for i in among:
        members.setdefault(int(groups[i]), []).append(int(i))
    # The order within a class is by a hash of seed, class and path: adding images or classes reshuffles nothing.
    key = {
        i: derive_seed(seed, "split", index.class_names[index.labels[i]], str(index.paths[i])) for i in map(int, among)
    }
    order = sorted(members.values(), key=lambda group: (len(group) == 1, min(key[i] for i in group)))
    need = [np.array(quota, dtype=np.int64) for quota in quotas]
    sides: list[list[int]] = [[] for _ in quotas]
    for group in order:
        count = np.bincount(index.labels[group], minlength=len(index.class_names))
        if len(group) == 1:
            side = next((s for s, left in enumerate(need) if left[index.labels[group[0]]] > 0), None)
        else:
            side = _side_for_group(need, count)
        if side is not None:
            sides[side].extend(group)
            need[side] -= count
    dealt = [np.bincount(index.labels[side], minlength=len(index.class_names)) if side else 0 for side in sides]
    without = np.any([(got == 0) & (quota > 0) for got, quota in zip(dealt, quotas, strict=True)], axis=0)
    if without.any():
        names = [index.class_names[i] for i in np.flatnonzero(without)]
        if index.groups is not None:
            raise RequestError(
                f"too few groups in {some_of(names)}: a group stays on one side, which leaves another side empty; take "
                "another group_by=, ask for fewer images to test or validate, or leave these classes out"
            )
        raise RequestError(
            f"too few different images in {some_of(names)}: "
            "copies stay on one side, which leaves another side empty; remove the copies, "
            "leave these classes out, or count less as a copy (copies=exact or copies=ignore)"
        )
    return [np.array(sorted(side), np.int64) for side in sides]


def _side_for_group(need: Sequence[NDArray[np.int64]], count: NDArray[np.int64]) -> int | None:
    """The side with the least overfill, then with the most need; None when none needs any of the group's classes."""
    touched = count > 0
    scores = [
        (int(np.maximum(count - left, 0)[touched].sum()), -int(left[touched].sum()), side)
        for side, left in enumerate(need)
        if (left[touched] > 0).any()
    ]
    return min(scores)[2] if scores else None


def some_of(names: Sequence[str]) -> str:
    """The first five names, and how many more."""
    return f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if names[5:] else ''}"
