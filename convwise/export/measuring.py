"""What an exported file answers and costs, measured in a fresh process of the runtime alone: no convwise, no Keras.

Run as a script, by its path: `python -P measuring.py`. It reads a line of JSON and answers with one.
"""

from __future__ import annotations

import importlib.util
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 128  # images at a time for the answers
_SECONDS = 1.0  # a figure of speed is the median of the calls of so long
_LEAST_CALLS = 5
_FORBIDDEN = ("keras", "convwise")


def costs(
    run: Callable[[NDArray[Any]], NDArray[Any]], shape: tuple[int, ...], began: float, images: Path
) -> dict[str, Any]:
    """Start-up, memory and milliseconds of `run`, which was opened just now in a process that began at `began`.

    Memory is what the process holds after its first answer, before any image is loaded. The speed is that of the first
    images in the file `images`.
    """
    run(np.zeros((1, *shape), np.uint8))
    start, resident = time.time() - began, resident_bytes()
    pixels = np.load(images, mmap_mode="r")
    return {
        "start_seconds": start,
        "resident_bytes": resident,
        "ms_1": _milliseconds(run, pixels, 1),
        "ms_32": _milliseconds(run, pixels, 32),
    }


def _milliseconds(run: Callable[[NDArray[Any]], NDArray[Any]], pixels: NDArray[Any], batch: int) -> float:
    """An image, in the median of many calls with `batch` images."""
    given = np.resize(pixels[:batch], (batch, *pixels.shape[1:]))
    for _ in range(2):  # the first of a size lays out its memory
        run(given)
    seconds: list[float] = []
    while sum(seconds) < _SECONDS or len(seconds) < _LEAST_CALLS:
        before = time.perf_counter()
        run(given)
        seconds.append(time.perf_counter() - before)
    return 1000 * statistics.median(seconds) / batch


def resident_bytes() -> int | None:
    """Memory that this process holds now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def answers(run: Callable[[NDArray[Any]], NDArray[Any]], images: Path) -> NDArray[np.float64]:
    """What `run` says of all images in the file, in float64."""
    pixels = np.load(images, mmap_mode="r")
    found = [run(np.asarray(pixels[at : at + _CHUNK])) for at in range(0, len(pixels), _CHUNK)]
    return np.concatenate(found).astype(np.float64)


def _main() -> None:
    asked = json.loads(sys.stdin.readline())
    # An import of them fails; TensorFlow, where it is the runtime, tries Keras and goes without.
    for name in _FORBIDDEN:
        sys.modules[name] = None  # type: ignore[assignment]
    spec = importlib.util.spec_from_file_location("runtimes", Path(__file__).with_name("runtimes.py"))
    assert spec is not None
    assert spec.loader is not None
    runtimes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runtimes)
    images = Path(asked["images"])
    try:
        run = runtimes.open_runtime(asked["format"], Path(asked["file"]))
        found = costs(run, tuple(asked["shape"]), asked["began"], images)
        np.save(asked["answers"], answers(run, images))
        found["imported"] = sorted(name for name in _FORBIDDEN if sys.modules.get(name) is not None)
    except Exception as problem:  # each runtime has errors of its own
        file = Path(asked["file"])
        told = " ".join(str(problem).replace(str(file), file.name).split()) or type(problem).__name__
        found = {"error": f"to={asked['format']}: its own runtime cannot run it: {told[:300]}", "exit_code": 1}
    sys.stdout.write("\n" + json.dumps(found) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    _main()
