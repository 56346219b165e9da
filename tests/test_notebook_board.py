"""Progress in a notebook: one output, renewed a few times a second, however long the training."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
from rich.console import Console

from convwise import notebook_board, progress


class Outputs:
    """IPython's `display`, as far as it matters: how many outputs there are, and what they were renewed with."""

    def __init__(self) -> None:
        self.n = 0
        self.contents: list[dict[str, str]] = []

    def display(self, content: dict[str, str], *, raw: bool, display_id: bool) -> Outputs:
        assert raw
        assert display_id
        self.n += 1
        self.contents.append(content)
        return self

    def update(self, content: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.contents.append(content)


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    found = Outputs()
    module = ModuleType("IPython.display")
    module.display = found.display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    monkeypatch.setitem(sys.modules, "IPython", ModuleType("IPython"))
    clock = iter(range(10**9))
    monkeypatch.setattr(notebook_board.time, "monotonic", lambda: next(clock) / 100)

    def console(**options: Any) -> Console:
        return Console(stderr=True, force_jupyter=True, quiet=options.get("quiet", False))

    monkeypatch.setattr(progress, "Console", console)
    return found


def row(epoch: int) -> dict[str, float]:
    return {"epoch": epoch, "loss": 0.5, "accuracy": 0.9, "learning_rate": 1e-3, "seconds": 1.0}


def test_a_long_training_is_one_output_of_a_few_lines(outputs: Outputs, capsys: pytest.CaptureFixture[str]) -> None:
    with progress.training_hooks(None, quiet=False) as hooks:
        hooks.note("3 classes <b>")
        for epoch in range(1, 1001):
            hooks.step(epoch / 1000, epoch)
            hooks.epoch(row(epoch))
    assert outputs.n == 1
    assert len(outputs.contents) < 200
    assert any("<progress value=" in each["text/html"] for each in outputs.contents)
    last = outputs.contents[-1]
    assert "<progress" not in last["text/html"]
    assert last["text/plain"].splitlines()[0] == "3 classes <b>"
    assert "&lt;b&gt;" in last["text/html"]
    assert last["text/plain"].splitlines()[-1].startswith("epoch 1000 ")
    assert len(last["text/plain"].splitlines()) < 10
    assert capsys.readouterr() == ("", "")


def test_a_study_shows_its_blocks_in_the_same_place(outputs: Outputs) -> None:
    with progress.study_hooks(None, quiet=False) as hooks:
        for block in range(3):
            for done in range(40):
                hooks.trial(f"block {block + 1}", done, 40)
    assert outputs.n == 1
    assert any("block 2" in each["text/html"] for each in outputs.contents)


def test_quiet_is_quiet_in_a_notebook_too(outputs: Outputs) -> None:
    with progress.training_hooks(None, quiet=True) as hooks:
        hooks.note("a line")
    assert outputs.n == 0
