"""The socket on which a server listens, opened before the work begins, so that a taken port is told at once."""

from __future__ import annotations

import errno
import socket

from convwise import checks
from convwise.errors import RequestError


def listening_socket(host: str, port: int, *, shared: bool = False, joins: bool = False) -> socket.socket:
    """A socket bound to this host and port; the server listens on it.

    Args:
        host: A name or an address of this machine.
        port: The port, 1 to 65,535, or 0 for one that is free.
        shared: Whether other processes of this user may bind the same port, and the system deals connections out.
        joins: Whether it is one of those; without, a port on which others listen already is taken.

    Returns:
        The bound socket.

    Raises:
        RequestError: the port is taken or not allowed, or the host is not of this machine.

    Example:
        >>> from convwise.http_core.listening import listening_socket, place_of
        >>> with listening_socket("127.0.0.1", 0) as opened:
        ...     print(place_of(opened).rpartition(":")[0])
        http://127.0.0.1
    """
    checks.whole("port", port, 0, 65_535)
    if shared and not joins:
        # A port that another server's processes share could be shared with them: two networks would answer by turns.
        listening_socket(host, port).close()
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise RequestError(f"host={host}: no such address; give one of this machine, such as 127.0.0.1") from None
    family, kind, protocol, _, address = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        if shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(address)
    except OSError as problem:
        opened.close()
        raise _refused(host, port, problem) from None
    return opened


def place_of(opened: socket.socket) -> str:
    """The address of the root page: `http://127.0.0.1:8000`."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _refused(host: str, port: int, problem: OSError) -> RequestError:
    if problem.errno == errno.EADDRINUSE:
        return RequestError(f"port={port}: it is taken; give another, or 0 for one that is free")
    if problem.errno == errno.EACCES:
        return RequestError(f"port={port}: this user may not open it; give one above 1023")
    return RequestError(f"host={host}: it is no address of this machine; give one that is, such as 127.0.0.1")
