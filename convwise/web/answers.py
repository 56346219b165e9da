"""Answers that are pages: under the policy that the page itself names, in nobody's frame, kept by no browser."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from starlette.responses import HTMLResponse

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
_NOTHING = "default-src 'none'"


def answer(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """The page as an answer; a part of a page has no policy and may load nothing by itself."""
    found = _POLICY.search(text, 0, 10_000)
    policy = html.unescape(found[1]) if found else _NOTHING
    own = {
        "content-security-policy": f"{policy}; frame-ancestors 'none'",
        "cache-control": "no-store",
        # With no-referrer, browsers would send a form of ours from the origin "null", which the gate refuses.
        "referrer-policy": "same-origin",
    }
    return HTMLResponse(text, status, {**(headers or {}), **own})
