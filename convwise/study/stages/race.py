"""The race: further levels of the parameters that matter, as far as the time reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.study.assessment import Assessment
from convwise.study.budget import Budget
from convwise.study.factors import Level
from convwise.study.paired import DROP, over_seeds, surely_below
from convwise.study.plan import CANDIDATES, PAIRS
from convwise.study.request import Request
from convwise.study.stages.work import FEWEST, Work, trial_with
from convwise.study.trials import Outcome


@dataclass
class _Racer:
    """A level in the race: what it gained in each round, and whether it still runs."""

    parameter: str
    level: Level
    found: list[float] = field(default_factory=list)
    running: bool = True
    no_time: bool = False

    def ran(self, outcome: Outcome, first: Outcome) -> None:
        """Take in a round, `first` being the trial of what is proposed."""
        if outcome.accuracy is None:
            self.running = False
        elif first.accuracy is not None:
            self.found.append(outcome.accuracy - first.accuracy)

    def drop_for_time(self) -> None:
        """Leave the race."""
        self.running, self.no_time = False, True

    @property
    def gains(self) -> NDArray[np.float64]:
        """(rounds,) points of accuracy."""
        return np.array(self.found)

    @property
    def gain(self) -> float:
        """Their mean."""
        return float(np.mean(self.found)) if self.found else -np.inf

    def to_dict(self, taken: bool) -> dict[str, Any]:
        """The line of the result."""
        difference = over_seeds(self.gains).to_dict() if self.found else None
        row = {"parameter": self.parameter, "value": self.level.value, "difference": difference}
        return {**row, "taken": taken, "no_time": self.no_time}


def race(
    work: Work, budget: Budget, assessment: Assessment, levels: Mapping[str, Level]
) -> tuple[dict[str, Level], list[dict[str, Any]]]:
    """Further levels of the parameters that matter, each in place of what is proposed, in rounds of one seed each.

    Where the alternative gains, levels beyond it; where it loses beyond doubt, levels the other way. A level is
    dropped once it is surely worse than what is proposed, and takes its place only where it is surely better after
    the last round, all raced levels considered. What a level takes is known once it has run: after each round the
    dearest are dropped until the time reaches for the rest, and for confirming any of them.
    """
    racers = [_Racer(parameter, level) for parameter, level in _raced(work.request, assessment, levels)]
    if not budget.reaches(0, []):
        for racer in racers:
            racer.drop_for_time()
    for turn in range(PAIRS):
        running = [racer for racer in racers if racer.running]
        if not running:
            break
        settings = [levels, *({**levels, racer.parameter: racer.level} for racer in running)]
        trials = [trial_with(f"race/{turn}", each, budget.plan.epochs) for each in settings]
        first, *others = work.carried_out(f"race, round {turn + 1}", trials)
        budget.spend([first, *others])
        for racer, outcome in zip(running, others, strict=True):
            racer.ran(outcome, first)
            if turn + 1 >= FEWEST and surely_below(racer.gains, DROP):
                racer.running = False
        rest = [(racer, outcome) for racer, outcome in zip(running, others, strict=True) if racer.running]
        while turn + 1 < PAIRS and rest:
            if budget.reaches(PAIRS - turn - 1, [first, *(outcome for _, outcome in rest)]):
                break
            dearest = max(rest, key=lambda pair: budget.seconds(pair[1]))
            dearest[0].drop_for_time()
            rest.remove(dearest)
    return _winners(racers, levels, work.request.smallest_effect)


def _winners(
    racers: Sequence[_Racer], levels: Mapping[str, Level], smallest_effect: float
) -> tuple[dict[str, Level], list[dict[str, Any]]]:
    """What is proposed after the race, of each parameter the level that gained most, and the race's lines."""
    winners: dict[str, _Racer] = {}
    for racer in sorted(racers, key=lambda racer: -racer.gain):
        sure = racer.running and surely_below(-racer.gains, DROP / len(racers))
        if sure and racer.gain > smallest_effect:
            winners.setdefault(racer.parameter, racer)
    best = {**levels, **{parameter: racer.level for parameter, racer in winners.items()}}
    return best, [racer.to_dict(winners.get(racer.parameter) is racer) for racer in racers]


def _raced(request: Request, assessment: Assessment, levels: Mapping[str, Level]) -> list[tuple[str, Level]]:
    """The levels to race: of the parameters that matter most first, so many as the plan has room for."""
    mattering: list[tuple[float, str, tuple[Level, ...]]] = []
    for factor in request.factors:
        verdict = assessment.of(factor.parameter)
        if verdict.effect is None or verdict.kind == "settled by rule":
            continue
        size = abs(verdict.effect.estimate)
        if verdict.kind == "set it" and factor.parameter in levels:
            mattering.append((size, factor.parameter, factor.further))
        elif verdict.effect.joint_high < 0 and size >= request.smallest_effect:
            mattering.append((size, factor.parameter, factor.opposite))
    mattering.sort(key=lambda entry: -entry[0])
    racers = dict.fromkeys((parameter, level) for _, parameter, further in mattering for level in further)
    return list(racers)[:CANDIDATES]
