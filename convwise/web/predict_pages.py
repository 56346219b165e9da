"""Pictures are dropped on a page: what the network of a run says of them, where it looks, what it finds alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import RedirectResponse, Response

from convwise.errors import ConvwiseError
from convwise.http_core.decoding import Reading
from convwise.http_core.headers import header
from convwise.http_core.multipart import Upload, uploads
from convwise.http_core.problems import Problem
from convwise.images.reading import Picture
from convwise.images.rules import UnreadableImage
from convwise.images.thumbnails import small
from convwise.names import counted
from convwise.report.pictures import Shown, shown_pixels
from convwise.runs import Run
from convwise.web.answers import answer
from convwise.web.jobs import result_of
from convwise.web.made_pages import waiting
from convwise.web.neighbours import Neighbours
from convwise.web.networks import Found
from convwise.web.pages import page, part
from convwise.web.shelf import RUN
from convwise.web.site import Asked, Site

_PX = 224


@dataclass(frozen=True, eq=False)
class Answer:
    """What is shown of an uploaded file: how it looks, and what the network says, or the reason why it says nothing."""

    name: str
    picture: Shown | None = None
    found: Found | None = None
    problem: str = ""


async def predict_page(site: Site, asked: Asked) -> Response:
    """The form; with pictures sent, their answers below it, or these alone where a script asks for them."""
    run = await site.read(_finished, site, asked.place)
    if asked.scope["method"] != "POST":
        return answer(page("predict.html", asked.scope, seen=await _seen(site, run), answers=None))
    async with site.intake.body(asked.scope, asked.receive) as body:
        kind = header(asked.scope, b"content-type")
        files = await site.decoding.run(uploads, body, kind, site.limits.most_files)
        answers = await answered(site, run, [each for each in files if each.name or each.data])
    alone = any(name == "part" for name, _ in asked.query)
    seen = await _seen(site, run)
    text = (
        part("answers.html", seen=seen, answers=answers)
        if alone
        else page("predict.html", asked.scope, seen=seen, answers=answers)
    )
    return answer(text)


async def nearest_page(site: Site, asked: Asked) -> Response:
    """Asks the network for every training image, once; then leads back to the pictures."""
    run = await site.read(_finished, site, asked.place)
    back = site.root.address("predict", run.folder)
    key = f"nearest {site.root.address('', run.folder)}"
    job = site.jobs.find(key.replace("/", "-"))
    if job is None and (asked.scope["method"] != "POST" or await site.read(Neighbours.kept, run) is not None):
        return RedirectResponse(back, 303)
    job = job or site.jobs.ask(
        "networks",
        key.replace("/", "-"),
        "asking the network for every training image",
        lambda heard: Neighbours.compute(run, site.networks.of(run), heard),
    )
    if asked.scope["method"] == "POST":
        return RedirectResponse(site.root.address("nearest", run.folder), 303)
    if not await site.jobs.wait(job, 0.5):
        return waiting(asked, job)
    site.jobs.forget(job)
    result_of(job)
    return RedirectResponse(back, 303)


async def answered(site: Site, run: Run, files: Sequence[Upload]) -> list[Answer]:
    """An answer for each file, in order. Raises Problem 422 for none."""
    if not files:
        raise Problem(422, "no picture was sent; choose one, or drop it on the page")
    settings = run.settings
    rules = settings.reading.limited_to(min(settings.reading.most_pixels, site.limits.most_pixels))
    reading = Reading(settings.recipe.shape, settings.recipe.resize, rules)

    def read(file: Upload) -> tuple[Picture, Shown] | str:
        try:
            return reading.picture(file.data, file.name), shown_pixels(file.name, small(file.data, _PX, rules))
        except (Problem, UnreadableImage) as problem:
            return str(problem)

    pictures = [await site.decoding.run(read, each) for each in files]
    readable = [each[0] for each in pictures if not isinstance(each, str)]
    found: list[Found] = []
    if readable:
        title = f"asking the network about {counted(len(readable), 'picture')}"
        found = await site.jobs.answer(
            "networks", f"predict {id(files)}", title, lambda heard: site.networks.answers(run, readable)
        )
    rest = iter(found)
    return [
        Answer(file.name, problem=each) if isinstance(each, str) else Answer(file.name, each[1], next(rest))
        for file, each in zip(files, pictures, strict=True)
    ]


def _finished(site: Site, place: bytes) -> Run:
    run = Run.open(site.root.folder(place, RUN))
    run.require_complete()
    return run


async def _seen(site: Site, run: Run) -> dict[str, Any]:
    def near() -> tuple[bool, str]:
        try:
            return Neighbours.kept(run) is not None, ""
        except (ConvwiseError, OSError) as problem:
            return False, str(problem)

    has_near, why_not = await site.read(near)
    n_train = len(run.split["train"])
    return {
        "name": site.root.shown(run.folder),
        "address": {kind: site.root.address(kind, run.folder) for kind in ("run", "predict", "nearest")},
        "classes": run.class_names,
        "has_near": has_near,
        "why_no_near": why_not,
        "n_train": counted(n_train, "training image"),
        "limits": f"At most {site.limits.most_files} pictures and {site.limits.most_bytes >> 20} MiB at a time. "
        "They stay on this machine and are not kept.",
        "command": f"convwise predict {site.typed(run.folder)} PICTURE",
    }
