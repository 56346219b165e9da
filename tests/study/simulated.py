"""A study without networks: factors by name, and an engine whose trials follow a formula."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

from convwise.conv2d import PARAMETERS, NetworkSettings
from convwise.seeds import generator
from convwise.study.factors import Factor, Level, Settled
from convwise.study.request import Request
from convwise.study.trials import Bench, Outcome, Trial
from convwise.training.recipe import Recipe

BENCH = Bench("d", "/d", None, (), "simple", NetworkSettings(), Recipe(epochs=18), None, 0.25, 0.3, "", 3)


def factor(parameter: str, nested_in: str = "", further: Sequence[str] = ()) -> Factor:
    """A parameter whose alternative is called "other"."""
    more = tuple(Level(value, (f"{parameter}={value}",)) for value in further)
    return Factor(parameter, "own", Level("other", (f"{parameter}=other",)), "all", nested_in, more)


def request(
    names: Sequence[str] = PARAMETERS, *, runs: int = 64, settled: Sequence[Settled] = (), **further: Sequence[str]
) -> Request:
    """A study of these parameters; `further` gives levels to race."""
    factors = tuple(factor(name, further=further.get(name, ())) for name in names)
    return Request(BENCH, factors, tuple(settled), 1.0, None, runs, None, 2, 100)


@dataclasses.dataclass
class Formula:
    """Engine: accuracy is 80 plus what each setting brings, plus noise that a trial's own name draws.

    A trial takes 0.4 seconds to begin and 0.1 an epoch, or so many times more as `slower` has for its settings; an
    image takes a hundredth of an epoch; the first begins `late`. `fails` says why a trial fails, or ""; after
    `stop_after` outcomes the power is cut.
    """

    gains: Mapping[str, float]
    noise: float = 1.0
    fails: Callable[[Trial], str] = lambda trial: ""
    stop_after: int = 10**9
    seed: int = 1
    slower: Mapping[str, float] = dataclasses.field(default_factory=dict)
    late: float = 0.0
    asked: list[str] = dataclasses.field(default_factory=list)

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        for trial in trials:
            if len(self.asked) >= self.stop_after:
                raise KeyboardInterrupt
            self.asked.append(trial.key)
            outcome = self.outcome(trial)
            late = self.late if len(self.asked) == 1 else 0.0
            done(dataclasses.replace(outcome, seconds=outcome.seconds + late))

    def outcome(self, trial: Trial) -> Outcome:
        reason = self.fails(trial)
        if reason:
            return Outcome(trial.key, "failed", reason)
        random = generator(self.seed, trial.key)
        accuracy = 80 + sum(self.gains.get(text, 0.0) for text in trial.settings) + self.noise * random.normal()
        cheap = sum("padding" in text for text in trial.settings)
        correct = "".join("1" if hit else "0" for hit in random.random(200) < accuracy / 100) if trial.on_test else ""
        per_image = 0.001 * math.prod(self.slower.get(text, 1.0) for text in trial.settings) * 0.7**cheap
        seconds = 0.4 + 100 * per_image * trial.epochs
        return Outcome(
            trial.key, "done", "", accuracy, 2.1 - accuracy / 50, per_image, seconds, 1000, 5000, 700, correct
        )  # fmt: skip
