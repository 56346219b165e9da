"""Two-level designs: which settings each run of a study has, so that every parameter is judged from all runs."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError

MOST_FACTORS = 16


@dataclass(frozen=True)
class Design:
    """Runs by factors, -1 for the low level and 1 for the high one, in every replicate the same rows.

    `signs` (n_runs, n_factors) int8 has orthogonal columns; no main effect is aliased with a two-factor interaction
    (resolution IV, or a full factorial where that is as small).
    """

    factors: tuple[str, ...]
    signs: NDArray[np.int8]

    @property
    def n_runs(self) -> int:
        """Runs in one replicate."""
        return len(self.signs)

    def chains(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """Two-factor interactions that cannot be told apart, chain by chain; each chain has one estimate."""
        by_column: dict[bytes, list[tuple[str, str]]] = {}
        for (i, a), (j, b) in itertools.combinations(enumerate(self.factors), 2):
            column = self.signs[:, i] * self.signs[:, j]
            by_column.setdefault(column.tobytes(), []).append((a, b))
        return tuple(tuple(chain) for chain in by_column.values())


def smallest_design(factors: tuple[str, ...]) -> Design:
    """The smallest regular two-level design of resolution IV or more for 1 to 16 factors: 2, 4, 8, 16 or 32 runs.

    Up to three factors: the full factorial. Beyond, the columns are products of an odd number of m basic ones, of
    which there are 2^(m-1): the product of two of them is of even length, hence never a third (Box, Hunter and Hunter
    2005, chapter 6, the 2^(16-11) design and its kin). Raises RequestError for other numbers of factors.
    """
    n = len(factors)
    if not 1 <= n <= MOST_FACTORS or len(set(factors)) != n:
        raise RequestError(f"factors={', '.join(factors)}: give 1 to {MOST_FACTORS} different ones")
    m = n if n <= 3 else max(3, (n - 1).bit_length() + 1)
    basic = np.array(list(itertools.product((-1, 1), repeat=m)), np.int8)
    odd = [c for size in range(1, m + 1, 2) for c in itertools.combinations(range(m), size)]
    signs = np.stack([basic[:, list(columns)].prod(axis=1) for columns in odd[:n]], axis=1)
    return Design(factors, signs.astype(np.int8))
