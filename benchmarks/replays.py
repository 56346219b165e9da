"""Studies replayed from the stored whole trainings, beside random trials with least squares and Optuna's importances.

A replay is the procedure of `convwise study` itself. Each block that it asks for is drawn, with replacement, from the
stored ones and serves their answers; a training takes the stored seconds, on two cores. Verdicts are judged by the
store's mean effects, and one counts as wrong only where the truth's own 95 % interval excludes it (`answers.py`).

What was not trained in blocks is served as if effects added up: several changes together have their summed mean
effects, with the noise of one of them in another drawn block; and what is searched after an adoption reads as around
the unchanged network. So a replay says nothing about changes that hinder or help each other, nor about further values
of a parameter, which are not stored. What is compared with one unchanged training alone is shifted by a constant, so
that over the store its mean is that of the comparison with both. Blocks are drawn one by one, not as the folds of a
division. A change counts as cheaper where it saves a twentieth of the time.

Random trials and importances (`random_trials.py`) take the stored random combinations in random order, while the time
lasts ("stored"; many of these draws share most of their trials), or fresh trials that scatter like them ("drawn").

Each rate stands with its standard error: its deviation over stores whose blocks are drawn from the store's blocks. Each
of them is replayed a tenth as often, so the errors are too large rather than too small. The drawn stores keep the
random combinations: of "stored" trials the error is that of the truth alone.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from answers import Answer, Marks
from machine import machine
from random_trials import Ask, drawn, evaluators, fitting, importances, least_squares, scatter
from stored_blocks import STORE, UNCHANGED, Store, StoredBlock, Truth, opened

from convwise.study.budget import Minutes
from convwise.study.estimates import Reading
from convwise.study.search import search
from convwise.study.state import AGAIN, Arm, Block, Candidate, Round, State, network_of

CORES = 2
_SAVES = 0.95  # of the unchanged network's time, from which on a change counts as cheaper, as in a study
_PARTS = 10  # as many times fewer replays of each drawn store than of the store itself
Row = tuple[str, float, float]  # the name of a method, minutes, the smallest effect in points
Method = Callable[[Store, Truth, float, float, np.random.Generator], Marks | None]


class Replay:
    """Carries out the rounds of one study from drawn blocks, and counts the stored seconds."""

    def __init__(self, store: Store, truth: Truth, random: np.random.Generator, minutes: float) -> None:
        self.store, self.truth, self.random, self.n_trainings = store, truth, random, 0
        self._scores = {name: _mean([block.both[name].score for block in store.blocks]) for name in store.names}
        # What the stored first unchanged trainings lie above or below the second ones by chance is no effect.
        self._luck = _mean([block.control.difference for block in store.blocks]) / 2
        self._luck_of_score = _mean([block.control.score for block in store.blocks]) / 2
        ratios = {name: store.ratio(name) for name in store.names}
        self.budget = Minutes(60 * minutes, store.seconds[UNCHANGED], ratios, CORES)

    def ask(self, round_: Round) -> Block:
        """The readings of the round's arms, from one block."""
        block, both = self._drawn(), AGAIN in round_.arms
        networks = [network_of(round_.base, arm) for arm in ((), *round_.arms)]
        self.budget.count([(network, self._seconds(network)) for network in networks])
        self.n_trainings += len(networks)
        return Block({arm: self._reading(arm, block, both) for arm in round_.arms})

    def _drawn(self) -> StoredBlock:
        return self.store.blocks[self.random.integers(len(self.store.blocks))]

    def _seconds(self, network: Arm) -> float:
        return self.store.seconds[UNCHANGED] * math.prod(self.store.ratio(name) for name in network)

    def _reading(self, arm: Arm, block: StoredBlock, both: bool) -> Reading:
        if arm == AGAIN:
            return block.control
        if len(arm) > 1:
            return self._together(arm)
        return block.both[arm[0]] if both else self._alone(arm[0], block)

    def _alone(self, name: str, block: StoredBlock) -> Reading:
        of = block.alone[name]
        return replace(of, difference=of.difference - self._luck, score=of.score - self._luck_of_score)

    def _together(self, arm: Arm) -> Reading:
        noisy = arm[self.random.integers(len(arm))]
        of = self._alone(noisy, self._drawn())
        others = [name for name in arm if name != noisy]
        return replace(
            of,
            difference=of.difference + sum(self.truth.means[name] for name in others),
            score=of.score + sum(self._scores[name] for name in others),
        )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def replayed(store: Store, truth: Truth, minutes: float, smallest_effect: float, random: np.random.Generator) -> Marks:
    """One study of the stored blocks."""
    replay = Replay(store, truth, random, minutes)
    candidates = [Candidate(name, name, cheaper=store.ratio(name) <= _SAVES) for name in store.names]
    state = search(candidates, replay.ask, replay.budget, smallest_effect=smallest_effect)
    return Marks.of(said(state), truth, smallest_effect, replay.n_trainings)


def said(state: State) -> dict[str, Answer]:
    """The verdicts of a study; what is set has the effect that fresh blocks found."""
    answers = {}
    for name, found in state.findings.items():
        if name in state.base:
            effects = [each.effects[name,] for each in state.confirmations if name in each.adopted]
            answers[name] = Answer("set it", effects[-1].estimate)
            continue
        loses = found.settled == "keep it" and found.interval is not None and found.interval[1] < 0
        estimate = found.estimate.estimate if found.estimate else None
        answers[name] = Answer(found.settled or "undecided", estimate, found.interval, loses=loses)
    return answers


def by_accuracy(
    store: Store, truth: Truth, minutes: float, smallest_effect: float, random: np.random.Generator
) -> Marks:
    """One study without the finer ruler."""
    return replayed(store.without_scores(), truth, minutes, smallest_effect, random)


@dataclass(frozen=True)
class OfTrials:
    """A method that asks random trials, stored or `fresh` ones; says nothing where there are too few of them."""

    ask: Ask
    fresh: bool

    def __call__(
        self, store: Store, truth: Truth, minutes: float, smallest_effect: float, random: np.random.Generator
    ) -> Marks | None:
        seconds = 60 * minutes * CORES
        if self.fresh:
            trials = drawn(store, truth, seconds, random) if len(scatter(store.trials, store.names)) else None
        else:
            trials = fitting(store.trials, seconds, random)
        if trials is None:
            return None
        return Marks.of(self.ask(trials, store.names, smallest_effect, random), truth, smallest_effect, len(trials))


def methods() -> dict[str, tuple[Method, int]]:
    """By the name of its row: a method, and how many times fewer replays it gets, because it is slow."""
    found: dict[str, tuple[Method, int]] = {"this method": (replayed, 1), "by accuracy alone": (by_accuracy, 1)}
    for fresh in (False, True):
        trials = "drawn trials" if fresh else "stored trials"
        found[f"{trials}, least squares"] = (OfTrials(least_squares, fresh), 1)
        for name, evaluator in evaluators().items():
            found[f"{trials}, {name}"] = (OfTrials(importances(evaluator), fresh), 4 if name == "fANOVA" else 1)
    return found


def marks(store: Store, row: Row, n: int, seed: int) -> Marks:
    """Of `n` replays of a row; none where its method has too few trials."""
    name, minutes, smallest_effect = row
    method, fewer = methods()[name]
    truth, total = Truth.of(store), Marks()
    for number in range(max(1, n // fewer)):
        one = method(store, truth, minutes, smallest_effect, np.random.default_rng([seed, number]))
        if one is None:
            return Marks()
        total += one
    return total


def rates(of: Marks, others: Sequence[Marks]) -> dict[str, tuple[float, float] | None]:
    """Each rate of the store with its standard error, by those of the drawn stores."""
    found: dict[str, tuple[float, float] | None] = {}
    for column, rate in of.rates().items():
        drawn_rates = [each for other in others if (each := other.rates()[column]) is not None]
        error = float(np.std(drawn_rates, ddof=1)) if len(drawn_rates) > 1 else math.nan
        found[column] = None if rate is None else (rate, error)
    return found


def table(rows: Mapping[Row, Mapping[str, tuple[float, float] | None]]) -> str:
    """Markdown."""
    columns = list(Marks().rates())
    lines = ["| method | minutes | smallest effect | " + " | ".join(columns) + " |", "|---" * (len(columns) + 3) + "|"]
    for (name, minutes, smallest_effect), row in rows.items():
        cells = [_cell(column, row[column]) for column in columns]
        lines.append(f"| {name} | {minutes:g} | {smallest_effect:g} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(column: str, rate: tuple[float, float] | None) -> str:
    if rate is None:
        return ""
    digits = 0 if column == "trainings" else 2 if column in ("undecided", "mean error, points") else 1
    return f"{rate[0]:.{digits}f} ± {rate[1]:.{digits}f}" if column != "trainings" else f"{rate[0]:.0f}"


def head(name: str, store: Store, smallest_effects: Sequence[float]) -> Iterator[str]:
    """What was replayed, on what it stands, and the truth by which it is judged."""
    truth = Truth.of(store)
    yield machine()
    yield f"`{name}`: {len(store.blocks)} blocks and {len(store.trials)} random combinations are stored; trained on:"
    yield from store.machines
    for each in smallest_effects:
        effects = truth.effects(each)
        gains = sum(effect > 0 for effect in effects.values())
        within = sum(-each < low and high < each for low, high in truth.intervals.values())
        yield (
            f"Effects of {each:g} or more that the store knows: gains {gains}, losses {len(effects) - gains}; "
            f"{within} of {len(store.names)} changes are known to have none."
        )
    timed = sum(bool(block.seconds) for block in store.blocks)
    yield f"Seconds are the median over the {timed} blocks that have them for each training."
    yield ""
    yield "| change | mean effect, points | 95 % interval | seconds of a training on one core |\n|---|---|---|---|"
    yield f"| none | | | {store.seconds[UNCHANGED]:.1f} |"
    for change, (low, high) in truth.intervals.items():
        yield f"| {change} | {truth.means[change]:+.2f} | {low:+.2f} to {high:+.2f} | {store.seconds[change]:.1f} |"
    yield ""


def judged(
    stores: Sequence[Store], options: argparse.Namespace, starmap: Callable[..., Iterable[Marks]]
) -> dict[Row, dict[str, tuple[float, float] | None]]:
    """The rates of each row that has something to say; the first store is the store itself."""
    found = {}
    counts = [options.replays, *[max(1, options.replays // _PARTS)] * (len(stores) - 1)]
    for row in [(n, m, e) for e in options.smallest_effect for m in options.minutes for n in methods()]:
        tasks = [(store, row, n, seed) for seed, (store, n) in enumerate(zip(stores, counts, strict=True))]
        own, *others = starmap(marks, tasks)
        if own.n:
            found[row] = rates(own, others)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("easy", "hard"))
    parser.add_argument("--store", type=Path, default=STORE)
    parser.add_argument("--minutes", type=float, nargs="+", default=[15, 60])
    parser.add_argument("--smallest-effect", type=float, nargs="+", default=[1.0], help="points")
    parser.add_argument("--replays", type=int, default=200, help="of the store; of each drawn store a tenth")
    parser.add_argument("--stores", type=int, default=20, help="drawn ones, for the errors")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    store, began = opened(options.store / options.set), time.monotonic()
    print(*head(options.set, store, options.smallest_effect), sep="\n")
    stores = [store, *(store.resampled(np.random.default_rng(i)) for i in range(options.stores))]
    if options.workers == 1:
        rows = judged(stores, options, itertools.starmap)
    else:
        with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
            rows = judged(stores, options, functools.partial(pool.starmap, chunksize=1))
    print(table(rows), *(__doc__ or "").split("\n\n")[2:], sep="\n\n")
    print(f"{options.replays} replays, {options.stores} drawn stores, {time.monotonic() - began:.0f} s", end="")
    print("" if evaluators() else "; without importances: optuna is not installed")


if __name__ == "__main__":
    main()
