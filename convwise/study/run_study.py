"""A study from what is asked to its result: timed, searched block by block, confirmed, tested once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from convwise.names import counted
from convwise.study.blocks import UNCHANGED, Blocks, combined
from convwise.study.budget import makespan
from convwise.study.engine import Engine
from convwise.study.estimates import estimates
from convwise.study.folder import StudyFolder
from convwise.study.plan import Plan, budget_of, candidate_of, levels_by_name
from convwise.study.request import Request, StudyHooks
from convwise.study.result import ConfirmationResult, ConfirmedArm, Interval, StudyResult, TestResult
from convwise.study.search import search
from convwise.study.state import Arm, State, network_of, together
from convwise.study.trial_runner import TrialRunner
from convwise.study.verdicts import confirmed_effect, interval_of, verdicts


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
    budget = budget_of(request, runner, plan)
    metric: Any = request.metric
    blocks = Blocks(runner, folder, engine, levels, hooks, metric=metric, epochs=plan.epochs)

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
        stands=lambda arm: _stands(request, blocks, arm),
        confirms=plan.epochs is None,
        heard=heard,
    )
    result = result_of(request, plan, blocks, state, sentence, early_effects(folder, plan))
    folder.finish(result.to_dict())
    return result


def early_effects(folder: StudyFolder, plan: Plan) -> dict[str, Interval]:
    """What short trainings showed before the study had time for whole ones, by candidate."""
    quick = folder.quick_look if plan.epochs is None else None
    tried = [level for each in quick.verdicts for level in each.all_tried] if quick else []
    return {level.name: level.effect for level in tried if level.effect}


def _stands(request: Request, blocks: Blocks, arm: Arm) -> bool:
    """Whether the changes can be built together."""
    from convwise.study.levels import stands

    spec = request.spec
    texts, changes = combined(arm, blocks.levels)
    why = stands(
        spec.net,
        shape=replace(spec.recipe, **changes).shape,
        n_classes=len(blocks.runner.index.class_names),
        settings=spec.network,
        texts=texts,
        pretrained=spec.pretrained is not None,
    )
    return why is None


def result_of(
    request: Request,
    plan: Plan,
    blocks: Blocks,
    state: State,
    sentence: str,
    early: Mapping[str, Interval],
) -> StudyResult:
    """The result of a study in that state, of at least one block; `early`: effects that short trainings showed."""
    quick = plan.epochs is not None
    failures = {o.key: o.reason for _, found in blocks.rounds for o in found.values() if o.status == "failed"}
    found = verdicts(
        request.factors,
        request.settled,
        state,
        blocks,
        smallest_effect=request.smallest_effect,
        quick=quick,
        early=early,
    )
    settings, changes = combined(state.base, blocks.levels)
    unchanged = float(np.mean(blocks.unchanged))
    took = (makespan((o.seconds for o in done.values()), request.n_workers) for _, done in blocks.rounds)
    return StudyResult(
        data=request.spec.data,
        net=str(request.spec.net),
        size=request.spec.recipe.shape.size,
        metric=request.metric,
        smallest_effect=request.smallest_effect,
        level=state.level,
        epochs=plan.epochs or request.spec.recipe.epochs,
        blocks=state.n_blocks,
        trainings=sum(len(outcomes) for _, outcomes in blocks.rounds),
        judged=len(blocks.runner.fold(0).validation),
        pool=blocks.n_images,
        unchanged=unchanged,
        unchanged_errors=100 - unchanged if request.metric != "log_loss" else 0.0,
        verdicts=found,
        recommended=state.base,
        recommended_settings=settings,
        recommended_changes=changes,
        confirmations=tuple(_told(state)),
        control=_control(state),
        ruler=state.ruler.slope if state.ruler else None,
        test=_tested(blocks, state),
        failures=tuple(failures.items()),
        sentence=sentence,
        seconds=round(plan.before + sum(took), 1),
        quick=quick,
        minutes_needed=round(plan.minutes_needed, 1) if quick else None,
        reach={factor.parameter: factor.reach for factor in request.factors},
    )


def _told(state: State) -> list[ConfirmationResult]:
    told = []
    for each in state.confirmations:
        arms = tuple(
            ConfirmedArm(arm, interval_of(*confirmed_effect(each, arm)), arm in each.passed) for arm in each.effects
        )
        told.append(ConfirmationResult(arms, each.adopted, each.chance))
    return told


def _control(state: State) -> Interval | None:
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
            names = together(network_of(round_.base, arm))
            if not round_.base and arm == UNCHANGED:
                own.append(accuracy)
            elif set(names) == set(state.base):
                adopted.append(accuracy)
    if not own or not adopted:
        return None
    n = len(blocks.runner.split.test)
    return TestResult(n, float(np.mean(own)), float(np.mean(adopted)), min(len(own), len(adopted)))
