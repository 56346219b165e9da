"""Connections with deadlines: who sends the head of a request too slowly, or nothing at all, is cut off."""

from __future__ import annotations

import asyncio
from typing import Any

from convwise.http_core.limits import Limits

_MOST_HEAD_BYTES = 65_536
_FLUSH_SECONDS = 5.0  # for a client to take what is written to it before its connection is cut
_GRACE_SECONDS = 0.5  # for a request that is on its way when the server begins to end
_FULL_BODY = b'{"error": "too many connections; ask again", "status": 503}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\nconnection: close\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_FULL_BODY), _FULL_BODY)
)


def protocol(limits: Limits) -> type[asyncio.Protocol]:
    """uvicorn's protocol of HTTP/1.1, the faster one where httptools is installed, kept to these limits."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    class Protocol(AutoHTTPProtocol):  # type: ignore[valid-type, misc]
        """A connection."""

        _head_due: asyncio.TimerHandle | None = None
        _n_head_bytes = 0

        def connection_made(self, transport: Any) -> None:
            """Begins to wait for the first head; beyond the most connections it is refused."""
            super().connection_made(transport)
            if len(self.connections) > limits.most_connections:
                transport.write(_FULL)
                self._end()
            else:
                self._wait_for_head()

        def data_received(self, data: bytes) -> None:
            """Takes bytes; a head that is complete stops the clock, one that has begun starts it."""
            if self.transport.is_closing():
                return
            before = self.cycle
            super().data_received(data)
            if self.cycle is not before:
                self._head_is_there()
            elif before is None or before.response_complete:
                self._n_head_bytes += len(data)
                self._wait_for_head()
                if self._n_head_bytes > _MOST_HEAD_BYTES:
                    self._end()

        def connection_lost(self, exc: Exception | None) -> None:
            """Forgets the clock."""
            self._head_is_there()
            super().connection_lost(exc)

        def timeout_keep_alive_handler(self) -> None:
            """Ends a connection that has been idle too long, whether or not its client takes what was written."""
            super().timeout_keep_alive_handler()
            self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

        def shutdown(self) -> None:
            """Lets a request that is on its way arrive, before an idle connection ends."""
            if self.cycle is None or self.cycle.response_complete:
                self.loop.call_later(_GRACE_SECONDS, self._shut)
            else:
                super().shutdown()

        def _shut(self) -> None:
            if not self.transport.is_closing():
                super().shutdown()

        def _wait_for_head(self) -> None:
            if self._head_due is None:
                self._head_due = self.loop.call_later(limits.header_seconds, self._end)

        def _head_is_there(self) -> None:
            self._n_head_bytes = 0
            if self._head_due is not None:
                self._head_due.cancel()
                self._head_due = None

        def _end(self) -> None:
            self.transport.close()
            self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    return Protocol
