"""One process that serves: opens the export, warms its runtime, stands behind the gate. No Keras, no TensorFlow."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convwise.export.exported import Exported
from convwise.http_core.decoding import Reading
from convwise.http_core.gate import Gate
from convwise.http_core.logs import log, log_error, log_libraries_as_json, log_request
from convwise.http_core.server import run_server
from convwise.serving.app import Application
from convwise.serving.metrics import Metrics
from convwise.serving.predicting import Predicting, Work
from convwise.serving.settings import ServeSettings

_FORMAT = "onnx"
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # of malloc.h


@dataclass(frozen=True)
class Place:
    """Which of the workers a process is, and where all count."""

    worker: int = 0
    shared: int | None = None


def serve_here(
    export: str | Path,
    settings: ServeSettings,
    opened: socket.socket,
    place: Place = Place(),
    *,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serves in this process until it is told to end.

    Args:
        export: The export's folder.
        settings: How it is served.
        opened: The socket to listen on.
        place: Which of the workers this is.
        ready: Is called when requests are taken.

    Raises:
        RequestError: the folder is no export, or holds no ONNX.
        ConvwiseError: the file is damaged.
    """
    log_libraries_as_json()
    return_freed_memory()
    exported = Exported.open(export)
    metrics = Metrics(place.worker, settings.workers, place.shared)
    predicting = _predicting(exported, settings, metrics)
    labels = exported.labels
    told = {"class_names": list(labels.class_names), "height": labels.height, "width": labels.width,
            "channels": labels.channels, "resize": labels.resize}  # fmt: skip
    application = Application(told, predicting, settings.limits, metrics, guarded=settings.token is not None)
    gate = Gate(application, settings.access, heard=_heard(metrics, predicting, quiet=settings.quiet))
    application.draining = lambda: gate.draining

    def tell_ready() -> None:
        metrics.set("convwise_start_seconds", _seconds_since_start())
        metrics.set("convwise_resident_bytes", resident_bytes())
        ready()

    try:
        run_server(gate, opened, settings.limits, ready=tell_ready)
    finally:
        predicting.close()
        log("ended", worker=place.worker)


def _predicting(exported: Exported, settings: ServeSettings, metrics: Metrics) -> Predicting:
    """The network, warm: its first batch lays out its memory."""
    labels = exported.labels
    runtime = exported.runtime(_FORMAT, threads=settings.threads)
    runtime(np.zeros((1, *labels.shape.array), np.uint8))

    def heard(n: int, seconds: float) -> None:
        metrics.observe("convwise_batch_pictures", n)
        metrics.add("convwise_runtime_seconds_total", seconds)

    most_pixels = min(labels.most_pixels, settings.limits.most_pixels)
    reading = Reading(labels.shape, labels.resize, labels.rules.limited_to(most_pixels))
    threads = max(2, settings.threads)  # one decodes while the other is in the network
    work = Work(threads, settings.most_batch, settings.most_waiting)
    return Predicting(reading, runtime, work, heard)


def _heard(
    metrics: Metrics, predicting: Predicting, *, quiet: bool
) -> Callable[[Any, int, float, BaseException | None], None]:
    def heard(scope: Any, status: int, seconds: float, error: BaseException | None) -> None:
        metrics.request(scope["path"], status)
        metrics.set("convwise_waiting_pictures", predicting.n_here)
        if scope["path"] == "/predict":
            metrics.observe("convwise_predict_seconds", seconds)
        if scope["path"] == "/metrics":
            metrics.set("convwise_resident_bytes", resident_bytes())
        if error is not None:
            log_error(error, path=scope["path"][:200])
        if not quiet:
            log_request(scope, status, seconds)

    return heard


def return_freed_memory() -> None:
    """Has glibc give the memory of large pictures back to the system; nothing where there is another allocator.

    Else its threshold grows with each large picture that is freed, and what lies between them stays in the process.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError, TypeError):
        return
    set_option(_M_MMAP_THRESHOLD, 2**18)
    set_option(_M_TRIM_THRESHOLD, 2**20)
    set_option(_M_ARENA_MAX, 2)


def resident_bytes() -> int:
    """Memory that this process holds; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _seconds_since_start() -> float:
    """Since the process began; 0 where the system does not say."""
    try:
        begun = float(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - begun / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0
