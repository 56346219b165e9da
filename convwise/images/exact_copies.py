"""Copies that are equal: files of the same bytes, and files that decode to the same pixels. All of them, by digest."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.images.copies import DuplicateGroup

# How far the mean gray of one picture may lie from itself when a JPEG of it is decoded smaller. Measured: at most 13
# levels, for black and white noise at quality 5; below 1 for photographs.
_DRIFT = 16.0

_Bytes = NDArray[np.uint8]


def exact_copies(
    content: _Bytes,
    sketches: _Bytes,
    shapes: NDArray[np.int32],
    sides: NDArray[np.int32],
    read: Callable[[int], _Bytes],
) -> tuple[DuplicateGroup, ...]:
    """The groups of equal images among n, ordered by their first member.

    Args:
        content: (n, 16) digests of the files' bytes.
        sketches, shapes: of the pictures as they were decoded, perhaps smaller than they are.
        sides: (n, 2) the longer and the shorter side of the whole picture, in pixels.
        read: decodes image i fully. It is asked once for each image that may have an equal, from several threads.
    """
    _, first, inverse = np.unique(content, axis=0, return_index=True, return_inverse=True)
    first_of = first[inverse.reshape(-1)]
    ones = np.sort(first)
    suspects = ones[_suspects(sketches[ones], shapes[ones], sides[ones])].tolist()
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
