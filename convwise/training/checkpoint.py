"""Checkpoint: the state after a whole epoch in one file, replaced in one step; the best weights beside it."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.files import cannot_write, open_regular, write_atomically
from convwise.records import Unbounded, record_of
from convwise.strict_json import json_values

Arrays = list[NDArray[Any]]


@dataclass(frozen=True)
class TrainingState:
    """Where a training stands; epoch 0 is a first stage before it.

    `rows` are the lines of metrics.jsonl; `seconds` counts all sessions of the run.
    """

    epochs_done: int
    seconds: float
    finished: bool
    best_epoch: int
    best_score: Unbounded
    rows: tuple[dict[str, float], ...]

    def __post_init__(self) -> None:
        if not 0 <= self.best_epoch <= self.epochs_done:
            raise RequestError(f"best_epoch={self.best_epoch}: it must be at most epochs_done={self.epochs_done}")
        if len(self.rows) - self.epochs_done not in (0, 1):  # one more where a first stage was before the first epoch
            raise RequestError(f"rows: {len(self.rows)} of them for epochs_done={self.epochs_done}; one each is needed")
        if any("epoch" not in row for row in self.rows):
            raise RequestError("rows: each must say its epoch")


class Checkpoints(Protocol):
    """Where a training leaves its state after each epoch, and finds it again."""

    def save(self, state: TrainingState, weights: Arrays, optimizer: Arrays, *, result: Arrays | None = None) -> None:
        """Keeps the state."""

    def load(self) -> tuple[TrainingState, Arrays, Arrays] | None:
        """The state kept last."""

    def start_weights(self) -> Arrays:
        """The weights of epoch 0, for a recipe that keeps a share of them."""


class NoCheckpoints:
    """For a training short enough to begin again: nothing is kept."""

    def save(self, state: TrainingState, weights: Arrays, optimizer: Arrays, *, result: Arrays | None = None) -> None:
        """Keeps nothing."""

    def load(self) -> None:
        """There is nothing."""

    def start_weights(self) -> Arrays:
        """There is nothing. Raises ConvwiseError."""
        raise ConvwiseError("a recipe with a weight_interpolation needs the pretrained weights of its start")


class CheckpointFolder:
    """`last.npz` holds everything that the next epoch starts from; `best-N.npz` the weights of the best epoch N.

    `start.npz` holds those of epoch 0, where a first stage made one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, state: TrainingState, weights: Arrays, optimizer: Arrays, *, result: Arrays | None = None) -> None:
        """Writes the best weights first if this epoch is the best, then the state that names them.

        `result`: what the epoch gives, where that is not the weights that the next one starts from.
        """
        try:
            self.folder.mkdir(exist_ok=True)  # a run that was removed meanwhile is not made again, half
        except OSError as problem:
            raise cannot_write(self.folder, problem) from None
        given = {f"w{i}": a for i, a in enumerate(weights if result is None else result)}
        if state.epochs_done == 0:
            self._write(self._start, given)
        if state.best_epoch == state.epochs_done:
            self._write(self._best(state.best_epoch), given)
        arrays = {f"w{i}": a for i, a in enumerate(weights)} | {f"o{i}": a for i, a in enumerate(optimizer)}
        saved = json.dumps(asdict(state)).encode()
        self._write(self.folder / "last.npz", arrays | {"progress": np.frombuffer(saved, np.uint8)})
        for old in self.folder.glob("best-*.npz"):
            if old != self._best(state.best_epoch):
                old.unlink()

    def load(self) -> tuple[TrainingState, Arrays, Arrays] | None:
        """The last whole epoch's state, or None before the first one. Raises ConvwiseError if the file is damaged."""
        path = self.folder / "last.npz"
        if not path.exists():
            return None
        arrays = self._read(path)
        return self._state(arrays), _numbered(arrays, "w"), _numbered(arrays, "o")

    def state(self) -> TrainingState | None:
        """The state alone, as `load` gives it: no weights are read."""
        path = self.folder / "last.npz"
        return self._state(self._read(path, only="progress")) if path.exists() else None

    def best_weights(self, epoch: int) -> Arrays:
        """The weights of the best epoch."""
        return _numbered(self._read(self._best(epoch)), "w")

    def start_weights(self) -> Arrays:
        """The weights of epoch 0. Raises ConvwiseError where there are none."""
        return _numbered(self._read(self._start), "w")

    def _state(self, arrays: dict[str, NDArray[Any]]) -> TrainingState:
        path = self.folder / "last.npz"
        try:
            told = arrays["progress"].tobytes().decode() if "progress" in arrays else "null"
            return record_of(TrainingState, json_values(told, finite=False))
        except (RequestError, ValueError) as problem:
            raise ConvwiseError(f"{path}: progress: {problem}; train again into a new folder") from None

    @property
    def _start(self) -> Path:
        return self.folder / "start.npz"

    def _best(self, epoch: int) -> Path:
        return self.folder / f"best-{epoch}.npz"

    def _write(self, path: Path, arrays: dict[str, NDArray[Any]]) -> None:
        with write_atomically(path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    def _read(self, path: Path, only: str = "") -> dict[str, NDArray[Any]]:
        """The arrays of a file by name, or `only` one of them, where it is there."""
        try:
            with open_regular(path) as file:
                if zipfile.is_zipfile(file):  # else NumPy takes it for something that one could unpickle, and says so
                    file.seek(0)
                    with np.load(file, allow_pickle=False) as archive:
                        return {name: archive[name] for name in archive.files if only in ("", name)}
            reason = "it is damaged"
        except OSError as problem:
            reason = problem.strerror or str(problem)
        except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
            reason = "it is damaged"
        raise ConvwiseError(f"{path} cannot be read: {reason}; train again into a new folder")


def arrays_of(variables: Sequence[Any]) -> Arrays:
    """The values of Keras variables."""
    import keras

    return [np.asarray(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _numbered(arrays: dict[str, NDArray[Any]], letter: str) -> Arrays:
    numbers = sorted(int(name[1:]) for name in arrays if name[0] == letter and name[1:].isdigit())
    return [arrays[f"{letter}{number}"] for number in numbers]
