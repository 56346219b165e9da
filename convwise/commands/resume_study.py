"""study --resume and study report: on with a study from the trainings on record, and its result again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from convwise.commands.study import drawn, engine_of, resumable
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import study_hooks
from convwise.study.folder import StudyFolder
from convwise.study.request import StudyHooks
from convwise.study.result import StudyResult
from convwise.study.trial_runner import TrialRunner


def resume_study(
    folder: str | Path,
    *,
    minutes: float | None = None,
    trust: bool = False,
    quiet: bool = False,
    hooks: StudyHooks | None = None,
) -> StudyResult:
    """Goes on with a study from the trainings on record, or reads the result of one that is complete.

    `minutes` for everything, those that are spent included: with more time the same study becomes sharper, and its
    verdicts are made again. `trust`: run the code of a study of someone else's own network. `quiet` and `hooks`: see
    `study`. Raises RequestError.
    """
    with study_hooks(hooks, quiet=quiet) as hooks:
        return _gone_on(folder, minutes, trust, hooks)


def _gone_on(folder: str | Path, minutes: float | None, trust: bool, hooks: StudyHooks) -> StudyResult:
    require_backend()
    found = StudyFolder.open(folder)
    request = found.request
    if found.complete and minutes is None:
        result = found.result
        hooks.note(f"{folder} is complete already; give minutes= to go on with it")
        return result
    own = request.spec.net
    if isinstance(own, OwnNetwork):
        require_trusted(own, trust=trust, where=f"study={folder}")
        remember(own)
    if minutes is not None:
        request = dataclasses.replace(request, minutes=minutes, runs=None)
    known = found.plan
    _ = found.outcomes(), found.quick_look  # what is damaged is told before an engine is started
    from convwise.study.plan import planned, replanned
    from convwise.study.run_study import run_study

    runner = TrialRunner.open(request.spec)
    with found.locked(), engine_of(request, hooks) as engine:
        plan = replanned(request, runner, known) if known else planned(request, runner, engine)
        if minutes is not None:
            found.ask_anew(request.to_dict())
        found.write_plan(dataclasses.asdict(plan))
        with resumable(found):
            result = run_study(found, request, runner, plan, engine, hooks)
    return drawn(found, result)


def study_report(folder: str | Path) -> StudyResult:
    """The result of a finished study. Raises RequestError where there is none, or it is not finished."""
    return StudyFolder.open(folder).result


def old_study(folder: str | Path) -> dict[str, Any] | None:
    """The result of a study that an earlier version made, which measured otherwise; None of others."""
    found = StudyFolder.open(folder)
    return found.old_result if found.old is not None else None
