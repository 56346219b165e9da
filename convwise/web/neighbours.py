"""The training images of a run by what its network makes of them before its head: computed once, kept in the cache."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.files import read_regular
from convwise.images.cache_dir import cache_dir, mark_used, write_cache_file
from convwise.images.cleaning import FEATURES
from convwise.runs import Run
from convwise.web.jobs import Progress

N_NEAREST = 5
_MOST_BYTES = 2**31
_MOST_MODEL_BYTES = 2**31


@dataclass(frozen=True, eq=False)
class Neighbours:
    """`paths` of n training images, relative to the folder of the pictures, and their `features` (n, d) of length 1."""

    paths: tuple[str, ...]
    features: NDArray[np.float32]

    @classmethod
    def kept(cls, run: Run) -> Neighbours | None:
        """Those that were computed for this network and these images; None where they were not."""
        place, paths = _place(run), run.split["train"]
        try:
            with np.load(io.BytesIO(read_regular(place, _MOST_BYTES)), allow_pickle=False) as held:
                features = np.asarray(held["features"], np.float32)
        except (OSError, ValueError, KeyError):
            return None
        if features.ndim != 2 or len(features) != len(paths):
            return None
        mark_used(place)
        return cls(tuple(paths), features)

    @classmethod
    def compute(cls, run: Run, model: Any, heard: Progress) -> Neighbours:
        """Asks the network for every training image and keeps what it says.

        Raises RequestError where the pictures have changed or are gone, ConvwiseError for a network without a head.
        """
        from convwise.nets.features import feature_network, features

        network = feature_network(model)
        if network is None:
            raise ConvwiseError("this network does not end in a dense layer or in averaged maps: it has no features")
        settings, paths = run.settings, run.split["train"]
        index, pixels = settings.pictures.read(heard)
        if index.digest != settings.index_digest:
            raise RequestError(
                f"the pictures in {settings.folder} have changed since the training; put them back as they were"
            )
        position = {path: i for i, path in enumerate(index.paths)}
        members = np.array([position[path] for path in paths], np.int64)
        found = features(network, pixels, members, heard)
        content = io.BytesIO()
        np.savez(content, features=found.astype(np.float16))
        write_cache_file(_place(run), content.getvalue())
        return cls(tuple(paths), found)

    def nearest(self, model: Any, stack: NDArray[np.uint8]) -> list[list[tuple[str, float]]]:
        """For each of the pictures (n, h, w, c): the training images of the smallest cosine distances, 0 to 2."""
        from convwise.nets.features import feature_network, features

        asked = features(feature_network(model), stack, np.arange(len(stack)), lambda done, total: None)
        distances = 1 - asked @ self.features.T
        order = np.argsort(distances, axis=1, kind="stable")[:, :N_NEAREST]
        return [
            [(self.paths[i], max(0.0, float(row[i]))) for i in best] for row, best in zip(distances, order, strict=True)
        ]


@lru_cache(maxsize=16)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    """Of a model file, read once as long as it has this size and time: each page of a run asks for it."""
    return hashlib.sha256(read_regular(path, _MOST_MODEL_BYTES)).hexdigest()


def _place(run: Run) -> Path:
    """Where they are kept: under what decides them, the network's file and the images."""
    settings, status = run.settings, run.model_path.stat()
    model = _digest(run.model_path, status.st_size, status.st_mtime_ns)
    decides = "\n".join((model, settings.index_digest, settings.split_digest))
    return cache_dir() / FEATURES / f"{hashlib.sha256(decides.encode()).hexdigest()[:32]}.npz"
