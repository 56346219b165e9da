"""Batches without a timer: what is decoded when the runtime is free goes through it at once; who comes later waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Runtime = Callable[[NDArray[Any]], NDArray[Any]]
Told = Callable[[NDArray[Any] | Exception], None]
Heard = Callable[[int, float], None]


@dataclass(frozen=True, eq=False)
class _Waiting:
    """Pixels, and who is told their row of probabilities or the error."""

    pixels: NDArray[np.uint8]
    told: Told


class Batches:
    """Runs a runtime, one batch at a time, in the threads of those who bring pixels.

    A thread that finds the runtime free runs all that waits, until nothing does; a thread that finds it busy leaves its
    pixels there and goes on. So nothing waits for a clock, and no picture waits while the runtime is idle.

    Args:
        runtime: (n, height, width, channels) pixels to (n, n_classes) probabilities.
        most: Pictures in a batch, at least 1.
        heard: Is told the size and the seconds of every batch; nobody is if None.

    Example:
        >>> import numpy as np
        >>> from convwise.serving.batching import Batches
        >>> batches = Batches(lambda pixels: pixels.reshape(len(pixels), -1) / 255, 8)
        >>> batches.add(np.full((1, 1, 1), 51, np.uint8), print)
        [0.2]
    """

    def __init__(self, runtime: Runtime, most: int, heard: Heard | None = None) -> None:
        self._runtime, self._most, self._heard = runtime, most, heard
        self._waiting: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._busy = False

    def add(self, pixels: NDArray[np.uint8], told: Told) -> None:
        """Has `told` called with the row of these pixels (height, width, channels), now or soon, in some thread."""
        with self._lock:
            self._waiting.append(_Waiting(pixels, told))
            if self._busy:
                return
            self._busy = True
        while batch := self._taken():
            self._run(batch)

    def _taken(self) -> list[_Waiting]:
        """What waits, up to a batch; with nothing the runtime is free again."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._busy = bool(batch)
            return batch

    def _run(self, batch: list[_Waiting]) -> None:
        begun = time.perf_counter()
        try:
            rows: Any = self._runtime(np.stack([each.pixels for each in batch]))
            if len(rows) != len(batch):
                raise ValueError(f"{len(rows)} rows for {len(batch)} pictures")
        except Exception as problem:  # a runtime has errors of its own; the next batch may fare better
            rows = [problem] * len(batch)
        if self._heard is not None:
            self._heard(len(batch), time.perf_counter() - begun)
        for each, row in zip(batch, rows, strict=True):
            each.told(row)
