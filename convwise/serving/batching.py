"""Batches without a timer: what waits when the runtime is free goes through it at once; who comes later waits."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
Runtime = Callable[[NDArray[Any]], NDArray[Any]]
Heard = Callable[[int, float], None]


@dataclass(frozen=True, eq=False)
class Row(Generic[T]):
    """What came of the pixels that belong to `whose`: their probabilities, or the runtime's error."""

    whose: T
    probabilities: NDArray[Any] | Exception


class Batches(Generic[T]):
    """Runs a runtime, one batch at a time, in the threads of those who ask for it.

    A thread that finds the runtime free runs all that waits, until nothing does; a thread that finds it busy goes on.
    So nothing waits for a clock.

    Args:
        runtime: (n, height, width, channels) pixels to (n, n_classes) probabilities.
        most: Pictures in a batch, at least 1.
        told: Is told what came of a batch, in the thread that ran it.
        heard: Is told the size and the seconds of every batch; nobody is if None.

    Example:
        >>> import numpy as np
        >>> from convwise.serving.batching import Batches
        >>> batches = Batches(lambda pixels: pixels.reshape(len(pixels), -1) / 255, 8, print)
        >>> batches.add("a", np.full((1, 1, 1), 51, np.uint8))
        >>> batches.run()
        [Row(whose='a', probabilities=array([0.2]))]
    """

    def __init__(
        self, runtime: Runtime, most: int, told: Callable[[Sequence[Row[T]]], None], heard: Heard | None = None
    ) -> None:
        self._runtime, self._told, self._heard = runtime, told, heard
        self.most = most
        self._waiting: deque[tuple[T, NDArray[np.uint8]]] = deque()
        self._lock = threading.Lock()
        self._busy = False

    def add(self, whose: T, pixels: NDArray[np.uint8]) -> int:
        """Puts pixels (height, width, channels) where the next batch is taken from; how many wait there now."""
        self._waiting.append((whose, pixels))
        return len(self._waiting)

    def run(self) -> None:
        """Runs all that waits, unless another thread is at it: that one sees to what was added before it ends."""
        with self._lock:
            if self._busy:
                return
            self._busy = True
        while batch := self._taken():
            self._run(batch)

    def _taken(self) -> list[tuple[T, NDArray[np.uint8]]]:
        """What waits, up to a batch; with nothing the runtime is free again."""
        with self._lock:
            batch = [self._waiting.popleft() for _ in range(min(self.most, len(self._waiting)))]
            self._busy = bool(batch)
            return batch

    def _run(self, batch: list[tuple[T, NDArray[np.uint8]]]) -> None:
        begun = time.perf_counter()
        try:
            rows: Any = self._runtime(np.stack([pixels for _, pixels in batch]))
            if len(rows) != len(batch):
                raise ValueError(f"{len(rows)} rows for {len(batch)} pictures")
        except Exception as problem:  # a runtime has errors of its own; the next batch may fare better
            rows = [problem] * len(batch)
        if self._heard is not None:
            self._heard(len(batch), time.perf_counter() - begun)
        self._told([Row(whose, row) for (whose, _), row in zip(batch, rows, strict=True)])
