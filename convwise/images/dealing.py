"""Whole groups dealt to the sides of a split, so that each class meets its numbers as well as they allow."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Dealt:
    """The members of each side, ascending.

    `n_missing`: of each side, how many it was to have and has not. `without` (n_classes,): whether a side that was to
    have some of the class has none.
    """

    sides: tuple[NDArray[np.int64], ...]
    n_missing: tuple[int, ...]
    without: NDArray[np.bool_]


def deal(
    labels: NDArray[np.integer],
    groups: NDArray[np.int64],
    keys: Sequence[int],
    quotas: Sequence[NDArray[np.integer]],
) -> Dealt:
    """Deal the n members to the sides, whose `quotas[side][class]` are filled in order; the rest is unused.

    Groups of several go first: single members then fill what is left exactly. Of the same size, the smallest key goes
    first. A group goes to the side that it overfills least, the fullest need first. When no side is left with need in
    any of its classes, it stays unused.

    Args:
        labels: (n,) each member's class.
        groups: (n,) equal numbers for members that stay together.
        keys: n numbers, the order.
        quotas: of each side, (n_classes,) how many of each class it is to have.
    """
    members: dict[int, list[int]] = {}
    for i, group in enumerate(groups.tolist()):
        members.setdefault(group, []).append(i)
    order = sorted(members.values(), key=lambda group: (len(group) == 1, min(keys[i] for i in group)))
    need = [np.array(quota, dtype=np.int64) for quota in quotas]
    sides: list[list[int]] = [[] for _ in quotas]
    for each in order:
        count = np.bincount(labels[each], minlength=len(need[0]))
        if len(each) == 1:
            side = next((s for s, left in enumerate(need) if left[labels[each[0]]] > 0), None)
        else:
            side = _side_for_group(need, count)
        if side is not None:
            sides[side].extend(each)
            need[side] -= count
    without = [(left == quota) & (quota > 0) for left, quota in zip(need, quotas, strict=True)]
    return Dealt(
        sides=tuple(np.array(sorted(side), np.int64) for side in sides),
        n_missing=tuple(int(np.maximum(left, 0).sum()) for left in need),
        without=np.any(without, axis=0),
    )


def _side_for_group(need: Sequence[NDArray[np.int64]], count: NDArray[np.int64]) -> int | None:
    """The side with the least overfill, then with the most need; None when none needs any of the group's classes."""
    touched = count > 0
    scores = [
        (int(np.maximum(count - left, 0)[touched].sum()), -int(left[touched].sum()), side)
        for side, left in enumerate(need)
        if (left[touched] > 0).any()
    ]
    return min(scores)[2] if scores else None
