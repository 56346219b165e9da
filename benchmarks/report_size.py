"""How large the report of a run is and how long it takes: runs that nobody trained, on drawn pictures.

The network is not loaded: its table adds some 20 kB and the seconds that Keras takes to start.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import convwise
from tests.made_run import draw_pictures, make_run

CASES = {"10 classes, 500 test images": (10, 100, 0.5, 3.0), "101 classes, 4,000 test images": (101, 80, 0.5, 8.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=300, help="longer side of the pictures, px")
    parser.add_argument("--accuracy", type=float, default=0.7)
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        os.environ["CONVWISE_HOME"] = f"{place}/home"
        for name, (n_classes, per_class, test, most) in CASES.items():
            folder = Path(place, name)
            classes = [f"class {number:03}" for number in range(n_classes)]
            draw_pictures(folder / "data", classes, per_class, options.size)
            run = make_run(folder / "run", folder / "data", accuracy=options.accuracy, test=test)
            for pictures in (True, False):
                began = time.monotonic()
                result = convwise.report(run, pictures=pictures)
                seconds, size = time.monotonic() - began, result.n_bytes / 1e6
                n_test = run.evaluation.n
                kind = "with" if pictures else "without"
                verdict = "within" if size <= most else "ABOVE"
                print(f"{name} ({n_test:,}), {kind} pictures: {size:.2f} MB ({verdict} {most:g}), {seconds:.1f} s")


if __name__ == "__main__":
    main()
