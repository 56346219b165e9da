"""Server-sent events: a part of a page again whenever what it shows has changed, until it changes no more."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from weakref import finalize

from starlette.responses import StreamingResponse

from convwise.errors import ConvwiseError
from convwise.http_core.problems import Problem
from convwise.web.jobs import BusyError
from convwise.web.pages import part

_SECONDS = 1.0  # between two looks
_REST = 5  # times as long as a look took, where that is more: a large folder is not looked through all the time
_SILENT = 15  # looks without news, after which a comment shows whether the reader is still there
_MOST_STREAMS = 24


@dataclass(frozen=True)
class Shown:
    """A part of a page: what to show, in a sentence what is new, and whether it is the last."""

    html: str
    said: str = ""
    over: bool = False


class Live:
    """The streams that are open. `stopping` ends them all."""

    def __init__(self) -> None:
        self.stopping = False
        self._open: set[object] = set()

    def stream(self, look: Callable[[], Awaitable[Shown]]) -> StreamingResponse:
        """The answer that sends what `look` shows, first at once. Raises Problem 503 for too many at a time."""
        if len(self._open) >= _MOST_STREAMS:
            raise Problem(503, "too many pages are watching", headers={"retry-after": "30"})
        reader = object()
        self._open.add(reader)
        events = self._events(look, reader)
        finalize(events, self._open.discard, reader)  # an answer that is never begun has no end
        return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})

    async def _events(self, look: Callable[[], Awaitable[Shown]], reader: object) -> AsyncIterator[bytes]:
        try:
            async for each in self._news(look):
                yield each
        finally:
            self._open.discard(reader)

    async def _news(self, look: Callable[[], Awaitable[Shown]]) -> AsyncIterator[bytes]:
        before, silent = None, 0
        while not self.stopping:
            begun = time.monotonic()
            now = await _seen(look)
            took = time.monotonic() - begun
            if now is not None and now != before:
                yield event("over" if now.over else "news", now)
                if now.over:
                    return
                before, silent = now, 0
            silent += 1
            if silent % _SILENT == 0:
                yield b": still here\n\n"
            await self._pause(max(_SECONDS, _REST * took))

    async def _pause(self, seconds: float) -> None:
        while seconds > 0 and not self.stopping:
            await asyncio.sleep(min(seconds, 0.1))
            seconds -= 0.1


async def _seen(look: Callable[[], Awaitable[Shown]]) -> Shown | None:
    """What there is to show, nothing new where others are served first; where it is gone or damaged meanwhile, that."""
    try:
        return await look()
    except BusyError:
        return None
    except (ConvwiseError, OSError, Problem) as problem:
        reason = str(problem)
        return Shown(part("gone.html", reason=reason), reason, over=True)


def event(kind: str, shown: Shown) -> bytes:
    """One event, its data a line of JSON."""
    data = json.dumps({"html": shown.html, "said": shown.said})
    return f"event: {kind}\ndata: {data}\n\n".encode()
