"""What a study's own process spends on a trial of a Ray cluster, and what follows for many workers.

Ray is measured on this machine: workers that answer at once, with as many trials under way as the cluster would have.
The rest is arithmetic: with W workers and trials of T seconds, W / T trials a second want to be served.
Needs: pip install 'convwise[ray]'
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from machine import machine

from convwise.conv2d import PARAMETERS
from convwise.study.estimates import Reading
from convwise.study.folder import StudyFolder
from convwise.study.measures import Scores
from convwise.study.ruler import fitted
from convwise.study.trials import Outcome, packed, unpacked
from convwise.study.weighing import weighed

N_JUDGED, N_CLASSES = 515, 4
ANSWERS = packed(np.random.default_rng(0).dirichlet([0.1] * N_CLASSES, N_JUDGED))


class Prompt:
    """A worker whose trials take no time."""

    def carry_out(self, trial: dict) -> dict:
        """A finished outcome."""
        return Outcome(
            trial["key"], "done", answers=ANSWERS, seconds_per_image=0.0023, seconds=33.0, weights=98_564,
            multiply_adds=24_000_000, memory=61_000_000,
        ).to_dict()  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--trial-seconds", type=float, default=33.0)
    parser.add_argument("--served", type=int, default=3000, help="trials to measure with")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        folder = StudyFolder(Path(place))
        a_trial = served_by_ray(options, folder)
        began = time.perf_counter()
        for number in range(200):
            folder.append(Outcome(f"alone/{number}", "done", answers=ANSWERS))
        journal = (time.perf_counter() - began) / 200
    print(f"a trial takes the study's process {1e3 * a_trial:.2f} ms, {1e3 * journal:.2f} of them the journal")
    labels = np.arange(N_JUDGED) % N_CLASSES
    began = time.perf_counter()
    for _ in range(50):
        Scores.of(unpacked(ANSWERS, N_JUDGED, N_CLASSES), labels)
    print(f"reading a trial's answers to {N_JUDGED} images: {1e3 * (time.perf_counter() - began) / 50:.2f} ms")
    n_blocks = options.trials // (len(PARAMETERS) + 2)
    random = np.random.default_rng(0)
    readings = {name: [Reading(*random.normal(0, (1, 0.04))) for _ in range(n_blocks)] for name in PARAMETERS}
    began = time.perf_counter()
    weighed(readings, fitted(readings))
    print(f"a look at {n_blocks} blocks of {len(PARAMETERS)} candidates: {time.perf_counter() - began:.2f} s")
    wanted = options.workers / options.trial_seconds
    able = min(wanted, 1 / a_trial)
    print(
        f"{options.workers} workers at {options.trial_seconds:g} s a trial want {wanted:.0f} trials a second, the "
        f"process serves {1 / a_trial:.0f}: {100 * able / wanted:.0f} % of the workers are kept busy, "
        f"{options.trials} trials take {options.trials / able:.0f} s after the start"
    )


def served_by_ray(options: argparse.Namespace, folder: StudyFolder) -> float:
    """Seconds a trial, with as many under way as there would be workers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    ray.init(num_cpus=2, logging_level="ERROR", log_to_driver=False, include_dashboard=False)
    kind = ray.remote(num_cpus=1)(Prompt)
    actors = [kind.remote() for _ in range(2)]
    under_way = {}
    number = 0

    def begin() -> None:
        nonlocal number
        settings = ("conv.kernel_size=5", "conv.kernel_initializer=he_normal", "conv.padding=valid")
        trial = {"key": f"0/{number}", "block": 0, "settings": settings}
        under_way[actors[number % 2].carry_out.remote(trial)] = trial
        number += 1

    ray.get([actor.carry_out.remote({"key": "first"}) for actor in actors])
    for _ in range(options.workers):
        begin()
    began = time.perf_counter()
    for _ in range(options.served):
        ready, _ = ray.wait(list(under_way), num_returns=1)
        under_way.pop(ready[0])
        folder.append(Outcome.from_dict(ray.get(ready[0])))
        begin()
    seconds = (time.perf_counter() - began) / options.served
    ray.shutdown()
    return seconds


if __name__ == "__main__":
    main()
