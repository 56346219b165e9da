"""Does memory stay flat however many images there are? Two generated folders, one ten times the other.

    python benchmarks/flat_memory.py [--images 200000] [--size 32] [--where FOLDER]

Each folder is prepared, and its cache read once from end to end, in a fresh process, which reports its peak memory:
`own` is memory only this process holds; `mapped` counts pages of the memory-mapped cache too, which are the file
system's and are given up when anything needs the room.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from convwise.images.image_shape import ImageShape

N_CLASSES = 10


def generate(folder: Path, n_images: int, size: int) -> None:
    """`n_images` PNG files of random blocks in `N_CLASSES` classes."""
    import cv2

    for label in range(N_CLASSES):
        (folder / f"class {label}").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(n_images):
        blocks = random.integers(0, 256, (8, 8, 3), np.uint8)
        image = cv2.resize(blocks, (size, size), interpolation=cv2.INTER_NEAREST)
        done, data = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        assert done
        (folder / f"class {number % N_CLASSES}" / f"{number:06}.png").write_bytes(data.tobytes())


class OwnMemory(threading.Thread):
    """Samples this process's anonymous memory (Linux) every 20 ms and keeps the peak, in MiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0

    def run(self) -> None:
        while True:
            lines = Path("/proc/self/status").read_text().splitlines()
            anonymous = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self.peak = max(self.peak, anonymous / 1024)
            time.sleep(0.02)


def measure(folder: str, size: int) -> dict[str, float]:
    """Prepare the folder and read its cache once, in this process."""
    from convwise.images.prepare import prepare

    own = OwnMemory()
    if Path("/proc/self/status").exists():
        own.start()
    start = time.perf_counter()
    index, cache = prepare(folder, shape=ImageShape.of(size))
    built = time.perf_counter()
    total = sum(int(cache.pixels[row : row + 64].sum()) for row in range(0, len(index), 64))
    read = time.perf_counter()
    assert total > 0
    n_images, n_bytes = len(index), cache.pixels.nbytes
    del index, cache
    prepare(folder, shape=ImageShape.of(size))
    mapped = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    return {
        "images": n_images, "own": own.peak, "mapped": mapped, "cache": n_bytes / 2**20,
        "build": built - start, "read": read - built, "reopen": time.perf_counter() - read,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--size", type=int, default=32, help="side in pixels")
    parser.add_argument("--where", help="a folder with room for the files; the system's temporary one unless told")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.size)))
        return
    with tempfile.TemporaryDirectory(dir=options.where) as place:
        environment = {**os.environ, "CONVWISE_HOME": f"{place}/home"}
        for n_images in (options.images // 10, options.images):
            generate(Path(place) / str(n_images), n_images, options.size)
            command = [sys.executable, __file__, "--size", str(options.size), "--measure", f"{place}/{n_images}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
            row = json.loads(done.stdout.splitlines()[-1])
            memory = (
                f"peak memory {row['own']:.0f} MiB own, {row['mapped']:.0f} MiB mapped; cache {row['cache']:.0f} MiB"
            )
            times = f"built in {row['build']:.1f} s, read in {row['read']:.1f} s, opened again in {row['reopen']:.2f} s"
            print(f"{row['images']:7} images: {memory}; {times}")


if __name__ == "__main__":
    main()
