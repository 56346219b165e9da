"""study --dry-run: what a study would try, what a training costs here, and what can be settled in the time."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.commands.study import engine_of, ready_to_begin
from convwise.names import counted
from convwise.study.asked import StudyRequest
from convwise.study.request import StudyHooks


@dataclass(frozen=True)
class StudyPlan:
    """What a study would do: its candidates by parameter, what rules settle, and what the budget buys."""

    sentence: str
    candidates: dict[str, tuple[str, ...]]
    settled: dict[str, str]
    seconds_per_training: float
    seconds_per_block: float
    trainings_per_block: int
    blocks: int
    minutes_for_three_blocks: float
    judged: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """The same for a reader."""
        told = [f"{parameter}: try {', '.join(values)}" for parameter, values in self.candidates.items()]
        told += [f"{parameter}: settled by rule: {why}" for parameter, why in self.settled.items()]
        worth = 100 / self.judged
        told.append(
            f"each block is judged on {counted(self.judged, 'image')}, of which one is worth {worth:.2f} points; a "
            "change without effect is settled after about 10 (sd / smallest effect)² blocks, sd being the deviation "
            "between blocks, which the first ones show"
        )
        return [*told, self.sentence, "nothing was trained to the end and nothing was written"]


def plan_study(data: str | Path, *, hooks: StudyHooks | None = None, **asked: Any) -> StudyPlan:
    """What `study` would do for the same keywords, refusing what it would refuse. A few steps are timed, nothing kept.

    Raises RequestError.
    """
    hooks = hooks or StudyHooks()
    request = StudyRequest.asked(data, below={}, **{"config": None, "settings": (), **asked})
    ready = ready_to_begin(request, hooks)
    from convwise.study.plan import per_block, planned

    asked_of = ready.request
    with engine_of(asked_of, hooks) as engine:
        plan = planned(asked_of, ready.runner, engine)
    levels = {factor.parameter: tuple(level.value for level in factor.levels.values()) for factor in asked_of.factors}
    return StudyPlan(
        plan.sentence(asked_of),
        levels,
        {rule.parameter: rule.why for rule in asked_of.settled},
        round(plan.training, 1),
        round(plan.block, 1),
        per_block(asked_of),
        plan.n_blocks,
        round(plan.minutes_needed, 1),
        len(ready.runner.fold(0).validation),
    )
