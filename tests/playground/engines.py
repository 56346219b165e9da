"""Where the JavaScript runs: Chromium, with the page as a user opens it from disk; and node, where it is there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from convwise.playground.bundle import bundle, read_modules
from convwise.playground.facts import generated_modules

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def chromium() -> str | None:
    """The browser's program: the one that CONVWISE_TEST_CHROMIUM names, or the first on the path."""
    named = os.environ.get("CONVWISE_TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A browser of its own. Skips, with the reason, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: make test-extras")
    program = chromium()
    if program is None:
        pytest.skip("there is no Chromium on the path, nor one that CONVWISE_TEST_CHROMIUM names: make test-extras")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=program, headless=True, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def by_node(cases: Sequence[dict[str, Any]], folder: Path) -> list[Any]:
    """The engine's answers, by node. Skips where there is none."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here; the browser tests (make test-extras) check the same")
    script = bundle({**read_modules(), **generated_modules()}, "engine.js")
    (folder / "engine.js").write_text(script + _RUNNER, encoding="utf-8")
    (folder / "cases.json").write_text(json.dumps(list(cases)), encoding="utf-8")
    done = subprocess.run([node, "engine.js"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[Any] = json.loads(done.stdout)
    return answers


_RUNNER = """
const fs = require("fs");
process.stdout.write(JSON.stringify(globalThis.convwiseAnswers(JSON.parse(fs.readFileSync("cases.json", "utf8")))));
"""
