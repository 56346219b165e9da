"""docs/architecture.md is true: its rooms, floors and tree are the package's, its walks are those of real runs."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tests.walks import PACKAGE, layers

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """What stands below a heading of the second level."""
    return re.split(r"^## ", PAGE.partition(f"\n## {title}\n")[2], flags=re.M)[0]


def test_the_tree_has_a_line_for_every_module_from_its_docstring() -> None:
    """Else run `python docs/make_tree.py`."""
    drawn = runpy.run_path(str(ROOT / "docs/make_tree.py"))
    assert drawn["page"]() == PAGE
    lines = drawn["tree"]()
    assert len(lines) == sum(1 for _ in PACKAGE.rglob("*.py"))
    assert [line for line in lines if len(line.split()) < 3] == []


def test_the_floors_are_those_of_the_import_contract_in_its_order() -> None:
    rows = [line.split("|")[2] for line in section("Floors").splitlines() if re.match(r"\| \d+ \|", line)]
    assert [re.findall(r"`(\w+)`", row) for row in rows] == layers()


def test_every_room_is_named() -> None:
    """Every package at the top, and every module beside them."""
    rooms = {path.stem for path in PACKAGE.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    on_floors = {room for floor in layers() for room in floor}
    others = set(re.findall(r"`(\w+)`", section("Floors").partition("\n\nOutside")[2]))
    assert sorted(rooms - on_floors - others) == []


@pytest.mark.slow
def test_each_walk_is_the_one_that_a_real_run_takes(tmp_path: Path) -> None:
    """Traced in one process of its own; else put down what `python tests/walks.py image` prints."""
    titles = {"image": "an image", "prediction": "a prediction", "question": "a question"}
    environment = {**os.environ, "CONVWISE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/walks.py"), *titles],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    printed = re.split(r"^(\w+): (\d+) files, (\d+) steps back up$", done.stdout, flags=re.M)[1:]
    assert printed[::4] == list(titles)
    for title, *counts, traced in zip(titles.values(), *(printed[i::4] for i in range(1, 4)), strict=True):
        text = section(f"The walk of {title}")
        files = r"^{}([\w/]+\.py){}( ↑)?{}$"
        assert re.findall(files.format(r"\d+\. `", "`", ":.*"), text, flags=re.M) == re.findall(
            files.format("", "", ""), traced, flags=re.M
        )
        said = re.search(r"(\d+) files, (\d+) steps back up", text)
        assert said is not None
        assert list(said.groups()) == counts
