"""Which pairs of pictures are worth a closer look: those whose sketches are alike beyond what all have in common."""

import numpy as np
from numpy.typing import NDArray

from convwise.images.background import SAMPLE, Background

_BITS = 64
_ORDERS = 24
_NEIGHBOURS = 8  # how far apart in a sorted order two copies may lie
_ALIKE = 0.78  # cosine of what is left of two sketches: 98 % of crops by 3 % of photographs lie above it
_PARTNERS = 8  # of each picture, the most alike
_PART = 16384  # images compared at once, so that memory stays small

_Bytes = NDArray[np.uint8]


def candidates(sketches: _Bytes) -> NDArray[np.int64]:
    """Pairs (m, 2), i < j, of (n, side, side) sketches that may be near-copies; at most 8 n.

    What is left of each sketch beyond the background gives 64 bits: on which side of random planes it lies. The images
    are sorted by these bits in 24 random orders, and each is compared with its next few neighbours (sorting of
    permuted hashes: Charikar 2002). So the work grows as n log n, however many images share a hash.
    """
    n = len(sketches)
    if n < 2:
        return np.empty((0, 2), np.int64)
    random = np.random.default_rng(0)  # any will do; always the same, so that a folder always gives the same pairs
    flat = sketches.reshape(n, -1)
    sample = flat[random.choice(n, min(n, 4 * SAMPLE), replace=False)].astype(np.float32)
    background = Background.of(sample)
    planes = random.standard_normal((flat.shape[1], _BITS)).astype(np.float32)
    own = np.empty(flat.shape, np.int8)  # a quarter of float32's memory; a cosine's third digit is not asked for
    bits = np.empty((n, _BITS), np.bool_)
    for start in range(0, n, _PART):
        part = slice(start, start + _PART)
        left = background.left(flat[part].astype(np.float32))
        own[part] = np.rint(127 * left / np.maximum(np.abs(left).max(axis=1, keepdims=True), 1e-3))
        bits[part] = left @ planes > 0
    lengths = np.sqrt(np.einsum("ij,ij->i", own, own, dtype=np.float32))
    found = [_of_order(own, lengths, bits, random.permutation(_BITS)) for _ in range(_ORDERS)]
    pairs, alike = np.concatenate([pairs for pairs, _ in found]), np.concatenate([alike for _, alike in found])
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    return pairs[_among_best(pairs, alike[first])]


def _of_order(
    own: NDArray[np.int8], lengths: NDArray[np.float32], bits: NDArray[np.bool_], permutation: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    n = len(own)
    order = np.argsort(
        np.ascontiguousarray(np.packbits(bits[:, permutation], axis=1)).view(">u8").reshape(-1), kind="stable"
    )
    pairs, likeness = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for step in range(1, min(_NEIGHBOURS, n - 1) + 1):
        for start in range(0, n - step, _PART):
            b = order[start + step : start + step + _PART]
            a = order[start : start + len(b)]
            dot = np.einsum("ij,ij->i", own[a], own[b], dtype=np.float32)
            cosine = dot / np.maximum(lengths[a] * lengths[b], 1e-3)
            close = cosine >= _ALIKE
            pairs.append(np.sort(np.stack([a[close], b[close]], axis=1), axis=1))
            likeness.append(cosine[close])
    return np.concatenate(pairs), np.concatenate(likeness)


def _among_best(pairs: NDArray[np.int64], alike: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which pairs are among the `_PARTNERS` most alike of either image."""
    # Each pair stands once under each of its images, so that both columns together list an image's partners.
    owner, row = pairs.T.reshape(-1), np.tile(np.arange(len(pairs)), 2)
    order = np.lexsort((-alike[row], owner))
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    keep = np.zeros(len(pairs), np.bool_)
    keep[row[order[rank < _PARTNERS]]] = True
    return keep
