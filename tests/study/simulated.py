"""What the tests of a study share: a network that is never built, and an engine whose trainings follow a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from convwise.conv2d import NetworkSettings
from convwise.images.split import split_images
from convwise.seeds import generator
from convwise.study.factors import Factor, Level, Settled
from convwise.study.request import Request
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec, Outcome, Trial, failed, packed
from convwise.training.recipe import Recipe
from tests.images.test_split import make

SPEC = ExperimentSpec(
    "d", "/d", None, (), "simple", NetworkSettings(), Recipe(epochs=18), None, 0.25, 1 / 3, "", seed=3
)
N_CLASSES = 4


def runner(n_per_class: int = 150) -> TrialRunner:
    """Images by name alone."""
    index: Any = make({f"c{i}": n_per_class for i in range(N_CLASSES)})
    return TrialRunner(SPEC, index, split_images(index, seed=SPEC.seed, validation=SPEC.validation))


_FIRST = {"kernel_size": "5", "padding": "valid", "groups": "2", "strides": "2"}


def factor(parameter: str, *, further: Sequence[str] = (), opposite: Sequence[str] = (), **costs: float) -> Factor:
    """A parameter with its first value, and others."""

    def level(value: str) -> Level:
        return Level(value, (f"conv.{parameter}={value}",), **costs)

    return Factor(
        parameter, "own", level(_FIRST[parameter]), tuple(map(level, further)), tuple(map(level, opposite)), "all"
    )


def request(
    *factors: Factor, runs: int | None = 200, minutes: float | None = None, settled: Sequence[Settled] = (), **kw: Any
) -> Request:
    """A study of these."""
    asked = {"smallest_effect": 1.0, "metric": "accuracy", "n_workers": 2, **kw}
    return Request(SPEC, factors, tuple(settled), minutes=minutes, runs=runs, **asked)


class Formula:
    """An engine: 80 % right, plus a gain for each setting; `seconds` a whole training; a key in `dies` fails."""

    def __init__(
        self,
        of: TrialRunner,
        gains: Mapping[str, float],
        *,
        dies: Mapping[str, str] | None = None,
        seconds: float = 7.0,
        interrupt_after: int | None = None,
    ) -> None:
        self.runner, self.gains, self.dies, self.seconds = of, gains, dies or {}, seconds
        self.left = interrupt_after
        self.trials: list[Trial] = []

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        """See `Engine`."""
        for trial in trials:
            if self.left is not None:
                if self.left == 0:
                    raise KeyboardInterrupt
                self.left -= 1
            self.trials.append(trial)
            done(self.outcome(trial))

    def outcome(self, trial: Trial) -> Outcome:
        """By the trial alone."""
        if trial.epochs == 0:
            return Outcome(trial.key, "timed", seconds_per_image=0.001, seconds=2.0)
        for text in trial.settings:
            if text in self.dies:
                return failed(trial.key, self.dies[text], 1.0)
        index, fold = self.runner.index, self.runner.fold(trial.block)
        rate = 0.8 + sum(self.gains.get(text, 0.0) for text in trial.settings) / 100
        return Outcome(
            trial.key,
            "done",
            answers=packed(self._answers(trial, index.labels[fold.validation], rate)),
            test_answers=packed(self._answers(trial, index.labels[fold.test], rate)) if trial.on_test else "",
            seconds_per_image=0.001 * self.slower(trial),
            seconds=self.seconds * (trial.epochs or 18) / 18,
            weights=100,
            multiply_adds=1000,
            memory=10000,
        )

    def slower(self, trial: Trial) -> float:
        """A tenth up or down by chance; without padding it takes twice the time."""
        chance = float(generator(0, "time", trial.key).uniform(0.9, 1.1))
        return chance * (2.0 if "conv.padding=valid" in trial.settings else 1.0)

    def _answers(self, trial: Trial, labels: np.ndarray, rate: float) -> np.ndarray:
        """The easiest images of the block are right, the same for each training but for a little noise."""
        easy = generator(0, "block", trial.block).random(len(labels))
        noise = generator(0, "trial", trial.key).normal(0, 0.01, len(labels))
        right = easy + noise < np.quantile(easy, min(1.0, rate))
        rows = np.full((len(labels), N_CLASSES), 0.1)
        rows[np.arange(len(labels)), np.where(right, labels, (labels + 1) % N_CLASSES)] = 0.7
        return rows
