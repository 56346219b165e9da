"""Material: the pictures of a training, read and divided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.images.index import ImageIndex
from convwise.images.split import Split


@dataclass(frozen=True, eq=False)
class Material:
    """The index, the pixels (N, h, w, c) uint8 in its order, memory-mapped or not, and the sides of the split."""

    index: ImageIndex
    pixels: NDArray[np.uint8]
    split: Split

    @property
    def labels(self) -> NDArray[np.int32]:
        """(N,): each picture's class as its position in the class names."""
        return self.index.labels

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.index.class_names)
