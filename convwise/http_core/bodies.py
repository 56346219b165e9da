"""Bodies of requests, read within limits: refused as soon as they are too large or too slow, held in bounded memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from convwise.http_core.headers import header
from convwise.http_core.limits import Limits
from convwise.http_core.problems import Problem


class Intake:
    """Reads bodies, and knows how much of them all requests hold at the moment.

    Args:
        limits: How much, and how long.

    Example:
        >>> from convwise.http_core.bodies import Intake
        >>> from convwise.http_core.limits import Limits
        >>> Intake(Limits()).held_bytes
        0
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held_bytes = 0

    @asynccontextmanager
    async def body(self, scope: Any, receive: Any) -> AsyncIterator[bytes]:
        """The whole body of a request, held until the block is left.

        Raises Problem: 400 for a client that leaves or a length that is none, 408 for one that is slow, 413 for too
        many bytes, 503 where other bodies fill the memory.
        """
        declared = _declared(scope)
        if declared is not None and declared > self._limits.most_bytes:
            raise self._too_large()
        pieces: list[bytes] = []
        try:
            await self._read(receive, pieces)
            yield pieces[0] if len(pieces) == 1 else b"".join(pieces)
        finally:
            self.held_bytes -= sum(map(len, pieces))

    async def _read(self, receive: Any, pieces: list[bytes]) -> None:
        n_bytes = 0
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for piece in _pieces(receive):
                    pieces.append(piece)
                    n_bytes += len(piece)
                    self.held_bytes += len(piece)
                    if n_bytes > self._limits.most_bytes:
                        raise self._too_large()
                    if self.held_bytes > self._limits.most_held_bytes:
                        raise Problem(503, "too many uploads at a time; ask again", headers={"retry-after": "1"})
        except TimeoutError:
            raise Problem(408, f"the body did not arrive within {self._limits.body_seconds:g} seconds") from None

    def _too_large(self) -> Problem:
        return Problem(413, f"the body is larger than {self._limits.most_bytes:,} bytes")


async def _pieces(receive: Any) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Problem(400, "the client left before the body was there")
        if body := message.get("body", b""):
            yield body
        if not message.get("more_body"):
            return


def _declared(scope: Any) -> int | None:
    length = header(scope, b"content-length")
    if not length:
        return None
    if not length.isascii() or not length.isdigit():
        raise Problem(400, "content-length is no number")
    return int(length)
