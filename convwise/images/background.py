"""What the pictures of a set have in common, taken away: what is left of each is its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE = 256
"""So many pictures tell what is common."""

_WAYS = 8  # main ways in which a set varies: pose, light, kinds of things
_ITERATIONS = 30
_PICTURES_PER_WAY = 16  # fewer pictures than that show no common ways, only themselves

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Background:
    """The mean picture and the main ways of varying around it: an orthonormal `basis` (values, k).

    The mean level is in it too. X-rays of one anatomy, or parts under one camera, are alike in all of this, which makes
    them no copies. As the eigenfaces of Turk and Pentland (1991), used for what they leave over.
    """

    basis: Vectors

    @classmethod
    def of(cls, sample: Vectors) -> "Background":
        """From a sample (n, values) of the set's pictures, each counted alike whatever its contrast."""
        pictures = _standard(sample)
        mean = pictures.mean(axis=0)
        around = pictures - mean
        ways = _main_ways(around, min(_WAYS, len(sample) // _PICTURES_PER_WAY))
        common = np.column_stack([np.ones_like(mean), mean, ways])
        lengths = np.linalg.norm(common, axis=0)
        basis, _ = np.linalg.qr(common[:, lengths > 1e-6] / lengths[lengths > 1e-6])
        return cls(basis.astype(np.float32))

    def left(self, vectors: Vectors) -> Vectors:
        """What is left of each of (n, values)."""
        return np.asarray(vectors - (vectors @ self.basis) @ self.basis.T, np.float32)


def _main_ways(around: Vectors, n_ways: int) -> Vectors:
    """The leading right singular vectors (values, n_ways), not normalised: by subspace iteration, in a fraction of the
    time of a whole decomposition and as good for what is taken away."""
    few_pictures = len(around) < around.shape[1]
    products = around @ around.T if few_pictures else around.T @ around  # the smaller one knows the same ways
    ways = np.random.default_rng(0).standard_normal((len(products), n_ways + 4 if n_ways else 0), np.float32)
    for _ in range(_ITERATIONS):
        ways = np.linalg.qr(products @ ways)[0]
    return around.T @ ways[:, :n_ways] if few_pictures else ways[:, :n_ways]


def _standard(vectors: Vectors) -> Vectors:
    centred = vectors - vectors.mean(axis=1, keepdims=True)
    result: Vectors = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
    return result
