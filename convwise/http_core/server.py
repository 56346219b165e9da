"""A server process: uvicorn with our connections; told to end, it answers what was asked and ends with exit code 0."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from convwise.http_core.connections import protocol
from convwise.http_core.gate import Gate
from convwise.http_core.limits import Limits

_ANSWERING_SECONDS = 60  # at the end, for a full queue and a slow network, when the last body has come
_TURNS = 3  # of the event loop: in one it hears of connections, in the next it accepts them
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def run_server(
    gate: Gate,
    opened: socket.socket,
    limits: Limits,
    *,
    ready: Callable[[], None] = lambda: None,
    ending: Callable[[], None] = lambda: None,
) -> None:
    """Serves until SIGTERM or SIGINT; then takes no more connections, answers what was asked, and returns.

    Args:
        gate: The application behind its gate.
        opened: The socket to listen on.
        limits: What connections are kept to.
        ready: Is called when requests are taken.
        ending: Is called within the handler of a signal to end, so that answers without an end can end.

    Example:
        >>> from convwise.http_core.server import run_server
        >>> callable(run_server)
        True
    """
    config = uvicorn.Config(
        gate,
        http=protocol(limits),
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="auto",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type]
        timeout_graceful_shutdown=round(limits.header_seconds + limits.body_seconds) + _ANSWERING_SECONDS,
    )
    _Server(config, gate, ready, ending).run([opened])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, gate: Gate, ready: Callable[[], None], ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._gate, self._ready, self._ending = gate, ready, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and says that it is ready."""
        await super().startup(sockets)
        self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal ends the serving and nothing else: uvicorn's own would be raised again, and be the exit code."""
        before = {each: signal.signal(each, self._told_to_end) for each in _SIGNALS}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _told_to_end(self, number: int, frame: object) -> None:
        if self.should_exit and number == signal.SIGINT:
            self.force_exit = True  # Ctrl-C twice
        self.should_exit = True
        self._ending()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, in an order that loses nobody: who is sent away has no open door to come back through.

        What the system has taken by now is accepted first. Answers end their connections only when nobody listens: a
        client that was sent away earlier would connect anew, and be cut off unanswered.
        """
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        self._gate.draining = True  # uvicorn closes the door before it lets the event loop go on
        await super().shutdown(sockets)
