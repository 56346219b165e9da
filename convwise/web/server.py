"""The server of the page: its address with a token, this machine alone, and an end without waiting."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from convwise import checks
from convwise.errors import RequestError
from convwise.places import kind_of, named, reason_of

PORT = 8765
HOST = "127.0.0.1"
_PACKAGES = ("fastapi", "uvicorn", "python_multipart")
_END_SECONDS = 2.0


def serve_page(folder: str | Path = ".", *, port: int = PORT, ready: Callable[[str], None] = print) -> None:
    """Serves the page about a folder to this machine, until Ctrl-C.

    Args:
        folder: Where runs, studies and folders of pictures are looked for.
        port: 1 to 65535, or 0 for any that is free.
        ready: Hears the address with its token, when it can be opened.

    Raises:
        RequestError: there is no such folder, the port is taken, or a package of the extra is not installed.
    """
    place = named(folder, "folder")
    if kind_of(place, "folder") != "folder":
        raise RequestError(f"folder={folder}: there is no such folder; name one that holds runs, or will")
    checks.whole("port", port, 0, 65535)
    _require_packages()
    listening = _bound(port)
    import uvicorn

    from convwise.http_core.access import LOOPBACK, Access, new_token
    from convwise.web.app import guarded
    from convwise.web.site import Site

    number = listening.getsockname()[1]
    token = new_token()
    access = Access(
        hosts=LOOPBACK,
        token=token,
        cookie=f"convwise-{number}",
        advice="this page opens at the address that convwise web printed when it was started, with its token",
    )
    site = Site.of(place)

    class Server(uvicorn.Server):
        """Says when it can be asked; ends what watches and works as soon as it is told to end."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(f"http://{HOST}:{number}/?token={token}")

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            site.stop()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        guarded(site, access),
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        limit_concurrency=256,
        timeout_graceful_shutdown=1,
        lifespan="off",
    )
    try:
        Server(config).run(sockets=[listening])
    except KeyboardInterrupt:  # uvicorn hands the signal on when it has ended
        pass
    finally:
        listening.close()
        _end(site)


def _end(site: Any) -> None:
    """Ends the work, too. What does not stop within moments, such as a network that is asked, is not waited for."""
    site.stop()
    if not site.jobs.close(_END_SECONDS):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # a thread within TensorFlow cannot be stopped, and would hold up the interpreter's end
    site.decoding.close()


def _require_packages() -> None:
    from importlib.util import find_spec

    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise RequestError(f"{missing[0]} is not installed, which the page needs: pip install 'convwise[web]'")


def _bound(port: int) -> socket.socket:
    """A socket of this machine alone. Raises RequestError where the port is taken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
        made.listen(128)
    except OSError as problem:
        made.close()
        raise RequestError(
            f"port={port}: it cannot be listened at ({reason_of(problem)}); choose another, or 0 for any that is free"
        ) from None
    return made
