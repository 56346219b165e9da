"""Headers: those of a request by name, and those that keep each of our answers to itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import cookie_parser

NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of an answer that is no page."""

_SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_POLICY = b"content-security-policy"


def header(scope: Any, name: bytes) -> str:
    """The header's text in lower-case `name`; "" where there is none, or where it comes twice and says two things."""
    found = {value for key, value in scope["headers"] if key == name}
    return found.pop().decode("latin-1") if len(found) == 1 else ""


def cookies(scope: Any) -> dict[str, str]:
    """A request's cookies. Python's own reader finds none where one of them, such as another server's, is odd."""
    return cookie_parser(header(scope, b"cookie"))


def secured(headers: Sequence[tuple[bytes, bytes]], policy: str = NOTHING) -> list[tuple[bytes, bytes]]:
    """These headers and the security headers; a Content-Security-Policy of the answer's own stands."""
    own = {name.lower() for name, _ in headers}
    added = [pair for pair in _SECURITY if pair[0] not in own]
    if _POLICY not in own:
        added.append((_POLICY, policy.encode("latin-1")))
    return [*headers, *added]
