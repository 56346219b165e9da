"""A study killed again and again ends as one that was left alone: the same result, no training twice, none lost.

Kills the study's own process, one of its workers, or all of them at once, at random moments.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

TIMED = ("seconds", "costs", "sentence", "minutes_needed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(machine())
    dice = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        whole, killed = Path(place) / "whole", Path(place) / "killed"
        finish(start(whole))
        process = start(killed)
        counts = {"study": 0, "worker": 0, "all": 0}
        while sum(counts.values()) < options.kills:
            time.sleep(dice.uniform(0.5, 9))
            if process.poll() is not None:
                break
            what = dice.choice(list(counts))
            workers = children(process.pid)
            counts[what] += 1
            if what == "worker":
                for pid in workers[:1]:
                    kill(pid)
                continue
            process.kill()
            if what == "all":
                for pid in workers:
                    kill(pid)
            process.wait()
            process = start(killed)
        finish(process)
        one, other = (json.loads((path / "result.json").read_text()) for path in (whole, killed))
        keys = [json.loads(line)["key"] for line in (killed / "trials.jsonl").read_text().splitlines()]
        print(f"killed {sum(counts.values())} times: {counts}")
        print(f"{len(keys)} trainings, {len(set(keys))} different ones, {one['trainings']} in the study left alone")
        same = untimed(one) == untimed(other)
        print(f"the results are {'equal' if same else 'NOT equal'}, measured times left aside")
        raise SystemExit(0 if same and len(keys) == len(set(keys)) == one["trainings"] else 1)


def start(folder: Path) -> subprocess.Popen:
    """A small study, begun or gone on with."""
    command = [sys.executable, "-m", "convwise.cli", "study"]
    if (folder / "study.json").exists():
        command += ["--resume", str(folder)]
    else:
        command += ["planted-brightness", "--net", "simple", "--size", "32", "--recipe", "plain"]
        command += ["--runs", "48", "--epochs", "4", "--set", "conv.use_bias=false", "--out", str(folder)]
        command += ["--parameters", "filters,padding,use_bias,activation,kernel_initializer"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(process: subprocess.Popen) -> None:
    if process.wait() != 0:
        raise SystemExit("the study failed")


def children(pid: int) -> list[int]:
    answer = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in answer.stdout.split()]


def kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def untimed(value: object) -> object:
    """The value without what is measured by the clock."""
    if isinstance(value, dict):
        return {key: untimed(each) for key, each in value.items() if key not in TIMED}
    return [untimed(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
