"""An ASGI application asked without a server: a request as values, the answer as values."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """What came back, and how many pieces of the request's body were taken for it before the answer began."""

    status: int
    headers: dict[str, str]
    body: bytes
    n_taken: int

    def json(self) -> Any:
        """The body's values."""
        return json.loads(self.body)


def ask(
    app: Any,
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    pieces: Iterable[bytes] = (b"",),
    query: str = "",
    waits: bool = False,
) -> Answer:
    """The answer to one request; with `waits` the body has no end and no more of it comes."""
    usual = {"host": "localhost:8000"} | ({} if method in ("GET", "HEAD") else {"transfer-encoding": "chunked"})
    return asyncio.run(_asked(app, path, method, {**usual, **(headers or {})}, pieces, query, waits))


async def _asked(
    app: Any, path: str, method: str, headers: Mapping[str, str], pieces: Iterable[bytes], query: str, waits: bool
) -> Answer:
    scope = {
        "type": "http", "method": method, "path": path, "query_string": query.encode(), "root_path": "",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }  # fmt: skip
    todo, taken, before, sent = iter(pieces), 0, 0, []
    ahead = next(todo, None)

    async def receive() -> Any:
        nonlocal ahead, taken
        if ahead is None:
            await asyncio.sleep(3600 if waits else 0)
            return {"type": "http.disconnect"}
        piece, ahead = ahead, next(todo, None)
        taken += 1
        return {"type": "http.request", "body": piece, "more_body": ahead is not None or waits}

    async def send(message: Any) -> None:
        nonlocal before
        if not sent:
            before = taken
        sent.append(message)

    await app(scope, receive, send)
    assert sent[-1].get("more_body", False) is False
    answered = {name.decode().lower(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answered, b"".join(each.get("body", b"") for each in sent[1:]), before)
