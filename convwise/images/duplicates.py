"""Which images are copies: same bytes, same pixels, or nearly the same picture. Work grows as n log n."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.images.candidates import candidates
from convwise.images.copies import Copies, DuplicateGroup, Pair
from convwise.images.exact_copies import exact_copies
from convwise.images.linkage import complete_groups
from convwise.images.looks import LOOK_SIDE, Looks, sample_of

SKETCH_SIDE = 16
"""A sketch is the picture's gray values averaged onto 16 x 16 cells."""

_Bytes = NDArray[np.uint8]


def sketch(image: _Bytes) -> _Bytes:
    """The (16, 16) gray sketch of a (height, width, 3) RGB picture."""
    small = cv2.resize(image, (SKETCH_SIDE, SKETCH_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


@dataclass(frozen=True)
class Seen:
    """What the pass over n images noted of them, by which copies are searched."""

    content: _Bytes  # (n, 16) digests of the files' bytes
    sketches: _Bytes  # (n, 16, 16) from `sketch`, at whatever size the pictures were decoded
    shapes: NDArray[np.int32]  # (n, 2) heights and widths as decoded
    sides: NDArray[np.int32]  # (n, 2) longer and shorter side of the whole picture
    labels: NDArray[np.int32]  # (n,)


def find_copies(seen: Seen, read: Callable[[int, int | None], _Bytes], *, near: bool = True) -> Copies:
    """The copies among n images; equal ones only, unless `near`.

    `read(i, size)` decodes image i, fully for a size of None, else no larger than squares of that size need; from
    several threads, for candidates only.
    """
    exact = exact_copies(seen.content, seen.sketches, seen.shapes, seen.sides, lambda i: read(i, None))
    return _with_near(seen, exact, lambda i: read(i, LOOK_SIDE)) if near else Copies(exact, exact)


def _with_near(seen: Seen, exact: tuple[DuplicateGroup, ...], read: Callable[[int], _Bytes]) -> Copies:
    equal_to = {group.members[0]: group for group in exact}
    repeated = {member for group in exact for member in group.members[1:]}
    ones = np.array([i for i in range(len(seen.content)) if i not in repeated], np.int64)
    pairs = [(int(i), int(j)) for i, j in ones[candidates(seen.sketches[ones])]]
    if not pairs:
        return Copies(exact, exact)
    looks = Looks(sorted({i for pair in pairs for i in pair}), sample_of(ones.tolist()), read)
    far = {pair: looks.distance(*pair) for pair in pairs}
    found = sorted((pair for pair in pairs if far[pair] <= 1), key=lambda pair: (far[pair], pair))

    def classes(i: int) -> set[int]:
        return set(seen.labels[list(equal_to[i].members) if i in equal_to else [i]].tolist())

    def of_one_class(pair: Pair) -> bool:
        return bool(classes(pair[0]) & classes(pair[1]))

    def near(i: int, j: int) -> bool:
        return of_one_class((i, j)) and looks.distance(i, j) <= 1

    groups, apart = complete_groups(filter(of_one_class, found), near)
    taken = {i for group in groups for i in group}
    whole = [
        tuple(sorted(member for i in group for member in (equal_to[i].members if i in equal_to else (i,))))
        for group in groups
    ]
    together = [DuplicateGroup("near", members) for members in whole]
    together += [group for first, group in equal_to.items() if first not in taken]
    across = sorted(pair for pair in found if not of_one_class(pair))
    return Copies(tuple(sorted(together, key=lambda group: group.members)), exact, tuple(across), tuple(sorted(apart)))
