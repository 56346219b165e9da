"""What a network must answer: a probability for each class. NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError

_ROUNDING = 0.01  # of a sum of probabilities, in whatever type they were computed


def require_probabilities(rows: NDArray[np.float64]) -> None:
    """Raises ConvwiseError unless each row is a probability for each class: finite, not negative, 1 in all."""
    if not (np.isfinite(rows).all() and (rows >= 0).all() and (abs(rows.sum(axis=1) - 1) < _ROUNDING).all()):
        raise ConvwiseError(
            "the network answers with no probabilities (not negative, 1 in all): its model file is not the one that "
            "was trained; train again"
        )
