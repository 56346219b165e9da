"""Connections with deadlines: who sends the head of a request too slowly, or takes nothing of an answer, is cut off."""

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
        _taking_due: asyncio.TimerHandle | None = None

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
            """Forgets the clocks."""
            self._head_is_there()
            self._stop_watching()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            """More is written than the client has taken; whether it takes any of it is watched from now on."""
            super().pause_writing()
            self._watch_taking()

        def resume_writing(self) -> None:
            """The client has taken most of it."""
            self._stop_watching()
            super().resume_writing()

        def on_response_complete(self) -> None:
            """Watches as well where the connection ends with the answer, which waits for a client to take it."""
            super().on_response_complete()
            if self.transport.is_closing():
                self._watch_taking()

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

        def _watch_taking(self, left_before: int | None = None) -> None:
            """Cuts a client off that has taken nothing since; a slow one that takes a little goes on."""
            self._stop_watching()
            left = self.transport.get_write_buffer_size()
            if left_before is not None and left >= left_before:
                self.transport.abort()
            else:
                self._taking_due = self.loop.call_later(limits.body_seconds, self._watch_taking, left)

        def _stop_watching(self) -> None:
            if self._taking_due is not None:
                self._taking_due.cancel()
                self._taking_due = None

        def _end(self) -> None:
            self.transport.close()
            self.loop.call_later(_FLUSH_SECONDS, self.transport.abort)

    return Protocol
