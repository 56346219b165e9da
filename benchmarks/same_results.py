"""The same results by seed from two checkouts of convwise: a training, a pretrained start, a study, bit for bit.

`--before PATH` is the other checkout, such as a git worktree of an older commit whose studies are of the same format.
Each command is a process of its own. Times are left out of the comparison; `--start-up` compares in turn how long
commands take that do no work.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

HERE = Path(__file__).resolve().parents[1]
TRAIN = ("train", "shapes", "--size", "32", "--epochs", "3", "--seed", "3", "--set", "conv.kernel_size=5")
STUDY = ("study", "shapes", "--size", "32", "--runs", "15", "--epochs", "1", "--seed", "2")
STUDY += ("--parameters", "kernel_size,use_bias,activation")
LIGHT = (("--help",), ("train", "--help"), ("guide", "strides"), ("explain", "simple"))
TIMES = {"seconds", "seconds_per_image", "validation_seconds"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--weights", type=Path, help="of SqueezeNet, for a pretrained start too")
    parser.add_argument("--start-up", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(machine(), flush=True)
    if options.start_up:
        start_up(options.before, options.repeats)
        return
    jobs = {"train": TRAIN, "study": STUDY}
    if options.weights:
        pretrained = ("--net", "squeezenet", "--weights", str(options.weights), "--size", "64", "--epochs", "1")
        jobs["pretrained"] = ("train", "shapes", "--seed", "3", *pretrained)
    with tempfile.TemporaryDirectory() as place:
        for name, job in jobs.items():
            outs = [Path(place, side, name) for side in ("before", "now")]
            for tree, out in zip((options.before, HERE), outs, strict=True):
                run(tree, Path(place, "home"), *job, "--out", str(out))
            same = same_study(*outs) if name == "study" else same_run(*outs)
            print(f"{name}: {'the same, bit for bit' if same else 'DIFFERENT'}", flush=True)


def run(tree: Path, home: Path, *arguments: str) -> float:
    """`convwise ARGUMENTS` from that checkout; its seconds."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "CONVWISE_HOME": str(home)}
    command = [sys.executable, "-m", "convwise.cli", *arguments]
    began = time.perf_counter()
    subprocess.run(command, env=environment, cwd=tree, capture_output=True, check=True)
    return time.perf_counter() - began


def same_run(one: Path, other: Path) -> bool:
    """Whether all arrays of the checkpoints and the evaluations are equal."""
    files = sorted(path.relative_to(one) for path in one.glob("checkpoint/*.npz"))
    if files != sorted(path.relative_to(other) for path in other.glob("checkpoint/*.npz")):
        return False
    for name in files:
        with np.load(one / name) as a, np.load(other / name) as b:
            keys = [key for key in a.files if key != "progress"]  # it holds times
            if not all(np.array_equal(a[key], b[key]) for key in keys):
                return False
    metrics = [json.loads((run / "evaluation.json").read_text()) for run in (one, other)]
    return all(metrics[1].get(key) == value for key, value in metrics[0].items() if key != "format")


def same_study(one: Path, other: Path) -> bool:
    """Whether every trial came out the same."""
    return trials(one) == trials(other)


def trials(study: Path) -> dict[str, dict[str, object]]:
    """Each trial's outcome by its key, times left out."""
    rows = [json.loads(line) for line in (study / "trials.jsonl").read_text().splitlines()]
    return {
        row["key"]: {key: value for key, value in row.items() if key not in TIMES | {"format"}}
        for row in rows
        if "key" in row
    }


def start_up(before: Path, repeats: int) -> None:
    """Medians of the seconds of light commands, both sides in turn."""
    with tempfile.TemporaryDirectory() as home:
        for command in LIGHT:
            pairs = [[run(tree, Path(home), *command) for tree in (before, HERE)] for _ in range(repeats)]
            old, now = (statistics.median(side) for side in zip(*pairs, strict=True))
            print(f"convwise {' '.join(command)}: {now:.2f} s, before {old:.2f} s", flush=True)


if __name__ == "__main__":
    main()
