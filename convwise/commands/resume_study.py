"""study --resume and study report: on with a study from the trials on record, and its result again."""

from __future__ import annotations

from pathlib import Path

from convwise.commands.study import StudyResult, carry_on
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import study_hooks
from convwise.study.folder import StudyFolder
from convwise.study.request import StudyHooks


def resume_study(
    folder: str | Path, *, trust: bool = False, quiet: bool = False, hooks: StudyHooks | None = None
) -> StudyResult:
    """Goes on with a study from the trials on record, or reads the result of one that is complete.

    `trust`: run the code of a study of someone else's own network. `quiet` and `hooks`: see `study`.
    """
    with study_hooks(hooks, quiet=quiet) as hooks:
        return _gone_on(folder, trust, hooks)


def _gone_on(folder: str | Path, trust: bool, hooks: StudyHooks) -> StudyResult:
    require_backend()
    found = StudyFolder.open(folder)
    if found.complete:
        result = found.result
        hooks.note(f"{folder} is complete already")
        return StudyResult(found.path, result)
    request = found.request
    own = request.bench.net
    if isinstance(own, OwnNetwork):
        require_trusted(own, trust=trust, where=f"study={folder}")
        remember(own)
    found.outcomes()  # what is damaged is told before an engine is started
    return carry_on(found, request, hooks)


def study_report(folder: str | Path) -> StudyResult:
    """The result of a finished study. Raises RequestError where there is none, or it is not finished."""
    found = StudyFolder.open(folder)
    return StudyResult(found.path, found.result)
