"""An export as an object that labels bytes: for servers that exist, such as Ray Serve, to hold one in each process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from convwise.export.exported import Exported
from convwise.export.runtimes import Runtime
from convwise.http_core.decoding import Reading
from convwise.http_core.problems import Problem
from convwise.serving.outputs import prediction
from convwise.serving.predicting import Answered


class Predictor:
    """Labels pictures by an export with ONNX.

    Args:
        exported: The export.
        runtime: Its network.

    Example:
        >>> from pathlib import Path
        >>> from convwise.serving.adapter import Predictor
        >>> predictor = Predictor.open("exports/first")
        >>> picture = Path("pictures/star/star_0000.png").read_bytes()
        >>> sorted(predictor.predict([picture])[0])
        ['label', 'name', 'probability', 'top']
    """

    def __init__(self, exported: Exported, runtime: Runtime) -> None:
        self._class_names, self._runtime = exported.labels.class_names, runtime
        labels = exported.labels
        self._reading = Reading(labels.shape, labels.resize, labels.rules)

    @classmethod
    def open(cls, folder: str | Path, *, threads: int = 1) -> Self:
        """The predictor of an export.

        Args:
            folder: The export's folder.
            threads: Threads for the network, at least 1.

        Returns:
            The predictor.

        Raises:
            RequestError: the folder is no export with ONNX, or onnxruntime is missing.
            ConvwiseError: the file is damaged.
        """
        exported = Exported.open(folder)
        return cls(exported, exported.runtime("onnx", threads=threads))

    def predict(self, pictures: Sequence[bytes], *, top: int = 5) -> list[dict[str, Any]]:
        """The entries that /predict would answer with, in one batch.

        Args:
            pictures: The files' bytes.
            top: How many of the most probable labels are listed, at least 1.

        Returns:
            For each picture its label and the next ones, or `error` and `status`.
        """
        found: list[Any] = [self._read(data) for data in pictures]
        pixels = [each.pixels for each in found if not isinstance(each, Problem)]
        rows = iter(self._runtime(np.stack(pixels)) if pixels else ())
        answered = [
            Answered("", problem=each)
            if isinstance(each, Problem)
            else Answered("", next(rows), beyond_range=each.peak > self._reading.rules.white)
            for each in found
        ]
        return [prediction(each, self._class_names, top) for each in answered]

    def _read(self, data: bytes) -> Any:
        try:
            return self._reading.picture(data)
        except Problem as problem:
            return problem
