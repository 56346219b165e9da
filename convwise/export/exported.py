"""Exported: an export's folder as a record, and its files as functions. Without Keras and TensorFlow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.export.formats import FORMATS, Format
from convwise.export.labels import FILE, Labels
from convwise.export.runtimes import Runtime, open_runtime
from convwise.files import read_regular
from convwise.places import kind_of, named, reason_of
from convwise.training.answers import require_probabilities

_MOST_BYTES = 2**24
_BATCH = 32


@dataclass(frozen=True)
class Exported:
    """An export: a run's network for other runtimes, with what they need to know.

    Attributes:
        folder: The folder.
        labels: The classes, and how a picture becomes the network's input.

    Example:
        >>> from convwise.export.exported import Exported
        >>> exported = Exported.open("runs/first/export")
        >>> exported.formats, exported.labels.class_names
        (('onnx',), ('circle', 'square', 'star'))
    """

    folder: Path
    labels: Labels

    @classmethod
    def is_one(cls, folder: str | Path) -> bool:
        """Whether the folder looks like an export: it holds labels.json.

        Args:
            folder: Any path.

        Returns:
            Whether it does.
        """
        try:
            return (Path(folder) / FILE).is_file()
        except (OSError, ValueError):  # too long, not to be entered: whoever opens it tells
            return False

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """An export from its folder.

        Args:
            folder: The folder that `convwise export` made.

        Returns:
            The export.

        Raises:
            RequestError: there is none in the folder, or its labels.json is damaged.
        """
        path = named(folder, "export")
        if kind_of(path / FILE, "export") != "file":
            raise RequestError(
                f"export={folder}: there is no export in this folder (no {FILE}); name the folder of one"
            )
        try:
            labels = Labels.of_text(read_regular(path / FILE, _MOST_BYTES).decode("utf-8"))
        except (RequestError, OSError, UnicodeDecodeError) as problem:
            why = reason_of(problem) if isinstance(problem, OSError) else problem
            raise RequestError(f"{path / FILE}: {why}; put the file back as it was, or export again") from None
        return cls(path, labels)

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats that it holds, by name, the one with the lightest runtime first."""
        return tuple(name for name, each in FORMATS.items() if (self.folder / each.file).exists())

    def path(self, format_name: str) -> Path:
        """The file or folder of a format, there or not.

        Args:
            format_name: "onnx", "litert", "openvino" or "savedmodel".

        Returns:
            The path.

        Raises:
            RequestError: there is no such format.
        """
        return self.folder / FORMATS[checks.choice("format", format_name, FORMATS)].file

    def runtime(self, format_name: str | None = None, *, threads: int | None = None) -> Runtime:
        """The exported network as a function, by the format's own runtime.

        Args:
            format_name: "onnx", "litert", "openvino" or "savedmodel"; the first that is here and can be run if None.
            threads: Threads that it may use, at least 1; the runtime's choice if None.

        Returns:
            A function of (n, height, width, channels) pixels, 0 to 255, to (n, n_classes) probabilities.

        Raises:
            RequestError: the export has no such format, or the runtime is not installed.
            ConvwiseError: the file is damaged.
        """
        if threads is not None:
            checks.whole("threads", threads, 1)
        chosen = self._runnable() if format_name is None else FORMATS[checks.choice("format", format_name, FORMATS)]
        path = self.folder / chosen.file
        if not path.exists():
            raise RequestError(f"export={self.folder}: it holds no {chosen.title}; export with to={chosen.name}")
        chosen.require_runner()
        try:
            return open_runtime(chosen.name, path, threads)
        except Exception as problem:  # each runtime has errors of its own
            raise ConvwiseError(f"{path}: {chosen.runner} cannot read it: {one_line(problem)}; export again") from None

    def asked(
        self, format_name: str | None = None, *, threads: int | None = None
    ) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
        """As `runtime`, a few images at a time and with a look at the answers.

        Args:
            format_name: As for `runtime`.
            threads: As for `runtime`.

        Returns:
            A function of any number of images to probabilities (n, n_classes).

        Raises:
            RequestError: as `runtime` does.
            ConvwiseError: as `runtime` does; the function where the file fails, or answers with no probabilities.
        """
        run, n_classes = self.runtime(format_name, threads=threads), len(self.labels.class_names)

        def probabilities(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
            try:
                rows = np.concatenate([run(pixels[at : at + _BATCH]) for at in range(0, len(pixels), _BATCH)])
            except Exception as problem:  # each runtime has errors of its own
                why = one_line(problem)
                raise ConvwiseError(f"export={self.folder}: its network fails: {why}; export again") from None
            if rows.shape != (len(pixels), n_classes):
                raise ConvwiseError(f"export={self.folder}: its network is not that of labels.json; export again")
            require_probabilities(rows)
            return rows.astype(np.float64)

        return probabilities

    def _runnable(self) -> Format:
        """The first format whose runtime is installed."""
        here = [FORMATS[name] for name in self.formats]
        if not here:
            raise RequestError(f"export={self.folder}: it holds no network ({', '.join(FORMATS)}); export again")
        for each in here:
            try:
                each.require_runner()
            except RequestError:
                continue
            return each
        here[0].require_runner()
        raise AssertionError("unreachable")
