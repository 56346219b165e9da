"""The plan of a study: what a training takes here, how many blocks the budget buys, and what is tried in them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convwise.errors import ConvwiseError, RequestError
from convwise.names import counted
from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.budget import Minutes, Pace, Trainings, minutes_that_do
from convwise.study.engine import Engine
from convwise.study.factors import Factor, Level
from convwise.study.looks import FEWEST
from convwise.study.request import Request
from convwise.study.result import Costs
from convwise.study.state import AGAIN, OPEN_FOR_CONTROL, Arm, Candidate
from convwise.study.trial_runner import TIMED_STEPS, TrialRunner
from convwise.study.trials import Trial
from convwise.study.verdicts import cheaper


@dataclass(frozen=True)
class Plan:
    """What is known before the first block: the `pace`, seconds of a whole `training` on one core and of a `block`.

    `epochs`: of a quick look's short trainings, None for whole ones; `minutes_needed`: for three whole blocks;
    `before`: seconds that were spent on the plan.
    """

    pace: Pace
    training: float
    block: float
    n_blocks: int
    minutes_needed: float
    epochs: int | None = None
    before: float = 0.0

    def __post_init__(self) -> None:
        record_checks.numbers(self, 0, "training", "block", "minutes_needed", "before")
        record_checks.counts(self, 1, "n_blocks", "epochs")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """Of `plan.json`."""
        return record_of(cls, values)

    def sentence(self, request: Request) -> str:
        """What the budget buys."""
        n = per_block(request)
        each = f"about {self.training:.0f} s per training on one core"
        if request.minutes is None:
            return f"{counted(request.runs or 0, 'whole training')}, {n} in a block; {each}"
        time_is = f"{counted(request.minutes, 'minute')} {'is' if request.minutes == 1 else 'are'}"
        if self.epochs:
            return (
                f"{time_is} too few for verdicts on "
                f"{counted(len(request.factors), 'parameter')}: three blocks of {n} whole trainings "
                f"fit into {counted(minutes_that_do(self.minutes_needed), 'minute')} ({each}). This is a quick "
                f"look at {counted(self.epochs, 'epoch')}: estimates, no verdicts"
            )
        return f"{time_is} about {counted(self.n_blocks, 'block')} of {n} whole trainings, {each}"


def planned(request: Request, runner: TrialRunner, engine: Engine) -> Plan:
    """The plan, from a few timed steps in the engine's own workers.

    Raises RequestError, with the minutes that would do, where not even a quick look fits.
    """
    began = time.monotonic()
    timed: list[Any] = []
    # Two for each worker: the first of a worker begins late, since its process imports what it needs.
    pilots = [Trial(f"timed {number}", 0, (), epochs=0) for number in range(2 * request.n_workers)]
    engine.run(pilots, timed.append)
    for outcome in timed:
        if outcome.status == "failed":
            raise ConvwiseError(f"the unchanged network cannot be trained: {outcome.reason}")
    per_image = max(outcome.seconds_per_image for outcome in timed)
    start = max(0.0, min(outcome.seconds for outcome in timed) - per_image * request.spec.recipe.batch * TIMED_STEPS)
    return plan_of(request, runner, Pace(start, per_image), before=round(time.monotonic() - began, 3))


def plan_of(request: Request, runner: TrialRunner, pace: Pace, *, before: float) -> Plan:
    """The plan at this pace, `before` seconds of the budget being spent. RequestError where the budget is too small."""
    epochs = request.spec.recipe.epochs

    def block(epochs: int) -> tuple[float, float]:
        budget = _minutes(0.0, request, runner, pace, epochs)
        return budget.training(()), budget.price(_all_arms(request))

    training, seconds = block(epochs)
    needed = (FEWEST * seconds + before) / 60
    if request.minutes is None:
        assert request.runs is not None
        require_enough_runs(request)
        return Plan(pace, training, seconds, request.runs // per_block(request), needed, before=before)
    left = 60 * request.minutes - before
    n_blocks = int(left / seconds)
    if n_blocks >= FEWEST:
        return Plan(pace, training, seconds, n_blocks, needed, before=before)
    for short in range(epochs - 1, 0, -1):
        if FEWEST * block(short)[1] <= left:
            return Plan(pace, training, block(short)[1], FEWEST, needed, short, before)
    least = (FEWEST * block(1)[1] + before) / 60
    raise RequestError(
        f"minutes={request.minutes:g}: too few even for a quick look at {counted(len(request.factors), 'parameter')}; "
        f"give {minutes_that_do(least)} for that, {minutes_that_do(needed)} for verdicts from whole trainings, or name "
        "fewer parameters"
    )


def replanned(request: Request, runner: TrialRunner, known: Plan) -> Plan:
    """The plan of a study that goes on, perhaps with another budget, at the pace that was timed."""
    return plan_of(request, runner, known.pace, before=known.before)


def budget_of(request: Request, runner: TrialRunner, plan: Plan) -> Minutes | Trainings:
    """What is left for blocks."""
    if request.minutes is None:
        assert request.runs is not None
        return Trainings(request.runs)
    left = max(0.0, 60 * request.minutes - plan.before)
    return _minutes(left, request, runner, plan.pace, plan.epochs or request.spec.recipe.epochs)


def _minutes(seconds: float, request: Request, runner: TrialRunner, pace: Pace, epochs: int) -> Minutes:
    fold = runner.fold(0)
    training = pace.training(epochs=epochs, n_train=len(fold.train), n_judged=len(fold.validation))
    return Minutes(seconds, training, costs_of(request), request.n_workers)


def require_enough_runs(request: Request) -> None:
    """Raises RequestError for a number of trainings that makes no three blocks. It needs no timing."""
    least = FEWEST * per_block(request)
    if request.runs is not None and request.runs < least:
        raise RequestError(
            f"runs={request.runs}: too few for any verdict on {counted(len(request.factors), 'parameter')}; give at "
            f"least {least}, or name fewer parameters"
        )


def per_block(request: Request) -> int:
    """Trainings in a block that tries everything."""
    return 1 + len(_all_arms(request))


def levels_by_name(factors: tuple[Factor, ...]) -> dict[str, Level]:
    """Every level of every factor by its candidate's name."""
    return {name: level for factor in factors for name, level in factor.levels.items()}


def candidate_of(factor: Factor) -> Candidate:
    """The first level, with those that enter after it."""

    def one(level: Level, then: tuple[Candidate, ...] = (), otherwise: tuple[Candidate, ...] = ()) -> Candidate:
        saves = cheaper(Costs(None, level.weights, level.multiply_adds, level.memory))
        return Candidate(f"{factor.parameter}={level.value}", factor.parameter, saves, then, otherwise)

    return one(factor.first, tuple(map(one, factor.further)), tuple(map(one, factor.opposite)))


def costs_of(request: Request) -> dict[str, float]:
    """Multiply-adds of each candidate, as ratios to the unchanged network's."""
    return {name: level.multiply_adds for name, level in levels_by_name(request.factors).items()}


def _all_arms(request: Request) -> list[Arm]:
    arms: list[Arm] = [(candidate_of(factor).name,) for factor in request.factors]
    return [AGAIN, *arms] if len(arms) >= OPEN_FOR_CONTROL else arms
