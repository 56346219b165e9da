"""The socket of a server, before anything listens on it."""

from __future__ import annotations

import socket

import pytest

from convwise.errors import RequestError
from convwise.http_core.listening import listening_socket


@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="this system shares no port")
def test_a_port_that_another_servers_workers_share_is_taken() -> None:
    with listening_socket("127.0.0.1", 0, shared=True) as parent:
        port = parent.getsockname()[1]
        with listening_socket("127.0.0.1", port, shared=True, joins=True) as worker:
            worker.listen()
            with pytest.raises(RequestError, match=f"^port={port}: it is taken"):
                listening_socket("127.0.0.1", port, shared=True)
            listening_socket("127.0.0.1", port, shared=True, joins=True).close()  # a further worker
