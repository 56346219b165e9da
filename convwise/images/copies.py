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
    """Images that are copies of each other.

    Attributes:
        kind: The loosest link that holds the group: "bytes" (the files are equal), "pixels" (they decode to the same
            picture) or "near" (they look alike).
        members: Their numbers in the index, ascending, at least two.

    Raises:
        ValueError: a kind that does not exist, or members that are not as said.

    Example:
        >>> from convwise.images.copies import DuplicateGroup
        >>> DuplicateGroup("pixels", (3, 7)).members
        (3, 7)
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
    """Which images are copies, by number in the index.

    Attributes:
        groups: What stays on one side of a split; no image is in two of them.
        exact: The groups of equal files or pixels, each within one of `groups`, whatever the classes.
        across: Near pairs of two classes, which are never a group: one of the labels may be wrong.
        apart: Near pairs of one class that are in no common group, because not all of their copies are near.

    Raises:
        ValueError: an image is in two groups, an exact group is of kind near, or a pair's larger number stands first.

    Example:
        >>> from convwise.images.copies import Copies, DuplicateGroup
        >>> sorted(Copies(groups=(DuplicateGroup("near", (0, 2)),), apart=((1, 4),)).numbers())
        [0, 1, 2, 4]
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
