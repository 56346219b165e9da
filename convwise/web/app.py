"""The application: which page an address means, and one line in a page for whatever cannot be shown."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from convwise.errors import ConvwiseError
from convwise.http_core.access import Access
from convwise.http_core.gate import Gate
from convwise.http_core.headers import header
from convwise.http_core.problems import Problem, problem_of, wants_page
from convwise.web import data_pages, made_pages, overview, predict_pages, run_pages, study_pages
from convwise.web.answers import answer
from convwise.web.jobs import BusyError, StoppedError
from convwise.web.pages import modules, page
from convwise.web.site import Asked, Site

Page = Callable[[Site, Asked], Awaitable[Response]]
_READ: dict[str, Page] = {
    "": overview.overview,
    "live": overview.overview_live,
    "data": data_pages.data_page,
    "pictures": data_pages.pictures_page,
    "run": run_pages.run_page,
    "run-live": run_pages.run_live,
    "study": study_pages.study_page,
    "study-live": study_pages.study_live,
    "report": made_pages.report_page,
    "compare": made_pages.compare_page,
    "playground": made_pages.playground_page,
    "progress": made_pages.progress,
    "predict": predict_pages.predict_page,
    "nearest": predict_pages.nearest_page,
}
_ENDLESS = ("live", "run-live", "study-live", "progress")
_HEADS = {kind: shown for kind, shown in _READ.items() if kind not in _ENDLESS}
_SENT: dict[str, Page] = {"predict": predict_pages.predict_page, "nearest": predict_pages.nearest_page}


class App:
    """The pages of a site as an ASGI application; who may ask is the gate's concern."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        try:
            response = await self._response(scope, receive)
        except Exception as problem:
            response = _told(scope, problem)
        await response(scope, receive, send)

    async def _response(self, scope: Any, receive: Any) -> Response:
        raw = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
        first, slash, rest = raw.lstrip(b"/").partition(b"/")
        kind = first.decode("ascii", "replace")
        if kind == "js" and scope["method"] in ("GET", "HEAD"):
            return _module(rest.decode("ascii", "replace"))
        pages = {"GET": _READ, "HEAD": _HEADS, "POST": _SENT}.get(scope["method"])
        if pages is None or (kind in _READ and kind not in pages):
            raise Problem(405, "this address is not asked in that way")
        if kind not in pages or (kind == "" and slash):
            raise Problem(404, "there is no such page")
        return await pages[kind](self.site, Asked(scope, receive, kind, unquote_to_bytes(rest)))


def guarded(site: Site, access: Access) -> Gate:
    """The application behind its gate."""
    return Gate(App(site), access)


def _module(name: str) -> Response:
    if name not in modules():
        raise Problem(404, "there is no such module")
    return Response(modules()[name], media_type="text/javascript", headers={"cache-control": "no-cache"})


def _told(scope: Any, problem: Exception) -> Response:
    """The problem as a page for a reader; others get a line. Raises Problem for what is not shown as a page."""
    known = _as_problem(problem)
    # Of what is sent to us a rest may wait to be read: the gate knows how to end such a connection.
    if scope["method"] == "POST" or not wants_page(header(scope, b"accept")):
        raise known from None
    return answer(page("problem.html", scope, reason=known.reason), known.status, known.headers)


def _as_problem(problem: Exception) -> Problem:
    if isinstance(problem, (BusyError, StoppedError)):
        return Problem(503, str(problem))
    if isinstance(problem, ConvwiseError):
        return Problem(422, str(problem))
    if isinstance(problem, OSError):
        return Problem(404, f"it cannot be read any more: {problem.strerror or problem}")
    if not isinstance(problem, Problem):
        traceback.print_exception(problem, file=sys.stderr)
    return problem_of(problem)
