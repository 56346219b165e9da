"""The server of the page: its address with a token, this machine alone, and an end without waiting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from convwise.errors import RequestError
from convwise.extras import require
from convwise.http_core import PACKAGES
from convwise.places import kind_of, named

PORT = 8765
HOST = "127.0.0.1"
_END_SECONDS = 2.0


def web(folder: str | Path = ".", *, port: int = PORT, ready: Callable[[str], None] = print) -> None:
    """Serves a page about a folder to this machine, until SIGTERM or Ctrl-C; it starts no training.

    Args:
        folder: Where runs, studies and folders of pictures are looked for.
        port: 1 to 65535, or 0 for any that is free.
        ready: Hears the address with its token, when it can be opened.

    Returns:
        Nothing, when the page was ended. Work that could not stop at once, such as a network that is asked, may go on
        for a moment in a thread.

    Raises:
        RequestError: there is no such folder, the port is taken, or a package of the extra is not installed.

    Example:
        >>> import convwise
        >>> try:
        ...     convwise.web("nowhere")
        ... except convwise.RequestError as problem:
        ...     print(problem)
        folder=nowhere: there is no such folder; name one that holds runs, or will
    """
    serve_page(folder, port=port, ready=ready)


def serve_page(folder: str | Path = ".", *, port: int = PORT, ready: Callable[[str], None] = print) -> bool:
    """What `web` does; whether all work had stopped at the end, within moments."""
    place = named(folder, "folder")
    if kind_of(place, "folder") != "folder":
        raise RequestError(f"folder={folder}: there is no such folder; name one that holds runs, or will")
    require("the page", PACKAGES, "convwise[web]")
    from convwise.http_core.access import LOOPBACK, Access, new_token
    from convwise.http_core.listening import listening_socket, place_of
    from convwise.http_core.server import run_server
    from convwise.web.app import guarded
    from convwise.web.site import Site

    with listening_socket(HOST, port) as opened:
        token = new_token()
        access = Access(
            hosts=LOOPBACK,
            token=token,
            cookie=f"convwise-{opened.getsockname()[1]}",
            advice="this page opens at the address that convwise web printed when it was started, with its token",
        )
        site = Site.of(place)
        address = f"{place_of(opened)}/?token={token}"
        run_server(guarded(site, access), opened, site.limits, ready=lambda: ready(address), ending=site.stop)
    site.stop()
    over = site.jobs.close(_END_SECONDS)  # what does not stop within moments is not waited for
    if over:
        site.decoding.close()
    return over
