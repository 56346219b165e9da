"""The screen: all trials of the design, and what they tell of each parameter."""

from __future__ import annotations

import time

from convwise.errors import ConvwiseError
from convwise.seeds import generator
from convwise.study.assessment import Assessment, assess
from convwise.study.budget import Budget
from convwise.study.stages.work import Work
from convwise.study.trials import Outcome, Trial

_REST = 20  # times as long as the last assessment took, before the next one of a study that goes on


def screen(work: Work, budget: Budget) -> Assessment:
    """All replicates of the design, each in an order of its own."""
    plan = budget.plan
    trials = {}
    for replicate in range(plan.replicates):
        block = f"screen/{replicate}"
        order = generator(work.request.bench.seed, "order", replicate).permutation(work.design.n_runs)
        for run in order.tolist():
            trials[replicate, run] = Trial(f"{block}/{run:02}", block, work.settings_of(run), plan.epochs)

    def outcomes() -> list[list[Outcome | None]]:
        return [
            [work.known.get(trials[replicate, run].key) for run in range(work.design.n_runs)]
            for replicate in range(plan.replicates)
        ]

    def assessed() -> Assessment:
        request = work.request
        return assess(request.factors, request.settled, work.design, outcomes(), request.smallest_effect)

    n_heard, rest_until = 0, 0.0

    def heard() -> None:
        """What is known so far, now and then: of many trials the assessment takes longer than one of them."""
        nonlocal n_heard, rest_until
        n_heard += 1
        began = time.monotonic()
        if n_heard % 8 == 0 and began >= rest_until:
            try:
                work.hooks.known(assessed().verdicts)
            except ConvwiseError:  # too few trials so far
                return
            finally:
                now = time.monotonic()
                rest_until = now + _REST * (now - began)

    budget.spend(work.carried_out("screen", list(trials.values()), heard))
    assessment = assessed()
    work.hooks.known(assessment.verdicts)
    return assessment
