"""Pages opened from disk in a browser that is started once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture
def opened(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a file in a page of its own. At the end: no error in the console, and no request left the machine."""
    heard: list[str] = []
    contexts = []

    def opens(path: Any, *, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:", "blob:")) else heard.append(request.url),
        )
        page.goto(f"file://{path}")
        return page

    yield opens
    for context in contexts:
        context.close()
    assert heard == []
