"""A study as far as it has come: its journal read again, block by block, by who may not write to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from convwise.study.blocks import Blocks
from convwise.study.folder import StudyFolder
from convwise.study.plan import Plan, budget_of, candidate_of, levels_by_name
from convwise.study.request import Request, StudyHooks
from convwise.study.result import StudyResult
from convwise.study.run_study import early_effects, result_of
from convwise.study.search import search
from convwise.study.state import Arm, State
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Outcome, Trial


class _NotYetError(Exception):
    """The journal does not hold this training."""


class _Journal:
    """An engine that has only what is on record."""

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        raise _NotYetError


@dataclass(frozen=True)
class _Read(StudyFolder):
    """The folder of a study that another process writes to."""

    def mend(self) -> None:
        """Nothing: the half of a line at the end is being written."""


def result_so_far(folder: StudyFolder, request: Request, plan: Plan, runner: TrialRunner) -> StudyResult | None:
    """What the study would say if it ended with the blocks that are whole; None before the first one.

    Nothing is trained, built or written. `runner` needs the index, not the pixels. Raises RequestError where the
    journal does not fit the pictures.
    """
    metric: Any = request.metric
    read = _Read(folder.path)
    blocks = Blocks(
        runner, read, _Journal(), levels_by_name(request.factors), StudyHooks(), metric=metric, epochs=plan.epochs
    )
    budget = budget_of(request, runner, plan)
    # Which changes can be built together was found out by the study: what it trained together could be.
    trained = [key.partition("/")[2] if plan.epochs is None else key for key in blocks.known]
    known: list[State] = []

    def stands(arm: Arm) -> bool:
        return any(name.endswith(" + ".join(arm)) for name in trained)

    with suppress(_NotYetError):
        ended = search(
            [candidate_of(factor) for factor in request.factors],
            lambda round_: blocks.carry_out(round_, budget),
            budget,
            smallest_effect=request.smallest_effect,
            stands=stands,
            confirms=plan.epochs is None,
            heard=known.append,
        )
        known.append(ended)
    if not known:
        return None
    return result_of(request, plan, blocks, known[-1], plan.sentence(request), early_effects(folder, plan))
