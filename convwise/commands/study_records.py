"""The records of a study, read from its folder."""

from __future__ import annotations

from convwise.commands.fresh_blocks import fresh_rounds
from convwise.commands.run_records import date_of, environment_of
from convwise.errors import RequestError
from convwise.report.study_records import Bought, StudyRecords
from convwise.study.again import study_again
from convwise.study.folder import StudyFolder
from convwise.study.plan import per_block


def study_records_of(folder: StudyFolder) -> StudyRecords:
    """Reads the study's files. Raises RequestError where it is not finished, or a file is damaged."""
    result, request, plan = folder.result, folder.request, folder.plan
    try:
        fresh, why = fresh_rounds(folder, request, result.confirmations), ""
    except RequestError as problem:
        fresh, why = (), str(problem)
    return StudyRecords(
        name=folder.path.resolve().name,
        result=result,
        bought=Bought(
            minutes=request.minutes,
            runs=request.runs,
            workers=request.n_workers,
            per_block=per_block(request),
            training_seconds=plan.training if plan else None,
            block_seconds=plan.block if plan else None,
            blocks_planned=plan.n_blocks if plan else None,
        ),
        command=study_again(request),
        values={each.parameter: tuple(level.value for level in each.levels.values()) for each in request.factors},
        fresh=fresh,
        why_no_fresh=why,
        settings=request.to_dict(),
        environment=environment_of(folder.path / "environment.json"),
        ended=date_of(folder.path / "result.json"),
    )
