"""Material: the pictures of a training, which are chosen, read and divided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.images.groups import grouped
from convwise.images.image_shape import ImageShape
from convwise.images.index import ImageIndex, require_classes
from convwise.images.prepare import prepare
from convwise.images.rules import USUAL, Rules, bits_in_use
from convwise.images.split import Split, split_images

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Which pictures are read, and how: `prepare` says more of each.

    `group_by`: what belongs together besides copies, see `check_group_by`; None for nothing.
    """

    folder: Path
    shape: ImageShape
    resize: str
    classes: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    copies: str = "near"
    group_by: str | None = None
    rules: Rules = USUAL

    def read(self, progress: Progress | None = None) -> tuple[ImageIndex, NDArray[np.uint8]]:
        """The index and its pixels. Raises RequestError below two classes, else see `prepare`."""
        index, cache = prepare(
            self.folder,
            shape=self.shape,
            resize=self.resize,
            classes=self.classes,
            exclude=self.exclude,
            copies=self.copies,
            progress=progress,
            rules=self.rules,
            least_classes=2,
        )
        require_classes(index)
        return (index if self.group_by is None else grouped(index, self.group_by)), cache.pixels


@dataclass(frozen=True)
class Shares:
    """How pictures are divided: see `split_images`."""

    per_class: int | None
    test: float | None
    validation: float
    seed: int


@dataclass(frozen=True, eq=False)
class Material:
    """The index, the pixels (N, h, w, c) uint8 in its order, memory-mapped or not, and the sides of the split.

    `rules`: how the pictures were read.
    """

    index: ImageIndex
    pixels: NDArray[np.uint8]
    split: Split
    rules: Rules

    @classmethod
    def of(cls, pictures: Pictures, shares: Shares, progress: Progress | None = None) -> Material:
        """Reads and divides. Raises RequestError: see `prepare`, `grouped` and `split_images`.

        How 16-bit pictures are scaled follows from those that are not tested, so it is known only after the division.
        """
        index, pixels = pictures.read(progress)
        split = split_images(
            index, per_class=shares.per_class, test=shares.test, validation=shares.validation, seed=shares.seed
        )
        rules = replace(pictures.rules, bits=depth_of(index.peaks, split.test))
        if rules.bits < 16:
            index, pixels = replace(pictures, rules=rules).read(progress)
        return cls(index, pixels, split, rules)

    @property
    def labels(self) -> NDArray[np.int32]:
        """(N,): each picture's class as its position in the class names."""
        return self.index.labels

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.index.class_names)


def depth_of(peaks: NDArray[np.uint16], test: NDArray[np.int64]) -> int:
    """The bits in use, by the largest value outside the test side: a sensor's 12 bits in a file of 16 are 12.

    One depth for the whole folder, so that brightness stays comparable between pictures. 16 without 16-bit pictures.
    """
    return bits_in_use(int(np.delete(peaks, test).max(initial=0)))
