"""Where the JavaScript runs besides the browser: node, where it is there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from convwise.playground.bundle import bundle, read_modules
from convwise.playground.facts import generated_modules


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
