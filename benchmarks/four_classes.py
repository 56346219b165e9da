"""Time to accuracy on four classes of Caltech-101: convwise's default against the tutorial's job in plain Keras.

Both sides run in turn, each a whole process from a cold start, for several seeds; convwise with an empty cache each.
Both see the same test images; convwise holds out validation images besides, the other side trains on them.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

from convwise.intervals import wilson

CLASSES = ("Faces", "Leopards", "Motorbikes", "airplanes")
HERE = Path(__file__).resolve().parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of Caltech-101's class folders")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-epochs", type=int, default=50)
    parser.add_argument("--skip-peer", action="store_true")
    parser.add_argument("--arguments", default="", help="more for `convwise train`")
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
    home = place / f"home{seed}"
    command = [sys.executable, "-m", "convwise.cli", "train", str(data), "--test", "0.25", "--seed", str(seed)]
    began = time.perf_counter()
    subprocess.run(
        [*command, "--out", str(run), *more],
        env={**os.environ, "CONVWISE_HOME": str(home)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - began
    evaluation = json.loads((run / "evaluation.json").read_text())
    return {"seed": seed, "seconds": seconds, "accuracy": evaluation["accuracy"]["value"], "n": evaluation["n"]}


def theirs(data: Path, place: Path, seed: int, epochs: int) -> dict[str, float | None]:
    """One training by the plain script on the same test images, by its own clock from process start."""
    out = place / f"peer{seed}.json"
    command = [sys.executable, str(HERE / "tutorial_job.py"), str(data), str(place / f"run{seed}" / "split.json")]
    arguments = ["--epochs", str(epochs), "--seed", str(seed), "--out", str(out)]
    subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL)
    result = json.loads(out.read_text())
    first = next((row["seconds"] for row in result["rows"] if row["accuracy"] >= 0.96), None)
    last = result["rows"][-1]
    return {"peer_seconds": result["seconds"], "peer_accuracy": last["accuracy"], "peer_seconds_to_96": first}


def report(rows: list[dict]) -> None:
    """Means, with the interval over all test images, and the ratio of times."""
    n = sum(row["n"] for row in rows)
    for prefix, title in (("", "convwise"), ("peer_", "plain Keras")):
        if f"{prefix}seconds" not in rows[0]:
            continue
        accuracy = [row[f"{prefix}accuracy"] for row in rows]
        correct = round(sum(a * row["n"] for a, row in zip(accuracy, rows, strict=True)))
        sure = wilson(correct / n, n)
        seconds = sum(row[f"{prefix}seconds"] for row in rows) / len(rows)
        interval = f"{100 * sure.low:.2f} to {100 * sure.high:.2f}"
        print(f"{title}: {100 * correct / n:.2f} % ({interval}), {seconds:.1f} s, mean of {len(rows)}")
    if "peer_seconds" in rows[0]:
        ratio = sum(row["peer_seconds"] for row in rows) / sum(row["seconds"] for row in rows)
        print(f"time, plain Keras over convwise: {ratio:.1f}")


if __name__ == "__main__":
    main()
