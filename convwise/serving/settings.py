"""ServeSettings: how an export is served, beside the limits that bound every client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from convwise import checks
from convwise.errors import RequestError
from convwise.http_core.access import LOOPBACK, Access, host_name, is_loopback
from convwise.http_core.limits import Limits
from convwise.records import record_of

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""What is answered without the token: whoever watches over the server has none."""


@dataclass(frozen=True)
class ServeSettings:
    """How an export is served.

    Args:
        host: The address to listen on; other machines reach only one that is no loopback.
        port: The port, 1 to 65,535, or 0 for one that is free.
        token: What clients must send, 8 to 256 letters, digits and `._~-`; nothing if None.
        insecure: Whether other machines may ask without a token.
        allow_hosts: Further host names under which the server answers.
        workers: Processes that share the port, 1 to 256.
        threads: Threads of each process for a batch, 1 to 256.
        most_waiting: Pictures that wait or are worked on at a time in each process, 1 to 100,000.
        most_batch: Pictures that go through the network at a time, 1 to 1,024.
        quiet: Whether requests are not logged; errors are.
        limits: What one client may take.

    Raises:
        RequestError: a value is out of its range, or other machines could ask without a token.

    Example:
        >>> from convwise.serving.settings import ServeSettings
        >>> ServeSettings(port=0).access.hosts
        ('localhost', '127.0.0.1', '::1')
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = field(default=None, repr=False)
    insecure: bool = False
    allow_hosts: tuple[str, ...] = ()
    workers: int = 1
    threads: int = 1
    most_waiting: int = 256
    most_batch: int = 32
    quiet: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        checks.text("host", self.host)
        checks.whole("port", self.port, 0, 65_535)
        for name, most in (("workers", 256), ("threads", 256), ("most_waiting", 100_000), ("most_batch", 1024)):
            checks.whole(name, getattr(self, name), 1, most)
        if self.most_waiting < self.limits.most_files:
            raise RequestError(
                f"most_waiting={self.most_waiting}: a request may bring most_files={self.limits.most_files} pictures; "
                "let as many wait, or allow fewer"
            )
        for name in self.allow_hosts:
            if not host_name(name) or host_name(name) != name.lower().strip("[]").rstrip("."):
                raise RequestError(
                    f"allow_hosts={name}: name a host alone, such as proxy.example, without scheme and port"
                )
        _ = self.access
        if self.token is None and not self.insecure and not is_loopback(self.host):
            raise RequestError(
                f"host={self.host}: other machines could ask without a token; give token=TOKEN, or insecure=True where "
                "the network keeps them away"
            )

    @property
    def access(self) -> Access:
        """Who may ask: on a loopback address under its names alone, elsewhere under any unless names are given."""
        names = tuple(host_name(name) for name in self.allow_hosts)
        hosts = (*LOOPBACK, self.host.strip("[]").lower(), *names) if is_loopback(self.host) or names else None
        hosts = None if hosts is None else tuple(dict.fromkeys(hosts))
        return Access(hosts, self.token, OPEN_PATHS, cookie=f"convwise-{self.port}")

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """From the values of JSON. Raises RequestError, naming the key."""
        return record_of(cls, values)
