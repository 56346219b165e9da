"""What a run's network answered: the probabilities of its validation and test images, kept for later comparisons."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.files import open_regular, write_atomically

FILE = "predictions.npz"


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """n images: relative `paths` (n,), `sides` (n,) "validation" or "test", `labels` (n,) and `probabilities` (n, c).

    Labels and columns count in the order of `class_names` (c,). Raises ValueError where the shapes differ.
    """

    paths: NDArray[np.str_]
    sides: NDArray[np.str_]
    labels: NDArray[np.int32]
    probabilities: NDArray[np.float32]
    class_names: NDArray[np.str_]

    def __post_init__(self) -> None:
        n, c = len(self.paths), len(self.class_names)
        if self.sides.shape != (n,) or self.labels.shape != (n,) or self.probabilities.shape != (n, c):
            raise ValueError(f"{n} paths and {c} classes, but other numbers of sides, labels or probabilities")
        if n and not 0 <= self.labels.min() <= self.labels.max() < c:
            raise ValueError("a label is no class")

    def __repr__(self) -> str:
        return f"<Predictions of {len(self.paths)} images, {len(self.class_names)} classes>"

    def save(self, folder: Path) -> None:
        """Writes the run's file, whole."""
        with write_atomically(folder / FILE) as file:
            np.savez_compressed(file, allow_pickle=False, **vars(self))

    @classmethod
    def load(cls, folder: Path) -> Predictions:
        """Reads the run's file. Raises RequestError where there is none, or it is damaged."""
        path = folder / FILE
        try:
            with open_regular(path) as file, np.load(file, allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in cls.__dataclass_fields__})
        except FileNotFoundError:
            raise RequestError(f"{path}: it is missing; runs trained before it was kept have none") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
            raise RequestError(f"{path}: it cannot be read ({problem}); train again") from None
