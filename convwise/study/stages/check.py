"""The check: changes that may be an interaction's are taken back, to see whether they are needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.study.assessment import Assessment, chosen_levels
from convwise.study.budget import Budget
from convwise.study.factors import Level
from convwise.study.paired import over_seeds, without_it
from convwise.study.plan import LOOKS
from convwise.study.stages.work import FEWEST, Work, trial_with
from convwise.study.trials import Trial
from convwise.study.verdicts import Verdict


def check(
    work: Work, budget: Budget, assessment: Assessment, levels: Mapping[str, Level]
) -> tuple[dict[str, Level], list[dict[str, Any]]]:
    """Takes changes that may be an interaction's (`Verdict.aliased`) back, one by one, from the smallest effect on.

    A change stays where accuracy is surely lower without it, beside all that is still proposed. So what three
    parameters do together is not laid at the door of a fourth, and of two that do the same one is enough. Where
    PAIRS pairs do not tell, as many again do, each look at half the chance of an error, if the time allows it.
    """
    proposed = dict(levels)
    verdicts = list(assessment.verdicts)
    checks: list[dict[str, Any]] = []

    def trials(now: Mapping[str, Level], pairs: int) -> list[Trial]:
        return [trial_with(f"check/{turn}", now, budget.plan.epochs) for turn in range(pairs)]

    def losses(without: Mapping[str, Level], pairs: int) -> NDArray[np.float64]:
        outcomes = work.carried_out("check", [*trials(proposed, pairs), *trials(without, pairs)])
        budget.spend(outcomes)
        both = zip(outcomes[:pairs], outcomes[pairs:], strict=True)
        found = [b.accuracy - a.accuracy for a, b in both if a.accuracy is not None and b.accuracy is not None]
        return np.array(found)

    def time_to_look_again(without: Mapping[str, Level]) -> bool:
        once, twice = ([*trials(proposed, pairs), *trials(without, pairs)] for pairs in LOOKS)
        lengths = {trial.settings: work.known[trial.key] for trial in once}
        new = [lengths[trial.settings] for trial in twice if not budget.counts(trial.key)]
        return budget.reaches(1, new, list(lengths.values()))

    def doubtful() -> list[Verdict]:
        seen = {row["parameter"] for row in checks}
        return [v for v in verdicts if v.kind == "set it" and v.aliased and v.parameter in proposed.keys() - seen]

    while left := doubtful():
        parameter = min(left, key=lambda v: v.effect.estimate if v.effect else 0.0).parameter
        without = {name: level for name, level in proposed.items() if name != parameter}
        no_time = False
        for pairs in LOOKS:
            found = losses(without, pairs)
            told = without_it(found, work.request.smallest_effect, len(LOOKS))
            no_time = not told and pairs < LOOKS[-1] and not time_to_look_again(without)
            if told or no_time:
                break
        known = len(found) >= FEWEST
        taken_back = known and told != "needed"
        checks.append(
            {
                "parameter": parameter,
                "taken_back": taken_back,
                "not_needed": told == "not needed",
                "no_time": no_time,
                "difference": over_seeds(found).to_dict() if known else None,
            }
        )
        if taken_back:  # what did nothing beside it is proposed now, and checked where it too is in doubt
            verdicts = [verdict for verdict in verdicts if verdict.parameter != parameter]
            chosen = chosen_levels(work.request.factors, verdicts, work.request.smallest_effect)
            freed = [f.parameter for f in work.request.factors if f.nested_in == parameter]
            proposed = {**without, **{name: chosen[name] for name in freed if name in chosen}}
    return proposed, checks
