"""Conduct: a study from its plan to its result: screen, check, race, confirm; each from the trials on record."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from convwise.files import to_plain
from convwise.study.assessment import after_the_check, after_the_race, chosen_levels, left_out
from convwise.study.budget import Budget
from convwise.study.engine import Engine
from convwise.study.folder import StudyFolder
from convwise.study.request import Request, StudyHooks
from convwise.study.stages.check import check
from convwise.study.stages.confirm import confirm
from convwise.study.stages.pilot import planned
from convwise.study.stages.race import race
from convwise.study.stages.screen import screen
from convwise.study.stages.work import Work


def conduct(folder: StudyFolder, request: Request, engine: Engine, hooks: StudyHooks) -> dict[str, Any]:
    """Carries the study on from where its folder stands to its result, which is written and returned.

    Given the same folder with the plan in it, the same result comes out, whenever it was stopped and resumed, but for
    measured times; where the budget is a time, these decide how many levels are raced to the end and how many changes
    are looked at twice. Raises ConvwiseError where too many trials failed for any verdict.
    """
    began = time.monotonic()
    work = Work(folder, request, engine, hooks)
    spent_before = sum(outcome.seconds for outcome in work.known.values()) / request.n_workers
    plan = planned(work, began)
    budget = Budget(plan, request.n_train)
    hooks.note(f"{plan.note}; trials of {plan.epochs} epochs, {plan.n_workers} at a time")
    assessment = screen(work, budget)
    levels = chosen_levels(request.factors, assessment.verdicts, request.smallest_effect)
    levels, checks = check(work, budget, assessment, levels)
    levels, raced = race(work, budget, assessment, levels)
    confirmation = confirm(work, plan, assessment, levels)
    verdicts = [
        after_the_race(after_the_check(verdict, checks, request.factors), raced) for verdict in assessment.verdicts
    ]
    verdicts = [left_out(verdict, request.factors, levels, request.smallest_effect) for verdict in verdicts]
    taken = levels if confirmation and confirmation["confirmed"] else {}
    trials = work.known
    result = to_plain(
        {
            "study": str(folder.path),
            "data": request.bench.data,
            "net": str(request.bench.net),
            "size": request.bench.recipe.size,
            "smallest_effect": request.smallest_effect,
            "verdicts": [verdict.to_dict() for verdict in verdicts],
            "recommended": {name: level.value for name, level in taken.items()},
            "recommended_settings": [text for level in taken.values() for text in level.settings],
            "proposed": {name: level.value for name, level in levels.items()},
            "proposed_settings": [text for level in levels.values() for text in level.settings],
            "confirmation": confirmation,
            "race": raced,
            "checks": checks,
            "placebo": asdict(assessment.placebo) if assessment.placebo else None,
            "interactions": list(assessment.interactions),
            "deviation": assessment.analysis.deviation,
            "reach": {factor.parameter: factor.reach for factor in request.factors},
            "alternatives": {factor.parameter: factor.alternative.value for factor in request.factors},
            "trials": len(trials),
            "failures": [{"key": o.key, "reason": o.reason} for o in trials.values() if o.status == "failed"],
            "plan": plan.to_dict(),
            "seconds": round(time.monotonic() - began + spent_before, 2),
            "seconds_of_trials": round(sum(o.seconds for o in trials.values()), 2),
        }
    )
    folder.finish(result)
    return dict(result)
