"""The tutorial's notebook: it is what its script writes, it runs, and its stored outputs are those of an execution."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/tutorial/first-network.ipynb"
sys.path.insert(0, str(ROOT / "docs/tutorial"))


def outputs(cell: Any) -> list[tuple[str, ...]]:
    """What kinds of outputs a cell has, in order."""
    return [(each["output_type"], *sorted(each.get("data", ()))) for each in cell.get("outputs", [])]


def text_of(notebook: Any, kind: str) -> str:
    found = [
        each["data"].get(kind, "") for cell in notebook["cells"] for each in cell.get("outputs", []) if "data" in each
    ]
    return "".join("".join(each) for each in found)


def test_it_is_what_its_script_writes_and_holds_no_place_of_a_machine() -> None:
    from make_notebook import CELLS

    stored = json.loads(PAGE.read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in stored["cells"]] == list(CELLS)
    assert all(cell["outputs"] for cell in stored["cells"] if cell["cell_type"] == "code")
    text = PAGE.read_text(encoding="utf-8")
    assert not re.search(r"/tmp/|/home/|/root/|/Users/|0x[0-9a-f]{8}|stderr", text)
    assert all(cell["metadata"] == {} for cell in stored["cells"])


@pytest.mark.extras
def test_it_runs_and_answers_as_it_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("nbclient", "nbformat", "ipykernel"):
        pytest.importorskip(package, reason=f"{package} is not installed: make test-extras")
    from make_notebook import executed

    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    made = executed(tmp_path)
    stored = json.loads(PAGE.read_text(encoding="utf-8"))
    assert [outputs(cell) for cell in made.cells] == [outputs(cell) for cell in stored["cells"]]
    assert len(text_of(made, "text/html")) > 20_000
    accuracy = re.search(r"([\d.]+)\xa0% \([\d.]+ to [\d.]+\xa0%\) of 400 test images", text_of(made, "text/html"))
    assert accuracy
    assert float(accuracy[1]) > 40  # eight classes: guessing gives 12.5
    assert (tmp_path / "runs/first/report.html").stat().st_size > 100_000
