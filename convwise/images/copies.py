"""What is known of the copies in a folder: which pictures stay together, and what their labels say."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convwise import checks

CopyKind = Literal["bytes", "pixels", "near"]
COPIES = ("ignore", "exact", "near")  # from little to much: a record of more holds what less asks for
"""How much counts as a copy, each including what stands before it."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class DuplicateGroup:
    """Images that are copies of each other, by number in the index; `kind` is the loosest link that holds the group.

    `bytes`: the files are equal. `pixels`: they decode to the same picture. `near`: they look alike.
    """

    kind: CopyKind
    members: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.kind not in get_args(CopyKind):
            raise ValueError(f"kind={self.kind!r}: must be one of {get_args(CopyKind)}")
        if len(self.members) < 2 or list(self.members) != sorted(set(self.members)):
            raise ValueError(f"members={self.members}: at least two image numbers, ascending")


@dataclass(frozen=True)
class Copies:
    """Which images are copies, by number.

    - `groups`: what stays on one side of a split; no image is in two of them.
    - `exact`: the groups of equal files or pixels, each within one of `groups`, whatever the classes.
    - `across`: near pairs of two classes, which are never a group: one of the labels may be wrong.
    - `apart`: near pairs of one class that are in no common group, because not all of their copies are near.
    """

    groups: tuple[DuplicateGroup, ...] = ()
    exact: tuple[DuplicateGroup, ...] = ()
    across: tuple[Pair, ...] = ()
    apart: tuple[Pair, ...] = ()

    def __post_init__(self) -> None:
        for name in ("groups", "exact"):
            members = [member for group in getattr(self, name) for member in group.members]
            if len(members) != len(set(members)):
                raise ValueError(f"{name}: an image is in two groups")
        if any(group.kind == "near" for group in self.exact):
            raise ValueError("exact: a group of kind near")
        if any(i >= j for i, j in (*self.across, *self.apart)):
            raise ValueError("pairs: the smaller number first")

    def numbers(self) -> set[int]:
        """All images that are named."""
        in_groups = (member for group in (*self.groups, *self.exact) for member in group.members)
        return {*in_groups, *(member for pair in (*self.across, *self.apart) for member in pair)}

    def limited_to(self, kind: str) -> "Copies":
        """What is left of this where no more than `kind` counts."""
        if kind == "near":
            return self
        return Copies(self.exact, self.exact) if kind == "exact" else Copies()

    def label_errors(self, labels: NDArray[np.integer]) -> tuple[DuplicateGroup, ...]:
        """The exact copies that lie in more than one class: all of the labels but one are wrong."""
        return tuple(group for group in self.exact if len(set(labels[list(group.members)].tolist())) > 1)


def check_copies(copies: str) -> None:
    """Raise RequestError for a value that does not exist."""
    checks.choice("copies", copies, COPIES)
