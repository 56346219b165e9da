"""Limits: how much of this machine a client may take; each has a default, and a flag where a command serves."""

from __future__ import annotations

from dataclasses import dataclass

from convwise import checks

_MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """How much of this machine a client may take.

    Args:
        most_bytes: Largest body of a request, in bytes, 1 to 4 GiB.
        most_files: Largest number of pictures in a request, 1 to 10,000.
        most_pixels: Largest picture, width times height, 1 to 65,535 squared.
        most_held_bytes: Bytes of the bodies of all requests that are held at a time, at least `most_bytes`.
        most_connections: Connections open at a time, 1 to 100,000.
        header_seconds: How long the head of a request may take, 0.1 to 3,600 s.
        body_seconds: How long its body may take, and how long a client may take nothing of an answer, 0.1 to 3,600 s.
        idle_seconds: How long a connection without a request stays open, 0.1 to 3,600 s.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.http_core.limits import Limits
        >>> Limits(most_files=8).most_files
        8
    """

    most_bytes: int = 64 * _MIB
    most_files: int = 64
    most_pixels: int = 50_000_000
    most_held_bytes: int = 256 * _MIB
    most_connections: int = 512
    header_seconds: float = 10.0
    body_seconds: float = 30.0
    idle_seconds: float = 20.0

    def __post_init__(self) -> None:
        checks.whole("most_bytes", self.most_bytes, 1, 4096 * _MIB)
        checks.whole("most_files", self.most_files, 1, 10_000)
        checks.whole("most_pixels", self.most_pixels, 1, 65_535**2)
        checks.whole("most_held_bytes", self.most_held_bytes, self.most_bytes)
        checks.whole("most_connections", self.most_connections, 1, 100_000)
        for name in ("header_seconds", "body_seconds", "idle_seconds"):
            checks.number(name, getattr(self, name), 0.1, 3600)
