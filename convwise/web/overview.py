"""The first page: what there is below the folder, what goes on, and what to type where there is nothing yet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from convwise.commands.runs import RunSummary
from convwise.names import counted, shown
from convwise.report.runs_table import runs_table
from convwise.report.table import Cell, Table, count, numbers, words
from convwise.web.answers import answer
from convwise.web.live import Shown
from convwise.web.pages import page, part
from convwise.web.shelf import StudySummary
from convwise.web.site import Asked, Site


@dataclass(frozen=True)
class _Choice:
    """A finished run that may be compared: its name as it is sent back, and as it is read."""

    value: str
    name: str


async def overview(site: Site, asked: Asked) -> Response:
    """The page."""
    seen = await site.read(_seen, site)
    return answer(page("overview.html", asked.scope, seen=seen))


async def overview_live(site: Site, asked: Asked) -> Response:
    """Its tables again whenever something has changed."""

    async def look() -> Shown:
        seen = await site.read(_seen, site)
        return Shown(part("overview_part.html", seen=seen), seen["headline"])

    return site.live.stream(look)


def _seen(site: Site) -> dict[str, Any]:
    runs, studies = site.shelf.runs(), site.shelf.studies()
    finished = [each for each in runs if each.state == "finished"]
    return {
        "folder": str(site.root.path),
        "headline": headline(runs, studies),
        "runs": _runs(site, runs) if runs else None,
        "studies": _studies(site, studies) if studies else None,
        "choices": [_Choice(quote(os.fsencode(site.root.name(each.folder))), shown(site.root.shown(each.folder)))
                    for each in finished],
        "train": f"convwise train shapes --out {site.typed('runs/first')}",
        "study": f"convwise study shapes --minutes 15 --out {site.typed('studies/first')}",
    }  # fmt: skip


def headline(runs: Sequence[RunSummary], studies: Sequence[StudySummary]) -> str:
    """What there is, and what goes on, in a sentence."""
    if not runs and not studies:
        return "There is no run and no study here yet."
    return " ".join(_told(found, title) for found, title in ((runs, "Runs"), (studies, "Studies")) if found)


def _told(found: Sequence[RunSummary] | Sequence[StudySummary], title: str) -> str:
    states = [each.state if each.state in ("training", "finished", "not finished") else "" for each in found]
    told = [
        f"{states.count(state)} {words}"
        for state, words in (("training", "at work now"), ("finished", "finished"), ("not finished", "not finished"),
                             ("", "damaged or of an earlier version"))
        if states.count(state)
    ]  # fmt: skip
    return f"{title}: {', '.join(told)}."


def _runs(site: Site, runs: Sequence[RunSummary]) -> Table:
    made = runs_table([each.to_dict() for each in runs])
    rows = tuple(
        (Cell(site.root.shown(each.folder), target=site.root.address("run", each.folder)), *row[1:])
        for each, row in zip(runs, made.rows, strict=True)
    )
    return replace(made, rows=rows)


def _studies(site: Site, studies: Sequence[StudySummary]) -> Table:
    rows = tuple(
        (
            Cell(site.root.shown(each.folder), target=site.root.address("study", each.folder)),
            Cell(f"{each.net} on {each.data}" if each.net else ""),
            Cell(f"{each.state}: {each.said}" if each.said else each.state),
            count(each.n_trainings),
        )
        for each in studies
    )
    columns = (*words("study", "about", "state"), *numbers("trainings"))
    return Table(counted(len(rows), "study", "studies"), columns, rows)
