"""What keeps a page of ours to itself: a Content-Security-Policy that allows its own script and style, and no other."""

from __future__ import annotations

import base64
import hashlib


def policy(script: str, style: str, *, images: str = "data:", workers: str = "", served: bool = False) -> str:
    """The policy of a page with just this text in its script and this in its style, and no connection to anywhere.

    `images`, `workers`: from where these may come, in the words of the policy; nothing for "". `served`: the page comes
    from a server of ours, whose modules it may load, and which alone it may ask.
    """
    scripts, forms = (f"{_hash(script)} 'self'", "'self'") if served else (_hash(script), "'none'")
    parts = ["default-src 'none'", f"script-src {scripts}", f"style-src {_hash(style)}", f"img-src {images}"]
    parts += [f"worker-src {workers}"] if workers else []
    parts += ["connect-src 'self'"] if served else []
    return "; ".join([*parts, "base-uri 'none'", f"form-action {forms}"])


def verbatim(text: str, end: str) -> str:
    """Our own script or style as it is. Raises ValueError where it would end its element, such as at `</script`."""
    if end in text.lower() or "<!--" in text:
        raise ValueError(f"the text holds {end!r} or a comment of HTML and cannot stand in the page")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"
