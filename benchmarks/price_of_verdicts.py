"""What a training of a study costs, part by part on one core, and what would make its answer less noisy.

Noise is the deviation, over folds, of the difference between two trainings of the unchanged network with seeds of their
own: in points of accuracy, and in nats of the score (log loss after a temperature). It is measured for the answers as a
study takes them, without the mirrored image, with two shifted ones more, with weights averaged over the last epochs,
and for half of the judged images. What matters is noise squared times seconds: the price of a verdict.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from numpy.typing import NDArray

LAST = (3, 6)  # epochs whose weights are averaged
_Answers = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--folds", type=int, default=8, help="two trainings each")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()

    from convwise.cores import take_one_core

    take_one_core(0)
    from trial_bench import trial_runner

    runner = trial_runner(options.data, size=options.size, precision="float32")
    print(f"{machine()}; {options.data}, {options.size} px, one core", flush=True)
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    for fold in range(options.folds):
        pair = [trained(runner, fold, seed, seconds) for seed in (2 * fold, 2 * fold + 1)]
        labels = runner.index.labels[runner.fold(fold).validation]
        for variant in pair[0]:
            found[variant].append(difference(pair[0][variant], pair[1][variant], labels))
        for variant in ("as it is",):
            half = np.arange(len(labels)) % 2 == 0
            answers = [each[variant][half] for each in pair]
            found["half of the judged images"].append(difference(*answers, labels[half]))
        print(f"fold {fold}: {sum(np.sum(values[-2:]) for values in seconds.values()):.0f} s", flush=True)
    report(found, seconds)
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "found": found, "seconds": seconds}, indent=1) + "\n")


def trained(runner: Any, block: int, seed: int, seconds: dict[str, list[float]]) -> dict[str, _Answers]:
    """One whole training; the answers for its fold by variant. What each part took goes to `seconds`."""
    import keras

    from convwise.images.material import Material
    from convwise.nets import build
    from convwise.nets.fast_layers import with_fast_layers
    from convwise.study.costs import costs_of
    from convwise.training.checkpoint import NoCheckpoints
    from convwise.training.fit import batches_of, fit
    from convwise.training.hooks import Hooks
    from convwise.training.predict import mirrored, outputs_for

    spec, split = runner.spec, runner.fold(block)
    recipe = replace(spec.recipe, minutes=None, towers=1, seed=seed)
    pixels, material = (
        runner.pixels[recipe.shape],
        Material(runner.index, runner.pixels[recipe.shape], split, spec.reading),
    )
    clock = Clock(seconds)
    built = build(
        spec.net, shape=recipe.shape, n_classes=material.n_classes, settings=spec.network, seed=seed,
        precision="float32", require_used=False,
    )  # fmt: skip
    clock("the network")
    costs_of(built.model, batch=recipe.batch, optimizer=recipe.optimizer)
    clock("its costs")
    network = with_fast_layers(built.model)
    batches = batches_of(material, recipe)
    clock("fast layers, batches")

    class Kept(keras.callbacks.Callback):
        """The weights after each of the last epochs, and the time of the first step."""

        def __init__(self) -> None:
            super().__init__()
            self.weights: list[list[NDArray[np.float32]]] = []
            self.epochs: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 0 and not self.epochs:
                clock("compiling and the first step")

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.weights = [*self.weights, network.get_weights()][-max(LAST) :]

    kept = Kept()
    hooks = Hooks(epoch=lambda row: kept.epochs.append(row["seconds"]))
    fit(network, batches, None, recipe=recipe, checkpoints=NoCheckpoints(), hooks=hooks, callbacks=[kept])
    clock("the other steps")

    def answers(change: Callable[[NDArray[np.uint8]], NDArray[np.uint8]] | None = None) -> _Answers:
        return outputs_for(network, pixels, split.validation, change)

    plain, flipped = answers(), answers(mirrored)
    clock("judging")
    shifted = [answers(lambda images, by=by: np.roll(images, by, axis=(1, 2))) for by in ((1, 1), (-1, -1))]
    clock("judging two shifted images more (not part of a training)")
    found = {
        "as it is": (plain + flipped) / 2,
        "without the mirrored image": plain,
        "with two shifted images more": (plain + flipped + sum(shifted)) / 4,
    }
    for n in LAST:
        network.set_weights([np.mean(of, axis=0) for of in zip(*kept.weights[-n:], strict=True)])
        found[f"weights averaged over the last {n} epochs"] = (answers() + answers(mirrored)) / 2
    return found


class Clock:
    """The seconds since the last call, under a name."""

    def __init__(self, seconds: dict[str, list[float]]) -> None:
        self._seconds, self._began = seconds, time.monotonic()

    def __call__(self, part: str) -> None:
        now = time.monotonic()
        self._seconds[part].append(now - self._began)
        self._began = now


def difference(one: _Answers, other: _Answers, labels: NDArray[np.int32]) -> tuple[float, float]:
    """Points of accuracy, and nats of the score."""
    from convwise.study.measures import Scores

    a, b = (Scores.of(each, labels) for each in (one, other))
    return 100 * float(a.right.mean() - b.right.mean()), a.loss - b.loss


def report(found: dict[str, list[tuple[float, float]]], seconds: dict[str, list[float]]) -> None:
    """Two tables. The root mean square, not the deviation: the mean difference of two such trainings is zero."""
    whole = sum(np.median(values) for part, values in seconds.items() if "not part" not in part)
    print("\n| part of a training | seconds, median | share |\n|---|---|---|")
    for part, values in seconds.items():
        print(f"| {part} | {np.median(values):.2f} | {100 * np.median(values) / whole:.0f} % |")
    print("\n| answers | noise, points | noise, nats | variance against as it is, points | the same, nats |")
    print("|---|---|---|---|---|")
    noise = {name: np.sqrt(np.mean(np.square(values), axis=0)) for name, values in found.items()}
    for name, (points, nats) in noise.items():
        ratios = np.square(noise[name] / noise["as it is"])
        print(f"| {name} | {points:.2f} | {nats:.4f} | {ratios[0]:.2f} | {ratios[1]:.2f} |")


if __name__ == "__main__":
    main()
