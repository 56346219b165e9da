"""What keeps a page of ours to itself: a Content-Security-Policy that allows its own script and style, and no other."""

from __future__ import annotations

import base64
import hashlib


def policy(script: str, style: str, *, images: str = "data:", workers: str = "") -> str:
    """The policy of a page with just this text in its script and this in its style, and no connection to anywhere.

    `images`, `workers`: from where these may come, in the words of the policy; nothing for "".
    """
    own = f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src {images}"
    return f"{own}; {f'worker-src {workers}; ' if workers else ''}base-uri 'none'; form-action 'none'"


def verbatim(text: str, end: str) -> str:
    """Our own script or style as it is. Raises ValueError where it would end its element, such as at `</script`."""
    if end in text.lower() or "<!--" in text:
        raise ValueError(f"the text holds {end!r} or a comment of HTML and cannot stand in the page")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
