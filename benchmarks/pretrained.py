"""Caltech-101 from pretrained weights, thirty training images a class: mean per-class accuracy and time.

For each selection a frozen body and a fine-tuned one, each a whole process from a cold start with an empty cache.
With --choose the test images are not told: three in ten of the training images judge, for comparing values of a recipe.
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

BACKGROUND = "BACKGROUND_Google"
T_975 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # Student's quantile for n - 1 degrees of freedom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of Caltech-101's class folders")
    parser.add_argument("weights", help="a file of weights, or imagenet")
    parser.add_argument("--net", default="squeezenet", help="the network that they were made for")
    parser.add_argument("--selections", type=int, default=3, choices=(1, *T_975))
    parser.add_argument("--tune", default="frozen,full", help="which ones, with a comma between")
    parser.add_argument("--choose", action="store_true", help="judge by validation images")
    parser.add_argument("--arguments", default="", help="more for `convwise train`")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        data.mkdir()
        for folder in sorted(options.folder.resolve().iterdir()):
            if folder.is_dir() and folder.name != BACKGROUND:
                (data / folder.name).symlink_to(folder)
        for seed in range(options.selections):
            for tune in options.tune.split(","):
                more = ["--net", options.net, "--weights", options.weights, "--tune", tune]
                more += ["--validation", "0.3" if options.choose else "0", *shlex.split(options.arguments)]
                rows.append(trained(data, Path(place), seed, more) | {"tune": tune})
                print(json.dumps(rows[-1]), flush=True)
    for tune in options.tune.split(","):
        report(tune, [row for row in rows if row["tune"] == tune])
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def trained(data: Path, place: Path, seed: int, arguments: list[str]) -> dict:
    """One training, timed from outside."""
    with tempfile.TemporaryDirectory(dir=place) as own:
        command = [sys.executable, "-m", "convwise.cli", "train", str(data), "--per-class", "30"]
        began = time.perf_counter()
        done = subprocess.run(
            [*command, "--seed", str(seed), "--out", f"{own}/run", "--json", *arguments],
            env={**os.environ, "CONVWISE_HOME": f"{own}/home"},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds = time.perf_counter() - began
        epochs = [json.loads(line) for line in Path(own, "run", "metrics.jsonl").read_text().splitlines()]
    printed = json.loads(done.stdout)
    start = printed["settings"]["pretrained"]
    judged = [row for row in epochs if "val_loss" in row]
    if judged:
        best = min(judged, key=lambda row: row["val_loss"])
        score = {"value": best["val_accuracy"], "log_loss": best["val_loss"]}
    else:
        score = {"n": printed["evaluation"]["n"], **printed["evaluation"]["mean_class_accuracy"]}
    return {
        "seed": seed,
        "seconds": round(seconds, 1),
        "preprocessing": start["preprocessing"]["name"],
        "c": start["c"],
        **score,
    }


def report(tune: str, rows: list[dict]) -> None:
    """Mean over the selections, with Student's interval, and the times."""
    values = [row["value"] for row in rows]
    half = T_975[len(values)] * statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    seconds = statistics.mean(row["seconds"] for row in rows)
    mean = f"{100 * statistics.mean(values):.1f} +- {100 * half:.1f} %"
    single = ", ".join(f"{100 * value:.1f}" for value in values)
    print(f"{tune}: mean per-class accuracy {mean} ({single}) over {len(values)} selections, {seconds:.0f} s each")


if __name__ == "__main__":
    main()
