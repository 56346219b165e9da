"""A simulated study: blocks drawn from a world with known effects, for the procedure of `convwise.study.search`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from convwise.study.estimates import Reading
from convwise.study.search import search
from convwise.study.state import AGAIN, Arm, Block, Candidate, Round, State


@dataclass(frozen=True)
class World:
    """What is true: `effects`, points, by candidate, and the noise of a training.

    `sd`: of the difference of two trainings of one block, points, of `judged` images. `noisier`: by candidate, times
    as much noise of its own. `by_seed`: how a candidate's effect differs from seed to seed, points. `slope`: points
    per nat of score; `deviations`: points off that line, by candidate, others are drawn with the deviation `spread`;
    `score_sd`: the noise of the score's difference, as points on the line; `correlation` of the two noises. `fails`:
    by candidate, the chance that a training fails.
    `seconds` of a training on one core, times `costs` by candidate. Gains add up but
    for a part: each further one counts `sub_additive` times.
    """

    effects: Mapping[str, float]
    sd: float
    judged: int
    seconds: float
    noisier: Mapping[str, float] = field(default_factory=dict)
    by_seed: float = 0.0
    score_sd: float = math.nan
    slope: float = -27.0
    deviations: Mapping[str, float] = field(default_factory=dict)
    spread: float = 0.0
    correlation: float = 0.5
    fails: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    sub_additive: float = 0.8
    cores: int = 2

    def value(self, arm: Arm) -> float:
        """The mean gain of the candidates together."""
        gains = sorted((self.effects.get(name, 0.0) for name in arm), key=abs, reverse=True)
        return sum(gain * (1 if i == 0 else self.sub_additive) for i, gain in enumerate(gains))


class Laboratory:
    """Carries out rounds in a world, and counts the seconds."""

    def __init__(self, world: World, random: np.random.Generator, minutes: float) -> None:
        self.world, self.random, self.total = world, random, 60 * minutes
        self.off = {name: world.deviations.get(name, random.normal(0, world.spread)) for name in world.effects}
        self._spent = 0.0

    def spent(self) -> float:
        return self._spent

    def price(self, arms: Sequence[Arm], base: Arm = ()) -> float:
        world = self.world
        costs = [1.0, *(math.prod(world.costs.get(name, 1.0) for name in arm) for arm in arms)]
        return max(sum(costs) / world.cores, max(costs)) * world.seconds

    def ask(self, round_: Round) -> Block:
        self._spent += self.price(round_.arms)
        world, random = self.world, self.random
        base = world.value(round_.base)
        unchanged = [self._training(1.0, base)]
        if AGAIN in round_.arms:
            unchanged.append(self._training(1.0, base))
        readings: dict[Arm, Reading | None] = {}
        for arm in round_.arms:
            if arm == AGAIN:
                readings[arm] = self._reading(unchanged[1], unchanged[:1])
                continue
            if any(random.random() < world.fails.get(name, 0.0) for name in arm):
                readings[arm] = None
                continue
            noisier = max(world.noisier.get(name, 1.0) for name in arm)
            kept = tuple(dict.fromkeys((*round_.base, *arm)))
            effect = world.value(kept) + random.normal(0, world.by_seed)
            off = sum(self.off.get(name, 0.0) for name in arm)
            readings[arm] = self._reading(self._training(noisier, effect, off), unchanged)
        return Block(readings)

    def _training(self, noisier: float, effect: float, off: float = 0.0) -> tuple[float, float]:
        """Accuracy in whole images, as points, and score as points, each around zero."""
        world, random = self.world, self.random
        a, b = random.normal(size=2)
        own = world.sd / math.sqrt(2) * noisier
        accuracy = effect + own * a
        accuracy = round(accuracy * world.judged / 100) * 100 / world.judged
        noise = world.correlation * a + math.sqrt(1 - world.correlation**2) * b
        score = effect + off + world.score_sd / math.sqrt(2) * noisier * noise
        return accuracy, score

    def _reading(self, training: tuple[float, float], unchanged: list[tuple[float, float]]) -> Reading:
        world = self.world
        difference = training[0] - float(np.mean([each[0] for each in unchanged]))
        score = (training[1] - float(np.mean([each[1] for each in unchanged]))) / world.slope
        differing = max(
            float(np.mean([abs(training[0] - each[0]) * world.judged / 100 for each in unchanged])),
            float(self.random.poisson((world.sd * world.judged / 100) ** 2)),
        )
        worth = 100 / world.judged
        return Reading(difference, score, differing * worth**2, worth)


def studied(world: World, seed: int, *, minutes: float, smallest_effect: float, cheaper: Sequence[str] = ()) -> State:
    """One simulated study."""
    laboratory = Laboratory(world, np.random.default_rng(seed), minutes)
    candidates = [Candidate(name, name, cheaper=name in cheaper) for name in world.effects]
    return search(candidates, laboratory.ask, laboratory, smallest_effect=smallest_effect)


@dataclass
class Rates:
    """What came of many studies of one world."""

    n: int = 0
    false_set: int = 0
    n_wrong: int = 0
    n_settled_wrong: int = 0
    n_edge: int = 0
    undecided: float = 0.0
    found: int = 0
    n_covered: int = 0
    n_shown: int = 0
    blocks: float = 0.0

    def count(self, world: World, state: State, smallest_effect: float) -> None:
        """One more study."""
        self.n += 1
        adopted = set(state.base)
        self.false_set += any(world.effects[name] <= 0 for name in adopted)
        self.blocks += state.n_blocks
        wrongly = 0
        for name, found in state.findings.items():
            truth = world.value((*found.base, name)) - world.value(found.base)  # around what was adopted before
            self.n_edge += abs(truth) >= smallest_effect
            if name in adopted:
                self.found += truth >= smallest_effect
                continue
            wrong = found.settled is not None and (
                truth >= smallest_effect or (found.settled == "free choice" and abs(truth) >= smallest_effect)
            )
            wrongly += wrong
            self.undecided += found.settled is None
            if found.interval:
                self.n_shown += 1
                self.n_covered += found.interval[0] <= truth <= found.interval[1]
        self.n_wrong += wrongly
        self.n_settled_wrong += wrongly > 0

    def __add__(self, other: Rates) -> Rates:
        return Rates(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def __str__(self) -> str:
        return (
            f"false set {100 * self.false_set / self.n:.1f} %, "
            f"wrong {100 * self.n_wrong / max(1, self.n_edge):.1f} % of {self.n_edge / self.n:.1f} worth having, "
            f"undecided {self.undecided / self.n:.2f}, found {self.found / self.n:.2f}, "
            f"covered {100 * self.n_covered / max(1, self.n_shown):.1f} %, blocks {self.blocks / self.n:.1f}"
        )
