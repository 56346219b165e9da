"""How fast is the pixel cache built, against `keras.utils.image_dataset_from_directory` reading the same folder once?

    python benchmarks/pixel_cache.py FOLDER [--size 96] [--repeats 5]

Each measurement is a fresh process that imports first and then times two passes: `first` holds every start-up cost
but the import, `second` none of it. convwise does more in its pass: digests, duplicates, a record, a cache forced to
disk. The sides take turns, so that other work on the machine meets both; the ratio is the median over the repeats.

The third side, `least`, tells what no tool can pass that decodes with libjpeg-turbo: it reads the JPEG files and
decodes them by all cores at an eighth of their size in gray, which is hardly more than undoing the entropy code, and
throws the result away.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import machine

Passes = list[dict[str, float]]


def measure_convwise(folder: str, size: int) -> Passes:
    """Two builds of the cache, each from nothing."""
    from convwise.images.image_shape import ImageShape
    from convwise.images.prepare import prepare

    def once() -> int:
        with tempfile.TemporaryDirectory() as home:
            os.environ["CONVWISE_HOME"] = home
            start = timed_start()
            index, cache = prepare(folder, shape=ImageShape.of(size))
            finish(start, len(cache.pixels))
            return len(index)

    return passes(once)


def measure_keras(folder: str, size: int) -> Passes:
    """Two readings of the folder, each with a new data set."""
    import keras

    def once() -> int:
        start = timed_start()
        data = keras.utils.image_dataset_from_directory(folder, image_size=(size, size), batch_size=32, verbose=False)
        n_images = sum(len(labels) for _, labels in data)
        finish(start, n_images)
        return n_images

    return passes(once)


def measure_least(folder: str, size: int) -> Passes:
    """Two passes over the files that only read them and undo the entropy code; `size` does not matter."""
    import cv2
    import numpy as np

    from convwise.cores import available_cores

    paths = [path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg")]

    def read(part: list[Path]) -> int:
        flag = cv2.IMREAD_REDUCED_GRAYSCALE_8
        return sum(cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), flag) is not None for path in part)

    def once() -> int:
        start = timed_start()
        with ThreadPoolExecutor(available_cores()) as pool:
            n_images = sum(pool.map(read, (paths[first : first + 32] for first in range(0, len(paths), 32))))
        finish(start, n_images)
        return n_images

    return passes(once)


SIDES = {"convwise": measure_convwise, "keras": measure_keras, "least": measure_least}
_results: Passes = []


def timed_start() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def finish(start: tuple[float, float], n_images: int) -> None:
    seconds, cpu_seconds = time.perf_counter() - start[0], time.process_time() - start[1]
    _results.append({"n_images": n_images, "per_second": n_images / seconds, "cpu_us": cpu_seconds / n_images * 1e6})


def passes(once: object) -> Passes:
    assert callable(once)
    for _ in range(2):
        once()
    return _results


def in_fresh_process(side: str, folder: str, size: int) -> Passes:
    """Run one side and read its last line, whatever the libraries print before."""
    command = [sys.executable, __file__, folder, "--size", str(size), "--side", side]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    result: Passes = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="one sub-folder per class")
    parser.add_argument("--size", type=int, default=96, help="side in pixels")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side](options.folder, options.size)))
        return
    print(machine())
    runs: dict[str, list[Passes]] = {side: [] for side in SIDES}
    for repeat in range(options.repeats):
        for side in sorted(SIDES, reverse=bool(repeat % 2)):
            runs[side].append(in_fresh_process(side, options.folder, options.size))
    n_images = {side: int(runs[side][0][0]["n_images"]) for side in SIDES}
    print(f"{options.folder}: images {n_images}, {options.size} px, median of {options.repeats} repeats")
    for number, name in enumerate(("first", "second")):
        rates = {side: [run[number]["per_second"] for run in runs[side]] for side in SIDES}
        costs = {side: statistics.median(run[number]["cpu_us"] for run in runs[side]) for side in SIDES}
        ratios, bounds = (
            sorted(ours / theirs for ours, theirs in zip(rates[side], rates["keras"], strict=True))
            for side in ("convwise", "least")
        )
        for side in SIDES:
            print(f"{name:6} {side:9} {statistics.median(rates[side]):7.0f} images/s, {costs[side]:5.0f} us CPU/image")
        print(f"{name:6} ratio     {statistics.median(ratios):7.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f}); "
              f"CPU {costs['keras'] / costs['convwise']:.2f}; no more than {statistics.median(bounds):.2f} "
              f"can be reached (from {bounds[0]:.2f} to {bounds[-1]:.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
