"""Which images are copies: same bytes, same pixels, or nearly the same picture. Work grows as n log n."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.images.candidates import candidates
from convwise.images.copies import Copies, DuplicateGroup, Pair
from convwise.images.linkage import complete_groups
from convwise.images.looks import LOOK_SIDE, Looks, sample_of

SKETCH_SIDE = 16
"""A sketch is the picture's gray values averaged onto 16 x 16 cells."""

# How far the mean gray of one picture may lie from itself when a JPEG of it is decoded smaller. Measured: at most 13
# levels, for black and white noise at quality 5; below 1 for photographs.
_DRIFT = 16.0

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
    exact = _exact(seen, lambda i: read(i, None))
    return _with_near(seen, exact, lambda i: read(i, LOOK_SIDE)) if near else Copies(exact, exact)


def _exact(seen: Seen, read: Callable[[int], _Bytes]) -> tuple[DuplicateGroup, ...]:
    """The groups of equal images, ordered by their first member. Each image that may have an equal is read once."""
    _, first, inverse = np.unique(seen.content, axis=0, return_index=True, return_inverse=True)
    first_of = first[inverse.reshape(-1)]
    ones = np.sort(first)
    suspects = ones[_suspects(seen.sketches[ones], seen.shapes[ones], seen.sides[ones])].tolist()
    with ThreadPoolExecutor(available_cores()) as pool:
        digests = dict(zip(suspects, pool.map(lambda i: _digest(read(i)), suspects), strict=True))
    members: defaultdict[bytes | int, list[int]] = defaultdict(list)
    for number, one in enumerate(first_of.tolist()):
        members[digests.get(one, one)].append(number)
    return tuple(
        DuplicateGroup("bytes" if len(set(first_of[group].tolist())) == 1 else "pixels", tuple(group))
        for group in sorted(group for group in members.values() if len(group) > 1)
    )


def _suspects(sketches: _Bytes, shapes: NDArray[np.int32], sides: NDArray[np.int32]) -> NDArray[np.int64]:
    """The images that may equal another one, ascending.

    One decoder makes the same sketch of the same pixels. Where one picture was decoded whole and the other, a JPEG,
    at a part of its size, the sketches differ a little: there the sides are compared, and roughly the brightness.
    """
    facts = np.concatenate(
        [_as_bytes(sides), _as_bytes(np.sort(shapes, axis=1)), sketches.reshape(len(sketches), -1)], axis=1
    )
    _, inverse, counts = np.unique(facts, axis=0, return_inverse=True, return_counts=True)
    suspect = counts[inverse.reshape(-1)] > 1

    _, alike = np.unique(sides, axis=0, return_inverse=True)
    _, decoded = np.unique(np.sort(shapes, axis=1), axis=0, return_inverse=True)
    brightness = sketches.reshape(len(sketches), -1).mean(axis=1)
    order = np.lexsort((decoded.reshape(-1), alike.reshape(-1)))
    for group in np.split(order, np.flatnonzero(np.diff(alike.reshape(-1)[order])) + 1):
        kinds = decoded.reshape(-1)[group]
        for kind in np.unique(kinds) if kinds[0] != kinds[-1] else ():
            own, others = group[kinds == kind], np.sort(brightness[group[kinds != kind]])
            place = np.searchsorted(others, brightness[own])
            below, above = others[np.maximum(place - 1, 0)], others[np.minimum(place, len(others) - 1)]
            gap = np.minimum(np.abs(brightness[own] - below), np.abs(brightness[own] - above))
            suspect[own] |= gap <= _DRIFT
    return np.flatnonzero(suspect)


def _as_bytes(numbers: NDArray[np.int32]) -> _Bytes:
    return np.ascontiguousarray(numbers).view(np.uint8).reshape(len(numbers), -1)


def _digest(image: _Bytes) -> bytes:
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


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
