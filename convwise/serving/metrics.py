"""Metrics in Prometheus's text format: counters of all workers in one array, so that any of them tells of each."""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterable
from typing import Any

import numpy as np

ROUTES = ("/predict", "/labels", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "other")
STATUSES = (200, 303, 400, 401, 403, 404, 405, 408, 413, 415, 422, 500, 503)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_BOUNDS: dict[str, tuple[float, ...]] = {"convwise_predict_seconds": SECONDS, "convwise_batch_pictures": SIZES}
"""Of the buckets of each histogram."""
_OUTCOMES = ("answered", "refused")


def _slots() -> list[str]:
    """Every series without its worker, in the order of the array."""
    names = [f'convwise_requests_total{{path="{route}",status="{status}"}}' for route in ROUTES for status in STATUSES]
    for histogram, bounds in _BOUNDS.items():
        names += _histogram(histogram, bounds)
    names += [f'convwise_pictures_total{{outcome="{outcome}"}}' for outcome in _OUTCOMES]
    return [*names, "convwise_runtime_seconds_total", "convwise_received_bytes_total",
            "convwise_waiting_pictures", "convwise_resident_bytes", "convwise_start_seconds"]  # fmt: skip


def _histogram(name: str, bounds: Iterable[float]) -> list[str]:
    return [*(f'{name}_bucket{{le="{bound:g}"}}' for bound in bounds), f'{name}_bucket{{le="+Inf"}}',
            f"{name}_sum", f"{name}_count"]  # fmt: skip


_NAMES = _slots()
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_FIRST_BUCKETS = {name: _PLACES[f'{name}_bucket{{le="{bounds[0]:g}"}}'] for name, bounds in _BOUNDS.items()}
_HELP = {
    "convwise_requests_total": ("counter", "Requests by path and status."),
    "convwise_predict_seconds": ("histogram", "Seconds from the head of a request to /predict to its answer."),
    "convwise_batch_pictures": ("histogram", "Pictures in a batch."),
    "convwise_pictures_total": ("counter", "Pictures, answered or refused."),
    "convwise_runtime_seconds_total": ("counter", "Seconds in the network's runtime."),
    "convwise_received_bytes_total": ("counter", "Bytes of bodies read."),
    "convwise_waiting_pictures": ("gauge", "Pictures that wait or are worked on."),
    "convwise_resident_bytes": ("gauge", "Resident memory of the process."),
    "convwise_start_seconds": ("gauge", "Seconds from the start of the process to its first answer."),
}


class Metrics:
    """The counters of one worker, and the text of all.

    Args:
        worker: Which one this is, from 0.
        workers: How many there are.
        shared: A file of theirs, opened, of `size(workers)` bytes; memory of this process's own if None.

    Example:
        >>> from convwise.serving.metrics import Metrics
        >>> metrics = Metrics()
        >>> metrics.request("/labels", 200)
        >>> metrics.text().splitlines()[2]
        'convwise_requests_total{path="/labels",status="200",worker="0"} 1'
    """

    def __init__(self, worker: int = 0, workers: int = 1, shared: int | None = None) -> None:
        held: Any = bytearray(size(workers)) if shared is None else mmap.mmap(shared, size(workers))
        self._all = np.frombuffer(held, np.float64).reshape(workers, len(_NAMES))
        self._own = self._all[worker]
        self._own[:] = 0  # a worker that takes the place of one that died counts anew

    def add(self, name: str, value: float = 1.0) -> None:
        """Adds to a counter, by its name with labels."""
        self._own[_PLACES[name]] += value

    def set(self, name: str, value: float) -> None:
        """Sets a gauge."""
        self._own[_PLACES[name]] = value

    def request(self, path: str, status: int) -> None:
        """A request that was answered."""
        name = f'convwise_requests_total{{path="{path if path in ROUTES else "other"}",status="{status}"}}'
        if name in _PLACES:  # a client that left has no status
            self._own[_PLACES[name]] += 1

    def observe(self, name: str, value: float) -> None:
        """A value of a histogram: `convwise_predict_seconds` or `convwise_batch_pictures`."""
        first, bounds = _FIRST_BUCKETS[name], _BOUNDS[name]
        self._own[first + bisect_left(bounds, value) : first + len(bounds) + 1] += 1
        self._own[first + len(bounds) + 1] += value
        self._own[first + len(bounds) + 2] += 1

    def text(self) -> str:
        """All series of all workers that are not zero, with their types."""
        lines: list[str] = []
        for name, (kind, told) in _HELP.items():
            rows = []
            for place, series in enumerate(_NAMES):
                if series.partition("{")[0] in (name, f"{name}_bucket", f"{name}_sum", f"{name}_count"):
                    rows += [
                        f"{_labelled(series, worker)} {value:.16g}"
                        for worker, value in enumerate(self._all[:, place])
                        if value or kind == "histogram"
                    ]
            if rows:
                lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}", *rows]
        return "\n".join(lines) + "\n"


def size(workers: int) -> int:
    """Bytes of the counters of so many workers."""
    return workers * len(_NAMES) * 8


def _labelled(series: str, worker: int) -> str:
    name, _, labels = series.partition("{")
    return f'{name}{{{labels[:-1]}{"," if labels else ""}worker="{worker}"}}'
