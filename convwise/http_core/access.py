"""Who may ask: the names under which this server is reached, requests of its own pages, and who knows the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from convwise.errors import RequestError
from convwise.http_core.headers import cookies, header
from convwise.http_core.problems import Problem, wants_page

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine that no other one can be meant by."""

_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{1,5})?")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,256}")


def is_loopback(host: str) -> bool:
    """Whether a server bound to this host is reached from its own machine alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def new_token() -> str:
    """A token that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Access:
    """Who may ask.

    Args:
        hosts: Host names, without a port, that requests may name; any if None. Where there is no token, only these
            names keep a page elsewhere from asking under a name of its own that leads here (DNS rebinding).
        token: What a client must know, 8 to 256 letters, digits and `._~-`; nothing if None.
        open_paths: Paths that need no token.
        cookie: Name of the cookie that holds the token for pages; browsers share cookies between ports.
        advice: What a client without the token is to do, in a sentence.

    Raises:
        RequestError: the token is too short, too long, or holds other characters.

    Example:
        >>> from convwise.http_core.access import LOOPBACK, Access
        >>> Access(hosts=LOOPBACK, token="correct-horse").knows("correct-horse")
        True
    """

    hosts: tuple[str, ...] | None = LOOPBACK
    token: str | None = field(default=None, repr=False)
    open_paths: frozenset[str] = frozenset()
    cookie: str = "convwise"
    advice: str = "a token is needed: Authorization: Bearer TOKEN"

    def __post_init__(self) -> None:
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise RequestError("token=: it must be 8 to 256 letters, digits and . _ ~ -; leave it out for none")

    def check(self, scope: Any) -> None:
        """Raises Problem 403 for a strange host or origin, 401 for a missing or wrong token."""
        host = header(scope, b"host")
        if self.hosts is not None and host_name(host) not in self.hosts:
            raise Problem(403, "this server does not answer under that host name")
        if any(name == b"origin" for name, _ in scope["headers"]):
            _require_own_origin(header(scope, b"origin"), host)
        elif header(scope, b"sec-fetch-site") in ("cross-site", "same-site") and scope["method"] not in _READING:
            raise Problem(403, "requests from pages of other sites are not answered")
        if self.token is None or scope["path"] in self.open_paths:
            return
        if not any(self.knows(given) for given in self._given(scope)):
            raise Problem(401, self.advice, headers={"www-authenticate": "Bearer"})

    def knows(self, given: str) -> bool:
        """Whether that is the token, in a time that does not tell how much of it is right."""
        if self.token is None:
            return False
        return hmac.compare_digest(_digest(given), _digest(self.token))

    def page_without_token(self, scope: Any) -> tuple[str, str] | None:
        """For a page that was opened with the token in its address: (the address without it, the cookie to set).

        The token then stays in no history and no Referer. None where there is nothing to take away.
        """
        query = self._query(scope)
        if self.token is None or not self.knows(query.get("token", "")) or not _is_page(scope):
            return None
        rest = urlencode([pair for pair in _pairs(scope) if pair[0] != "token"])
        # As it was sent: a name may hold what has a meaning in an address, or bytes that are no text.
        path = (scope.get("raw_path") or quote(scope["path"], errors="surrogateescape").encode()).decode("latin-1")
        place = f"/{path.lstrip('/')}{f'?{rest}' if rest else ''}"
        return place, f"{self.cookie}={self.token}; Path=/; HttpOnly; SameSite=Strict"

    def _given(self, scope: Any) -> list[str]:
        kind, _, bearer = header(scope, b"authorization").partition(" ")
        found = [bearer.strip()] if kind.lower() == "bearer" else []
        found.append(header(scope, b"x-token"))
        found.append(cookies(scope).get(self.cookie, ""))
        if scope["method"] in _READING:
            found.append(self._query(scope).get("token", ""))
        return [given for given in found if given]

    @staticmethod
    def _query(scope: Any) -> dict[str, str]:
        return dict(_pairs(scope)) if b"token=" in scope["query_string"] else {}


_READING = ("GET", "HEAD")


def host_name(host: str) -> str:
    """The name in a Host header, in lower case, without port and brackets; "" where there is none."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower().rstrip(".") if found else ""


def _require_own_origin(origin: str, host: str) -> None:
    try:
        place = urlsplit(origin).netloc
    except ValueError:
        place = ""
    if not place or not host or place.lower() != host.lower():
        raise Problem(403, "requests from pages of other sites are not answered")


def _is_page(scope: Any) -> bool:
    return scope["method"] == "GET" and wants_page(header(scope, b"accept"))


def _pairs(scope: Any) -> list[tuple[str, str]]:
    return parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
