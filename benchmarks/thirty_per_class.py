"""All 101 classes of Caltech-101 from scratch, thirty training images a class: mean per-class accuracy."""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine

T_975 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # Student's quantile for n - 1 degrees of freedom


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--selections", type=int, default=3, choices=sorted(T_975))
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--arguments", default="", help="more for `convwise train`")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(machine())
    rows = []
    for seed in range(options.selections):
        with tempfile.TemporaryDirectory() as place:
            command = [
                sys.executable,
                "-m",
                "convwise.cli",
                "train",
                "caltech101",
                "--per-class",
                "30",
                "--validation",
                "0",
            ]
            own = ["--minutes", str(options.minutes), "--seed", str(seed), "--out", f"{place}/run", "--json"]
            done = subprocess.run(
                [*command, *own, *options.arguments.split()], check=True, stdout=subprocess.PIPE, text=True
            )
        printed = json.loads(done.stdout)
        score = printed["evaluation"]["mean_class_accuracy"]
        rows.append({"seed": seed, "seconds": printed["seconds"], **score})
        print(json.dumps(rows[-1]), flush=True)
    values = [row["value"] for row in rows]
    half = T_975[len(values)] * statistics.stdev(values) / math.sqrt(len(values))
    mean = f"{100 * statistics.mean(values):.1f} +- {100 * half:.1f} %"
    print(f"mean per-class accuracy {mean} over {len(values)} selections")
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
