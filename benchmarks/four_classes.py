"""Time and accuracy on four classes of Caltech-101: convwise's default against plain Keras, in two ways.

The tutorial's job: another network, size and number of epochs, which is the whole job as a reader of the tutorial does
it. Equal work: the default's network, size, epochs and images, so that only the program differs. The sides run in turn,
each a whole process from a cold start, for several seeds; convwise with an empty cache each. oneDNN is on for all.
All see the same test images. The tutorial's job trains on the validation images besides.

Each seed has a division of its own, and the test images of two seeds overlap. So the intervals are Student's over the
seeds: they are for the mean over divisions and first weights of these pictures, and there is none for one seed.
"""

import argparse
import json
import math
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine
from scipy import stats

CLASSES = ("Faces", "Leopards", "Motorbikes", "airplanes")
HERE = Path(__file__).resolve().parent
SIDES = {
    "": "convwise",
    "equal_": "plain Keras, equal work (the same network, size, epochs and images)",
    "peer_": "plain Keras, the tutorial's job (another network, size and number of epochs)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of Caltech-101's class folders")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-epochs", type=int, default=50, help="of the tutorial's job")
    parser.add_argument("--skip-peer", action="store_true", help="no tutorial's job")
    parser.add_argument("--skip-equal", action="store_true", help="no equal work")
    parser.add_argument("--arguments", default="", help="more for `convwise train`; the equal work follows it")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        data.mkdir()
        for name in CLASSES:
            (data / name).symlink_to((options.folder / name).resolve())
        for seed in range(options.seeds):
            row = ours(data, Path(place), seed, shlex.split(options.arguments))
            if not options.skip_equal:
                row |= equal(data, Path(place), seed)
            if not options.skip_peer:
                row |= theirs(data, Path(place), seed, options.peer_epochs)
            rows.append(row)
            print(json.dumps(row), flush=True)
    report(rows)
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def ours(data: Path, place: Path, seed: int, more: list[str]) -> dict[str, float]:
    """One training by convwise, timed from outside."""
    run = place / f"run{seed}"
    command = [sys.executable, "-m", "convwise.cli", "train", str(data), "--test", "0.25", "--seed", str(seed)]
    seconds = timed([*command, "--out", str(run), *more], CONVWISE_HOME=str(place / f"home{seed}"))
    evaluation = json.loads((run / "evaluation.json").read_text())
    return {"seed": seed, "seconds": seconds, "accuracy": evaluation["accuracy"]["value"], "n": evaluation["n"]}


def equal(data: Path, place: Path, seed: int) -> dict[str, float]:
    """The same work by a plain script on the same division, timed from outside; its folders are made before."""
    run, sides = place / f"run{seed}", place / f"sides{seed}"
    split = json.loads((run / "split.json").read_text())
    for side in ("train", "validation", "test"):
        for path in split[side]:
            link = sides / side / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(data / path)
    out = place / f"equal{seed}.json"
    command = [sys.executable, str(HERE / "equal_job.py"), str(sides), str(run / "settings.json"), "--out", str(out)]
    return {"equal_seconds": timed(command), "equal_accuracy": json.loads(out.read_text())["accuracy"]}


def theirs(data: Path, place: Path, seed: int, epochs: int) -> dict[str, float | None]:
    """The tutorial's job on the same test images, by its own clock from process start."""
    out = place / f"peer{seed}.json"
    command = [sys.executable, str(HERE / "tutorial_job.py"), str(data), str(place / f"run{seed}" / "split.json")]
    timed([*command, "--epochs", str(epochs), "--seed", str(seed), "--out", str(out)])
    result = json.loads(out.read_text())
    first = next((row["seconds"] for row in result["rows"] if row["accuracy"] >= 0.96), None)
    last = result["rows"][-1]
    return {"peer_seconds": result["seconds"], "peer_accuracy": last["accuracy"], "peer_seconds_to_96": first}


def timed(command: list[str], **environment: str) -> float:
    """Seconds that a process takes from its start to its end."""
    began = time.perf_counter()
    subprocess.run(command, env={**os.environ, **environment}, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def report(rows: list[dict]) -> None:
    """The mean over the seeds of each side, with its interval, and how many times as long plain Keras takes."""
    for prefix, title in SIDES.items():
        if f"{prefix}seconds" in rows[0]:
            seconds = statistics.fmean(row[f"{prefix}seconds"] for row in rows)
            shares = [100 * row[f"{prefix}accuracy"] for row in rows]
            print(f"{title}: {over_seeds(shares)}, {seconds:.1f} s")
    for prefix, title in SIDES.items():
        if prefix and f"{prefix}seconds" in rows[0]:
            ratios = [row[f"{prefix}seconds"] / row["seconds"] for row in rows]
            mean = math.exp(statistics.fmean(map(math.log, ratios)))
            print(f"time, {title}, over convwise: {mean:.1f} ({min(ratios):.1f} to {max(ratios):.1f} by seed)")


def over_seeds(shares: list[float]) -> str:
    """The mean of percentages with Student's 95 % interval over the seeds."""
    n, mean = len(shares), statistics.fmean(shares)
    if n < 2:
        return f"{mean:.2f} % (one seed: no interval)"
    half = stats.t.ppf(0.975, n - 1) * statistics.stdev(shares) / math.sqrt(n)
    return f"{mean:.2f} % (± {half:.2f}, Student's 95 % interval over {n} seeds)"


if __name__ == "__main__":
    main()
