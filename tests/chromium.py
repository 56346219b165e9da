"""A headless Chromium for the tests of pages; without one they are skipped, saying why."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def program() -> str | None:
    """The browser's program: the one that CONVWISE_TEST_CHROMIUM names, or the first on the path."""
    named = os.environ.get("CONVWISE_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A browser of its own. Skips, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-extras")
    found = program()
    if found is None:
        pytest.skip("there is no Chromium on the path, nor one that CONVWISE_TEST_CHROMIUM names: make test-extras")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, headless=True, args=_FLAGS)
        try:
            yield opened
        finally:
            opened.close()
