"""A study from what is asked to its result: timed, searched block by block, confirmed, tested once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convwise.errors import ConvwiseError, RequestError
from convwise.names import counted
from convwise.records import record_of
from convwise.study.blocks import UNCHANGED, Blocks
from convwise.study.budget import Minutes, Pace, Trainings
from convwise.study.engine import Engine
from convwise.study.factors import Factor, Level
from convwise.study.folder import StudyFolder
from convwise.study.looks import FEWEST
from convwise.study.request import Request, StudyHooks
from convwise.study.result import ConfirmationResult, ConfirmedArm, Costs, Interval, StudyResult, TestResult
from convwise.study.search import AGAIN, Arm, Candidate, State, search
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Trial
from convwise.study.verdicts import cheaper, interval_of, verdicts


@dataclass(frozen=True)
class Plan:
    """What is known before the first block: the `pace`, seconds of a whole `training` on one core and of a `block`.

    `epochs`: of a quick look's short trainings, None for whole ones; `minutes_needed`: for three whole blocks.
    """

    pace: Pace
    training: float
    block: float
    n_blocks: int
    minutes_needed: float
    epochs: int | None = None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """Of `plan.json`."""
        return record_of(cls, values)

    def sentence(self, request: Request) -> str:
        """What the budget buys."""
        n = len(request.factors) + 2
        each = f"about {self.training:.0f} s per training on one core"
        if request.minutes is None:
            return f"{counted(request.runs or 0, 'whole training')}, {n} in a block; {each}"
        if self.epochs:
            return (
                f"{request.minutes:g} minutes are too few for verdicts on "
                f"{counted(len(request.factors), 'parameter')}: three blocks of {n} whole trainings take {self.minutes_needed:.0f} minutes ({each}). This is a quick "
                f"look at {counted(self.epochs, 'epoch')}: estimates, no verdicts"
            )
        return f"{request.minutes:g} minutes are about {counted(self.n_blocks, 'block')} of {n} whole trainings, {each}"


def planned(request: Request, runner: TrialRunner, engine: Engine) -> Plan:
    """The plan, from a few timed steps in the engine's own workers.

    Raises RequestError, with the minutes that would do, where not even a quick look fits.
    """
    timed: list[Any] = []
    pilots = [Trial(f"timed {number}", 0, (), epochs=0) for number in range(request.n_workers)]
    engine.run(pilots, timed.append)
    for outcome in timed:
        if outcome.status == "failed":
            raise ConvwiseError(f"the unchanged network cannot be trained: {outcome.reason}")
    per_image = max(outcome.seconds_per_image for outcome in timed)
    start = max(0.0, max(outcome.seconds for outcome in timed) - per_image * request.spec.recipe.batch * 6)
    pace = Pace(start, per_image)
    return plan_of(request, runner, pace)


def plan_of(request: Request, runner: TrialRunner, pace: Pace) -> Plan:
    """The plan at this pace. Raises RequestError where the budget is too small."""
    fold, epochs = runner.fold(0), request.spec.recipe.epochs

    def block(epochs: int) -> tuple[float, float]:
        training = pace.training(epochs=epochs, n_train=len(fold.train), n_judged=len(fold.validation))
        budget = Minutes(0.0, training, costs_of(request), request.n_workers)
        return training, budget.price(_all_arms(request))

    training, seconds = block(epochs)
    needed = FEWEST * seconds / 60
    if request.minutes is None:
        assert request.runs is not None
        n_blocks = request.runs // (len(request.factors) + 2)
        if n_blocks < FEWEST:
            raise RequestError(
                f"runs={request.runs}: too few for any verdict on {counted(len(request.factors), 'parameter')}; give "
                f"at least {FEWEST * (len(request.factors) + 2)}, or name fewer parameters"
            )
        return Plan(pace, training, seconds, n_blocks, needed)
    n_blocks = int(60 * request.minutes / seconds)
    if n_blocks >= FEWEST:
        return Plan(pace, training, seconds, n_blocks, needed)
    for short in range(epochs - 1, 0, -1):
        if FEWEST * block(short)[1] <= 60 * request.minutes:
            return Plan(pace, training, block(short)[1], FEWEST, needed, short)
    least = FEWEST * block(1)[1] / 60
    raise RequestError(
        f"minutes={request.minutes:g}: too few even for a quick look at {counted(len(request.factors), 'parameter')}; "
        f"give {least:.0f} for that, {needed:.0f} for verdicts from whole trainings, or name fewer parameters"
    )


def run_study(
    folder: StudyFolder, request: Request, runner: TrialRunner, plan: Plan, engine: Engine, hooks: StudyHooks
) -> StudyResult:
    """Carries the study on from where its folder stands to its result, which is written and returned.

    Given the same folder, the same result comes out, whenever it was stopped and resumed, but for measured times;
    where the budget is a time, these decide how many blocks there are. Raises ConvwiseError where the unchanged
    network cannot be trained.
    """
    levels = levels_by_name(request.factors)
    sentence = plan.sentence(request)
    hooks.note(sentence)
    costs = costs_of(request)
    budget: Minutes | Trainings
    if request.minutes is not None:
        training = plan.pace.training(
            epochs=plan.epochs or request.spec.recipe.epochs,
            n_train=len(runner.fold(0).train),
            n_judged=len(runner.fold(0).validation),
        )
        budget = Minutes(60 * request.minutes, training, costs, request.n_workers)
    else:
        assert request.runs is not None
        budget = Trainings(request.runs)
    metric: Any = request.metric
    blocks = Blocks(runner, folder, engine, levels, hooks, metric=metric, epochs=plan.epochs)
    began = time.monotonic()

    def heard(state: State) -> None:
        settled = [each for each in state.findings.values() if each.settled]
        hooks.note(
            f"{counted(state.n_blocks, 'block')}: {len(settled)} of {len(state.findings)} settled"
            + (f", adopted: {' + '.join(state.base)}" if state.base else "")
        )

    state = search(
        [candidate_of(factor) for factor in request.factors],
        lambda round_: blocks.carry_out(round_, budget),
        budget,
        smallest_effect=request.smallest_effect,
        stands=lambda arm: _stands(request, levels, arm),
        heard=heard,
    )
    quick = folder.quick_look if plan.epochs is None else None
    tried = [level for each in quick.verdicts for level in (each.tried, *each.levels)] if quick else []
    early = {level.name: level.effect for level in tried if level and level.effect}
    result = _result(request, plan, blocks, state, sentence, early, time.monotonic() - began)
    folder.finish(result.to_dict())
    return result


def levels_by_name(factors: tuple[Factor, ...]) -> dict[str, Level]:
    """Every level of every factor by its candidate's name."""
    return {
        f"{factor.parameter}={level.value}": level
        for factor in factors
        for level in (factor.first, *factor.further, *factor.opposite)
    }


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
    return [AGAIN, *((candidate_of(factor).name,) for factor in request.factors)]


def _stands(request: Request, levels: Mapping[str, Level], arm: Arm) -> bool:
    """Whether the changes can be built together."""
    from convwise.study.levels import stands

    texts = tuple(text for name in arm for text in levels[name].settings)
    return stands(request.spec, texts) is None


def _result(
    request: Request,
    plan: Plan,
    blocks: Blocks,
    state: State,
    sentence: str,
    early: Mapping[str, Interval],
    seconds: float,
) -> StudyResult:
    levels = levels_by_name(request.factors)
    split, quick = blocks.runner.split, plan.epochs is not None
    failures = {o.key: o.reason for _, found in blocks.rounds for o in found.values() if o.status == "failed"}
    reasons = {
        arm[0]: outcome.reason
        for _, found in blocks.rounds
        for arm, outcome in found.items()
        if len(arm) == 1 and outcome.status == "failed"
    }
    found = verdicts(
        request.factors,
        request.settled,
        state,
        blocks.seconds_ratio,
        smallest_effect=request.smallest_effect,
        quick=quick,
        failures=reasons,
        early=early,
    )
    changes: dict[str, Any] = {}
    for name in state.base:
        changes.update(levels[name].changes)
    unchanged = float(np.mean(blocks.unchanged))
    return StudyResult(
        data=request.spec.data,
        net=str(request.spec.net),
        size=request.spec.recipe.size_px,
        metric=request.metric,
        smallest_effect=request.smallest_effect,
        level=state.level,
        epochs=plan.epochs or request.spec.recipe.epochs,
        blocks=state.n_blocks,
        trainings=sum(len(outcomes) for _, outcomes in blocks.rounds),
        judged=len(blocks.runner.fold(0).validation),
        pool=len(split.train) + len(split.validation),
        unchanged=unchanged,
        unchanged_errors=100 - unchanged if request.metric != "log_loss" else 0.0,
        verdicts=found,
        recommended=state.base,
        recommended_settings=tuple(text for name in state.base for text in levels[name].settings),
        recommended_changes=changes,
        confirmations=tuple(_told(state)),
        control=_control(state),
        ruler=state.ruler.slope if state.ruler else None,
        test=_tested(blocks, state),
        failures=tuple(failures.items()),
        sentence=sentence,
        seconds=round(seconds, 1),
        quick=quick,
        minutes_needed=round(plan.minutes_needed, 1) if quick else None,
        reach={factor.parameter: factor.reach for factor in request.factors},
    )


def _told(state: State) -> list[ConfirmationResult]:
    told = []
    for each in state.confirmations:
        arms = tuple(
            ConfirmedArm(arm, interval_of(effect, each.levels.get(arm, each.chance)), arm in each.passed)
            for arm, effect in each.effects.items()
        )
        told.append(ConfirmationResult(arms, each.adopted, each.chance))
    return told


def _control(state: State) -> Interval | None:
    from convwise.study.estimates import estimates

    found = estimates({"control": state.control})
    return interval_of(found["control"], state.level) if found else None


def _tested(blocks: Blocks, state: State) -> TestResult | None:
    """The test images, looked at now for the first time: the network as it was, and with all that was adopted."""
    if not state.base:
        return None
    own: list[float] = []
    adopted: list[float] = []
    for round_, outcomes in blocks.rounds:
        for arm, outcome in outcomes.items():
            accuracy = blocks.of_test(outcome)
            if accuracy is None:
                continue
            names = (*round_.base, *arm)
            if not round_.base and arm == UNCHANGED:
                own.append(accuracy)
            elif set(names) == set(state.base):
                adopted.append(accuracy)
    if not own or not adopted:
        return None
    n = len(blocks.runner.split.test)
    return TestResult(n, float(np.mean(own)), float(np.mean(adopted)), min(len(own), len(adopted)))
