"""Pages that take a while: made once by a job, with its progress to watch, then shown as they were written."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from convwise.commands.compare import compare
from convwise.commands.playground import playground
from convwise.commands.report import report
from convwise.http_core.problems import Problem
from convwise.names import counted
from convwise.web import kept
from convwise.web.answers import answer
from convwise.web.jobs import Job, Lane, Progress, result_of
from convwise.web.live import Shown
from convwise.web.pages import page, part
from convwise.web.shelf import RUN, STUDY, stamps_of
from convwise.web.site import Asked, Site

Make = Callable[[Path, Progress], object]
_AT_ONCE = 1.0  # seconds that a request waits before it shows progress


async def report_page(site: Site, asked: Asked) -> Response:
    """The page that `convwise report` makes of a run or a study."""
    folder = site.root.folder(asked.place, "")
    mark = RUN if (folder / RUN).is_file() else STUDY
    folder = site.root.folder(asked.place, mark)
    decides = await site.read(stamps_of, folder)
    place = await site.read(kept.place_of, "report", str(folder), decides)
    title = f"making the report of {site.root.shown(folder)}"
    return await when_made(site, asked, "networks", place, title, lambda out, heard: report(folder, out=out))


async def compare_page(site: Site, asked: Asked) -> Response:
    """The page that `convwise compare` makes of the runs in the query."""
    chosen = [unquote_to_bytes(value) for name, value in asked.query if name == "run"]
    shared = any(name == "shared" for name, _ in asked.query)
    if len(set(chosen)) < 2:
        raise Problem(422, "two runs at least are needed; go back and choose them")
    folders = [site.root.folder(each, RUN) for each in dict.fromkeys(chosen)]
    decides = [(str(each), await site.read(stamps_of, each)) for each in folders]
    place = await site.read(kept.place_of, "compare", shared, decides)
    names = [os.path.relpath(each) for each in folders]
    title = f"comparing {counted(len(names), 'run')}"
    return await when_made(
        site, asked, "pictures", place, title, lambda out, heard: compare(*names, shared=shared, out=out)
    )


async def playground_page(site: Site, asked: Asked) -> Response:
    """The playground, with one convolution or with the network of a run."""
    if not asked.place and not (site.root.path / RUN).is_file():
        place = await site.read(kept.place_of, "playground")
        return await when_made(
            site, asked, "pictures", place, "making the playground", lambda out, heard: playground(out=out)
        )
    folder = site.root.folder(asked.place, RUN)
    place = await site.read(kept.place_of, "playground", str(folder), await site.read(stamps_of, folder))
    title = f"putting the network of {site.root.shown(folder)} into the playground"
    name = os.path.relpath(folder)
    return await when_made(site, asked, "networks", place, title, lambda out, heard: playground(name, out=out))


async def when_made(site: Site, asked: Asked, lane: Lane, place: Path, title: str, make: Make) -> Response:
    """The page if it is there; else its progress, from which a reader is led to it."""
    job = site.jobs.find(place.stem)
    if job is None and await site.read(place.is_file):
        return await site.read(kept.shown, place)
    job = job or site.jobs.ask(lane, place.stem, title, lambda heard: kept.made(place, lambda out: make(out, heard)))
    if not await site.jobs.wait(job, _AT_ONCE):
        return waiting(asked, job)
    site.jobs.forget(job)  # whoever asks after a failure begins it again
    result_of(job)
    return await site.read(kept.shown, place)


def waiting(asked: Asked, job: Job) -> Response:
    """A page that shows how far a job is, and then gives way to what the job is for."""
    return answer(page("waiting.html", asked.scope, job=job))


async def progress(site: Site, asked: Asked) -> Response:
    """How far a job is, until it is over or not known."""

    async def look() -> Shown:
        job = site.jobs.find(asked.place.decode("ascii", "replace"))
        if job is None or job.over:
            return Shown("", "", over=True)
        return Shown(part("waiting_part.html", job=job), "")

    return site.live.stream(look)
