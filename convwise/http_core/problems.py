"""What is answered when a request cannot be: a status with one sentence, as JSON or as a page, and nothing of ours."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{title}</title></head>
<body><h1>{title}</h1><p>{reason}</p></body></html>
"""


class Problem(Exception):  # noqa: N818 - it names what the client reads
    """A request that is answered with an error.

    Args:
        status: The status, 400 to 599.
        reason: One sentence for the client; no path, version or traceback.
        headers: Further headers of the answer.

    Attributes:
        closes: Whether the connection ends with the answer, since the rest of the request is not read: the gate
            knows.

    Example:
        >>> from convwise.http_core.problems import Problem
        >>> Problem(413, "the body is larger than 10 bytes").status
        413
    """

    def __init__(self, status: int, reason: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.closes = status, reason, False
        self.headers = dict(headers or {})


def problem_of(error: Exception) -> Problem:
    """What a client is told of an error: a Problem is itself, all that nobody foresaw is a bare 500."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return Problem(error.status_code, _phrase(error.status_code), headers=error.headers)
    return Problem(500, "the server failed at this request; its log says why")


def answer_of(problem: Problem, accept: str = "") -> Response:
    """The answer: a page for who asks for HTML first, else JSON `{"error": ..., "status": ...}`."""
    headers = {**problem.headers, "cache-control": "no-store"}
    if problem.closes:
        headers["connection"] = "close"
    if wants_page(accept):
        title = html.escape(f"{problem.status} {_phrase(problem.status)}")
        return HTMLResponse(_PAGE.format(title=title, reason=html.escape(problem.reason)), problem.status, headers)
    text = json.dumps({"error": problem.reason, "status": problem.status}, ensure_ascii=False)
    return Response(text, problem.status, headers, "application/json")


def wants_page(accept: str) -> bool:
    """Whether this Accept header is that of a browser that opens a page."""
    return accept.lstrip().lower().startswith(("text/html", "application/xhtml+xml"))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
