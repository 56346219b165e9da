"""Trials of a study side by side, one to a core, against one after the other on all cores: images a second, in turn."""

import argparse
import time

import numpy as np
from machine import machine
from trial_bench import trial_runner

from convwise.cores import available_cores
from convwise.study.engine import local_engine
from convwise.study.trials import Trial


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--net", default="narrowresnet")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    runner = trial_runner(options.data, size=options.size, net=options.net)
    n_workers = available_cores()
    trials = [Trial(f"{i}", 0, (), epochs=options.epochs) for i in range(n_workers)]
    print(machine())
    ratios = []
    with local_engine(runner.spec, n_workers) as engine:
        engine.run(trials, lambda outcome: None)  # what is done once is done here
        runner.carry_out(trials[0])
        for _ in range(options.repeats):
            began = time.monotonic()
            engine.run(trials, lambda outcome: None)
            beside = time.monotonic() - began
            began = time.monotonic()
            for trial in trials:
                runner.carry_out(trial)
            after = time.monotonic() - began
            ratios.append(after / beside)
            print(f"{n_workers} trials: side by side {beside:.1f} s, one after the other {after:.1f} s", flush=True)
    print(f"ratio {np.median(ratios):.2f}, median of {options.repeats} repeats, {options.net} at {options.size} px")


if __name__ == "__main__":
    main()
