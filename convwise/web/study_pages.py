"""A study: its blocks as they come in, and what they say so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response

from convwise.commands.study_records import study_records_of
from convwise.commands.study_so_far import BlockSoFar, StudySoFar, Watch
from convwise.locks import held
from convwise.names import counted
from convwise.report.study_headline import duration, headline
from convwise.report.study_numbers import amount, unit
from convwise.report.study_page import axis_of, parameter_views
from convwise.report.table import Cell, Table, count, numbers, texts, words
from convwise.study.folder import StudyFolder
from convwise.study.result import StudyResult
from convwise.web.answers import answer
from convwise.web.live import Shown
from convwise.web.pages import page, part
from convwise.web.shelf import STUDY, stamps_of
from convwise.web.site import Asked, Site


async def study_page(site: Site, asked: Asked) -> Response:
    """The page of a study."""
    view = await _view(site, asked.place, Watcher(site.root.folder(asked.place, STUDY)))
    return answer(page("study_live.html", asked.scope, study=view))


async def study_live(site: Site, asked: Asked) -> Response:
    """Its part that grows, again after each training until the study is finished."""
    watcher = Watcher(site.root.folder(asked.place, STUDY))

    async def look() -> Shown:
        view = await _view(site, asked.place, watcher)
        return Shown(part("study_part.html", study=view), view["headline"], over=view["state"] == "finished")

    return site.live.stream(look)


class Watcher:
    """Reads a study again when a file of it has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._watch: Watch | None = None
        self._stamps: object = None
        self._seen: StudySoFar | None = None

    def read(self) -> StudySoFar:
        """What there is now."""
        stamps = stamps_of(self.folder)
        if self._seen is None or stamps != self._stamps:
            self._watch = self._watch or Watch(StudyFolder.open(self.folder))
            self._seen, self._stamps = self._watch.read(), stamps
        return self._seen


async def _view(site: Site, place: bytes, watcher: Watcher) -> dict[str, Any]:
    folder = site.root.folder(place, STUDY)
    study = await site.read(StudyFolder.open, folder)
    view: dict[str, Any] = {
        "name": site.root.shown(folder),
        "address": {kind: site.root.address(kind, folder) for kind in ("study-live", "report")},
        "resume": f"convwise study --resume {site.typed(folder)}",
        "report": f"convwise report {site.typed(folder)}",
        "planned": "", "blocks": None, "result": None, "why_not": "",
    }  # fmt: skip
    if await site.read(lambda: study.old) is not None:
        return view | {"state": "finished", "said": "", "headline": "An earlier version made this study."}
    # To know which pictures judge in a block the first look goes through all of them, which may take a while.
    seen: StudySoFar = await site.jobs.answer(
        "pictures", f"study {id(watcher)}", f"reading {site.root.shown(folder)}", lambda heard: watcher.read()
    )
    spec = seen.request.spec
    view |= {"said": f"{spec.net} on {spec.data}, {spec.recipe.shape.told}", "planned": seen.planned}
    view["blocks"] = blocks_table(seen.blocks) if seen.blocks else None
    if study.complete:
        records = await site.read(study_records_of, study)
        return view | {"state": "finished", "headline": headline(records.result, records.bought),
                       "result": _drawn(records.result)}  # fmt: skip
    view["state"] = {True: "training", False: "stopped", None: "not finished"}[held(folder)]
    view["headline"] = so_far(seen)
    return view | {"result": _drawn(seen.result) if seen.result else None, "why_not": seen.why_not}


def so_far(seen: StudySoFar) -> str:
    """`2 blocks are whole; 3 of 4 parameters are settled, none is adopted.`"""
    trained = sum(len(each.done) for each in seen.blocks)
    if seen.result is None:
        return f"{counted(trained, 'training')} so far: {seen.why_not}."
    result = seen.result
    tried = [each for each in result.verdicts if each.tried is not None]
    settled = sum(each.kind != "undecided" for each in tried)
    adopted = f"; confirmed: {' '.join(result.recommended)}" if result.recommended else ""
    return (
        f"So far {settled} of {counted(len(tried), 'parameter')} are settled, after {counted(result.blocks, 'block')} "
        f"and {counted(trained, 'training')}{adopted}."
    )


def blocks_table(blocks: tuple[BlockSoFar, ...]) -> Table:
    """A row for each block, the last one first."""
    rows = tuple(
        (
            Cell(str(each.number + 1), each.number + 1),
            *texts("to confirm" if each.fresh else "to search"),
            count(len(each.done)),
            count(len(each.failed)),
            Cell(duration(each.seconds), each.seconds),
        )
        for each in reversed(blocks)
    )
    columns = (*numbers("block"), *words("what for"), *numbers("trained", "failed", "time on one core"))
    return Table("blocks, the last one first", columns, rows)


def _drawn(result: StudyResult) -> dict[str, Any]:
    axis = axis_of(result)
    levels = [level for verdict in result.verdicts for level in verdict.all_tried]
    return {
        "quick": result.quick,
        "axis": axis,
        "unit": unit(result),
        "smallest": amount(result.smallest_effect, result),
        "has_others": any(level.other_images for level in levels),
        "parameters": parameter_views(result, axis),
    }
