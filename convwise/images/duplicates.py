"""Which images are copies: same bytes, same pixels, or nearly the same picture. Work grows as n log n."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.images.index import CopyKind, DuplicateGroup

SKETCH_SIDE = 8
"""A sketch is the picture's gray values averaged onto 8 x 8 cells."""

_DEAD_ZONE = 2  # gray levels: smaller steps between cells are noise, and count as none
_NEIGHBOURS = 6  # how far apart in a sorted order two copies may lie
_SKETCH_DISTANCE = 4.0  # gray levels, mean over the cells: a candidate
_THUMBNAIL_SIDE = 32
# Both limits were set by eye on Caltech-101: all 63 pairs within them are one picture, resaved or retouched.
NEAR_DISTANCE = 4.0
"""Gray levels, mean absolute difference of 32 x 32 colour thumbnails: nearly the same picture, if also ..."""
NEAR_SHARE = 0.06
"""... at most this share of the picture's own standard deviation, so that pale pictures are not all alike."""
_PART = 16384  # images compared at once, so that memory stays small
_ASPECT = 1.03  # copies keep the aspect ratio up to rounding

_Bytes = NDArray[np.uint8]


def sketch(image: _Bytes) -> _Bytes:
    """The (8, 8) gray sketch of a (height, width, 3) RGB picture."""
    small = cv2.resize(image, (SKETCH_SIDE, SKETCH_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def find_duplicates(
    content: _Bytes, sketches: _Bytes, shapes: NDArray[np.int32], read: Callable[[int], _Bytes]
) -> tuple[DuplicateGroup, ...]:
    """The groups of copies among n images, ordered by their first member.

    Args:
        content: (n, 16) digests of the files' bytes.
        sketches: (n, 8, 8) from `sketch`, at whatever size the pictures were decoded.
        shapes: (n, 2) heights and widths in pixels, upright.
        read: decodes image i fully to (height, width, 3). It is asked for candidates only.
    """
    links = _Links(len(content))
    _, first, inverse = np.unique(content, axis=0, return_index=True, return_inverse=True)
    first_of = first[inverse.reshape(-1)]
    for member in np.flatnonzero(first_of != np.arange(len(content))):
        links.join(int(first_of[member]), int(member), "bytes")

    look = lru_cache(maxsize=4096)(lambda number: _Look.of(read(number)))
    ones = np.sort(first)
    for a, b in candidates(sketches[ones], shapes[ones]):
        i, j = int(ones[a]), int(ones[b])
        if links.joined(i, j):
            continue
        kind = look(i).compare(look(j))
        if kind:
            links.join(i, j, kind)
    return links.groups()


def candidates(sketches: _Bytes, shapes: NDArray[np.int32]) -> Iterator[tuple[int, int]]:
    """Pairs (i, j), i < j, whose sketches are close, in order.

    Each sketch gives two 56-bit hashes: where brightness rises to the right, and where it rises downwards. The images
    are sorted by each hash rotated by 0, 8, ..., 48 bits, and each is compared with its next few neighbours (sorting
    of permuted hashes: Charikar 2002). So the work is bounded, however many images share a hash.
    """
    n = len(sketches)
    flat = sketches.reshape(n, -1)
    hashes = _rises(sketches, axis=2), _rises(sketches, axis=1)
    aspect = np.log(shapes[:, 0] / shapes[:, 1])
    found: list[NDArray[np.int64]] = []
    for one, other in (hashes, hashes[::-1]):
        for shift in range(0, 56, 8):
            order = np.lexsort((other, (one >> np.uint64(shift)) | (one << np.uint64(64 - shift if shift else 0))))
            for step in range(1, _NEIGHBOURS + 1):
                for start in range(0, n - step, _PART):
                    b = order[start + step : start + step + _PART]
                    a = order[start : start + len(b)]
                    near = np.abs(aspect[a] - aspect[b]) <= np.log(_ASPECT)
                    a, b = a[near], b[near]
                    distance = np.abs(flat[a].astype(np.int16) - flat[b]).mean(axis=1)
                    close = distance <= _SKETCH_DISTANCE
                    found.append(np.sort(np.stack([a[close], b[close]], axis=1), axis=1).astype(np.int64))
    pairs = np.unique(np.concatenate(found), axis=0) if found else np.empty((0, 2), np.int64)
    return ((int(i), int(j)) for i, j in pairs)


def _rises(sketches: _Bytes, axis: int) -> NDArray[np.uint64]:
    bits = np.diff(sketches.astype(np.int16), axis=axis).reshape(len(sketches), -1) > _DEAD_ZONE
    return np.packbits(np.pad(bits, ((0, 0), (0, 8))), axis=1).view(">u8").reshape(-1).astype(np.uint64) >> np.uint64(8)


@dataclass(frozen=True)
class _Look:
    """What decides whether two candidates are copies, from the fully decoded pictures."""

    pixels: bytes
    thumbnail: NDArray[np.int16]
    contrast: float

    @classmethod
    def of(cls, image: _Bytes) -> "_Look":
        digest = hashlib.sha256(repr(image.shape).encode())
        digest.update(np.ascontiguousarray(image).data)
        small = cv2.resize(image, (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA)
        return cls(digest.digest(), small.astype(np.int16), float(small.std()))

    def compare(self, other: "_Look") -> CopyKind | None:
        if self.pixels == other.pixels:
            return "pixels"
        distance = float(np.abs(self.thumbnail - other.thumbnail).mean())
        limit = min(NEAR_DISTANCE, NEAR_SHARE * min(self.contrast, other.contrast))
        return "near" if distance <= limit else None


class _Links:
    """Union-find over images that remembers the loosest link of each group."""

    _LOOSENESS: tuple[CopyKind, ...] = ("bytes", "pixels", "near")

    def __init__(self, n: int) -> None:
        self._parent = np.arange(n)
        self._kind: dict[int, CopyKind] = {}

    def _find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = int(self._parent[i])
        return i

    def joined(self, i: int, j: int) -> bool:
        return self._find(i) == self._find(j)

    def join(self, i: int, j: int, kind: CopyKind) -> None:
        a, b = sorted((self._find(i), self._find(j)))
        kinds = [kind, *(self._kind[root] for root in (a, b) if root in self._kind)]
        self._parent[b] = a
        self._kind[a] = max(kinds, key=self._LOOSENESS.index)

    def groups(self) -> tuple[DuplicateGroup, ...]:
        members: dict[int, list[int]] = {}
        for i in np.flatnonzero(self._parent != np.arange(len(self._parent))):
            root = self._find(int(i))
            members.setdefault(root, [root]).append(int(i))
        return tuple(DuplicateGroup(self._kind[root], tuple(members[root])) for root in sorted(members))
