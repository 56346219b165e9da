"""The gate before an application: who may ask is checked, answers get their headers, and no error leaves as it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.responses import RedirectResponse

from convwise.http_core.access import Access
from convwise.http_core.headers import NOTHING, header, secured
from convwise.http_core.problems import Problem, answer_of, problem_of

_LINGER_SECONDS = 2.0

Heard = Callable[[Any, int, float, BaseException | None], None]


class Gate:
    """An ASGI application around another.

    Args:
        app: The application behind it.
        access: Who may ask.
        policy: The Content-Security-Policy of answers that have none of their own.
        heard: Is told of every request when it is over: the scope, the status, the seconds, and the error that nobody
            foresaw or None. Nobody is if None.

    Example:
        >>> from convwise.http_core.access import Access
        >>> from convwise.http_core.gate import Gate
        >>> Gate(lambda scope, receive, send: None, Access(token="correct-horse")).draining
        False
    """

    def __init__(self, app: Any, access: Access, *, policy: str = NOTHING, heard: Heard | None = None) -> None:
        self._app, self._access, self._policy, self._heard = app, access, policy, heard
        self.draining = False
        """Whether each answer ends its connection, since the server is about to end."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        begun, status, error = time.perf_counter(), 0, None
        read_whole = False

        async def receiving() -> Any:
            nonlocal read_whole
            message = await receive()
            read_whole = not message.get("more_body", False)
            return message

        async def sending(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = secured(message.get("headers", ()), self._policy)
                message = {**message, "headers": [*headers, (b"connection", b"close")] if self.draining else headers}
            await send(message)

        try:
            await self._answered(scope, receiving, sending)
        except Exception as problem:
            error = None if isinstance(problem, Problem) else problem
            if status:  # half an answer is out: no second one may follow
                raise
            told = problem_of(problem)
            told.closes = not read_whole and _has_body(scope)
            await _refused(scope, receive, sending, told)
        finally:
            if self._heard is not None:
                self._heard(scope, status, time.perf_counter() - begun, error)

    async def _answered(self, scope: Any, receive: Any, send: Any) -> None:
        self._access.check(scope)
        moved = self._access.page_without_token(scope)
        if moved is None:
            await self._app(scope, receive, send)
            return
        place, cookie = moved
        await RedirectResponse(place, 303, {"set-cookie": cookie, "cache-control": "no-store"})(scope, receive, send)


def _has_body(scope: Any) -> bool:
    return header(scope, b"content-length") not in ("", "0") or header(scope, b"transfer-encoding") != ""


async def _refused(scope: Any, receive: Any, send: Any, problem: Problem) -> None:
    """The error's answer at once; what the client still sends is read for a moment and dropped.

    A connection that is closed while bytes arrive is reset, and the reset overtakes the answer.
    """
    answer = answer_of(problem, header(scope, b"accept"))
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.start", "status": answer.status_code, "headers": answer.raw_headers})
    if not problem.closes:
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.body", "body": body, "more_body": True})
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})
