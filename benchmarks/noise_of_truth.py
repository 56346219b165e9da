"""The noise of the stored whole trainings, as the parameters of the simulation's worlds (`simulated_study.py`).

Two unchanged trainings of one block have no effect between them, so what differs is the noise of training. A candidate
whose differences scatter more than that has more noise of its own, or an effect that differs by seed and fold. One
block cannot tell the two apart: what most candidates show is taken for the latter, what single ones show beyond it for
the former.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from machine import machine
from simulated_study import World
from stored_blocks import AGAIN, STORE, UNCHANGED, Store, StoredBlock, Truth, opened

from convwise.study.estimates import Reading
from convwise.study.ruler import Ruler, fitted
from convwise.study.weighing import weighed

_LEAST_NOISE = 0.5  # times the unchanged network's: less is hardly told from it in a few blocks


def fitted_world(store: Store, *, effects: bool = True) -> World:
    """The world that the store shows, with its mean effects or with none."""
    ruler, truth = _ruler(store), Truth.of(store)
    sd, by_seed = training_sd(store), seed_by_factor(store, ruler.slope)
    return World(
        truth.means if effects else dict.fromkeys(store.names, 0.0),
        sd=sd,
        judged=round(np.mean([block.n_judged for block in store.blocks])),
        seconds=store.seconds[UNCHANGED],
        noisier=noisier(store, sd, by_seed),
        by_seed=by_seed,
        score_sd=abs(ruler.slope) * _control_sd(store, lambda each: each.score),
        slope=ruler.slope,
        deviations=_deviations(store, truth, ruler) if effects else {},
        spread=ruler.spread,
        correlation=training_correlation(store),
        costs={name: store.ratio(name) for name in store.names},
    )


def training_sd(store: Store) -> float:
    """Of the difference between two unchanged trainings of one block, points; its mean is 0."""
    return _control_sd(store, lambda each: each.difference)


def training_correlation(store: Store) -> float:
    """Of the noises of accuracy and score, as points, of two unchanged trainings: a point more is some nats less."""
    together = _control_mean(store, lambda each: -each.difference * each.score)
    alone = training_sd(store) * _control_sd(store, lambda each: each.score)
    return together / alone if alone else 0.0


def seed_by_factor(store: Store, slope: float) -> float:
    """How a candidate's effect differs from block to block beyond the noise of training, points: the median's.

    By the covariance of accuracy and score, because an effect that is there in a block shows in both. The difference to
    the mean of two unchanged trainings has three quarters of the control's.
    """
    found = []
    for name in store.names:
        pairs = np.array([[each.both[name].difference, slope * each.both[name].score] for each in store.blocks])
        found.append(float(np.cov(pairs.T)[0, 1]))
    control = _control_mean(store, lambda each: each.difference * slope * each.score)
    return math.sqrt(max(0.0, float(np.median(found)) - 0.75 * control))


def noisier(store: Store, sd: float, by_seed: float) -> dict[str, float]:
    """By candidate: times the training noise of the unchanged network."""
    of_training = sd**2 / 2
    found = {}
    for name in store.names:
        own = deviation(store, name) ** 2 - by_seed**2 - of_training / 2
        found[name] = max(_LEAST_NOISE, math.sqrt(max(0.0, own) / of_training))
    return found


def deviation(store: Store, name: str, *, of: Callable[[Reading], float] = lambda each: each.difference) -> float:
    """Of the candidate's difference over the blocks, points or nats."""
    return float(np.std([of(block.both[name]) for block in store.blocks], ddof=1))


def block_correlation(store: Store) -> float:
    """Of the two unchanged trainings over the blocks: what the fold decides, and no seed."""
    pairs = np.array([[block.values[UNCHANGED], block.values[AGAIN]] for block in store.blocks])
    return float(np.corrcoef(pairs.T)[0, 1]) if pairs.std(axis=0).all() else math.nan


def shared_seed(store: Store) -> float:
    """The deviation of a candidate from the training of its own seed, divided by that from the other's seed."""
    own, other = (
        np.mean([_variance(store.blocks, name, against) for name in store.names]) for against in (UNCHANGED, AGAIN)
    )
    return float(math.sqrt(own / other)) if other else math.nan


def _variance(blocks: tuple[StoredBlock, ...], name: str, against: str) -> float:
    return float(np.var([block.values[name] - block.values[against] for block in blocks], ddof=1))


def _control_sd(store: Store, of: Callable[[Reading], float]) -> float:
    return math.sqrt(_control_mean(store, lambda each: of(each) ** 2))


def _control_mean(store: Store, of: Callable[[Reading], float]) -> float:
    return float(np.mean([of(block.control) for block in store.blocks]))


def _ruler(store: Store) -> Ruler:
    ruler = fitted(store.readings(store.blocks))
    assert ruler  # stored trainings have scores
    return ruler


def _deviations(store: Store, truth: Truth, ruler: Ruler) -> dict[str, float]:
    """Points off the line, by candidate."""
    scores = {name: float(np.mean([block.both[name].score for block in store.blocks])) for name in store.names}
    return {name: ruler.slope * scores[name] - truth.means[name] for name in store.names}


def gain_of_score(store: Store, n_blocks: int, *, draws: int = 60) -> tuple[float, float]:
    """What the score does for the estimates of studies of `n_blocks` drawn blocks, beside accuracy alone.

    Returns:
        The mean squared error about the store's mean effects and the mean width of an interval, as ratios.
    """
    random, truth = np.random.default_rng(0), Truth.of(store)
    ways = (store, store.without_scores())
    errors, widths = np.zeros(len(ways)), np.zeros(len(ways))
    for _ in range(draws):
        drawn = random.choice(len(store.blocks), n_blocks)
        for i, way in enumerate(ways):
            readings = way.readings([way.blocks[block] for block in drawn])
            for name, each in weighed(readings, fitted(readings)).items():
                errors[i] += (each.estimate - truth.means[name]) ** 2
                low, high = each.interval(0.025)
                widths[i] += high - low
    return float(errors[0] / errors[1]), float(widths[0] / widths[1])


def table(store: Store, world: World) -> str:
    """Markdown: by candidate, what was seen and what the world takes for it."""
    lines = ["| change | effect | sd | sd of the score, nats | noise, times | off the line | cost |", "|---" * 7 + "|"]
    for name in store.names:
        nats = deviation(store, name, of=lambda each: each.score)
        lines.append(
            f"| {name} | {world.effects[name]:+.2f} | {deviation(store, name):.2f} | {nats:.4f} | "
            f"{world.noisier[name]:.2f} | {world.deviations[name]:+.2f} | {world.costs[name]:.2f} |"
        )
    return "\n".join(lines)


def parameters(world: World) -> Mapping[str, float]:
    """Those that a line of `study_simulation.py` takes for all candidates."""
    names = ("sd", "judged", "seconds", "by_seed", "score_sd", "slope", "spread", "correlation")
    return {name: round(getattr(world, name), 3) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("easy", "hard"))
    parser.add_argument("--store", type=Path, default=STORE)
    options = parser.parse_args()
    store = opened(options.store / options.set)
    world = fitted_world(store)
    print(machine())
    print(f"`{options.set}`, {len(store.blocks)} blocks")
    print("World({}, " + ", ".join(f"{name}={value:g}" for name, value in parameters(world).items()) + ")")
    print(f"the two unchanged trainings correlate at {block_correlation(store):.2f} over the blocks")
    print(f"the deviation from the training of the same seed is {shared_seed(store):.2f} of that from another seed")
    print(table(store, world))
    for n_blocks in (4, 8, 12):
        error, width = gain_of_score(store, n_blocks)
        print(f"{n_blocks} blocks, with the score: {error:.2f} of the squared error of accuracy alone, ", end="")
        print(f"intervals {width:.2f} times as wide")


if __name__ == "__main__":
    main()
