"""The suite finds what is put into the code on purpose, in every kind; and where nothing is, it finds nothing there."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.hostile.cases import Case, Material
from tests.hostile.contract import faults_of
from tests.hostile.kinds import KINDS
from tests.hostile.outcome import Fault, Outcome
from tests.hostile.plants import PLANTS
from tests.hostile.pool import Result, WarmProcess
from tests.hostile.surroundings import look

_MOST = 40  # cases after which a planted fault must have been found


def test_there_is_a_plant_for_every_kind() -> None:
    assert {plant.kind for plant in PLANTS.values()} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, plant in PLANTS.items() if plant.sort != "hang"])
def test_a_planted_fault_is_found_and_named(name: str, warm: WarmProcess) -> None:
    _found(name, warm)


@pytest.mark.slow
def test_a_planted_hang_is_found_with_the_place_where_it_hangs(material: Material, tmp_path: Path) -> None:
    """One after another: each time a new process has taken the place of the one that hung."""
    with WarmProcess(material, tmp_path, limit_s=2) as process:
        for name in [name for name, plant in PLANTS.items() if plant.sort == "hang"]:
            assert "plants.py" in _first(name, process)[1].detail
        assert process.run("command_lines", 1, 0).exit_code is not None


def _found(name: str, process: WarmProcess) -> None:
    """The planted fault is found and told, and the same case alone gives it again."""
    result, fault = _first(name, process)
    again = process.run(result.kind, 1, result.number, plant=name)
    assert fault.sort in {each.sort for each in again.faults}
    assert again.argv == result.argv


def _first(name: str, process: WarmProcess) -> tuple[Result, Fault]:
    """The first case that finds the planted fault, told with the command that shows it again."""
    plant = PLANTS[name]
    for number in range(_MOST):
        result = process.run(plant.kind, 1, number, plant=name)
        for fault in result.faults:
            if fault.sort == plant.sort:
                assert f"--kind {plant.kind} --seed 1 --case {number}" in result.report()
                return result, fault
    raise AssertionError(f"{name}: no {plant.sort} in {_MOST} cases of {plant.kind}")


def test_a_module_that_is_imported_meanwhile_has_the_original_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from convwise.images import walking

    original, imported = walking.walk, ModuleType("convwise.imported_meanwhile")
    with PLANTS["walk-drops-a-file"].planted():
        imported.walk = walking.walk  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, imported.__name__, imported)
        assert walking.walk is not original
    assert walking.walk is original
    assert imported.walk is original


_FINE = Case(("guide",))
_JSON = Case(("data", "check", "data", "--json"), n_entries=3)
_COUNTS = b'{"n_images": 1, "unreadable": [{"path": "a"}], "ignored": %d}'


@pytest.mark.parametrize(
    ("case", "outcome", "sorts"),
    [
        (_FINE, Outcome(0, b"all is well\n", b""), set()),
        (_FINE, Outcome(2, b"", b"a note\nconvwise: data=x: it is wrong\n"), set()),
        (_FINE, Outcome(2, b"", b""), {"complaint"}),
        (_FINE, Outcome(2, b"", b"convwise: one\nand more\n"), {"complaint"}),
        (_FINE, Outcome(2, b"", b"convwise: one\nconvwise: two\n"), {"complaint"}),
        (_FINE, Outcome(3, b"", b"convwise: one\n"), {"exit code"}),
        (_FINE, Outcome(1, b"", b'Traceback (most recent call last):\n  File "x", line 1, in y\nKeyError'),
        {"traceback"}),
        (_FINE, Outcome(None, b"", b"", escaped="Traceback"), {"traceback"}),
        (_FINE, Outcome(0, b"\x1b[31m", b""), {"control character"}),
        (_FINE, Outcome(0, b"caf\xe9", b""), {"control character"}),
        (_FINE, Outcome(0, "\u202e".encode(), b""), {"control character"}),
        (Case(("x",), after_newline=("zq",)), Outcome(0, b"name\nzq\n", b""), {"control character"}),
        (Case(("x",), exits=frozenset({0})), Outcome(1, b"", b"convwise: no\n"), {"exit code"}),
        (Case(("x",), ascii_only=True), Outcome(0, "é".encode(), b""), {"encoding"}),
        (_FINE, Outcome(1, b"", b"convwise: out of memory\n"), {"memory"}),
        (_FINE, Outcome(0, b"", b"libpng warning: x\n"), {"library"}),
        (_FINE, Outcome(0, b"", b"", written_elsewhere=("/etc/x",)), {"wrote elsewhere"}),
        (_JSON, Outcome(0, _COUNTS % 1, b""), set()),
        (_JSON, Outcome(0, _COUNTS % 0, b""), {"vanished"}),
        (_JSON, Outcome(0, _COUNTS % 2, b""), {"vanished"}),
        (_JSON, Outcome(0, b"[NaN]", b""), {"json"}),
        (_JSON, Outcome(0, b"{} {}", b""), {"json"}),
        (Case(_JSON.argv, n_entries=2, n_passed_over=1), Outcome(0, _COUNTS % 1, b""), set()),
        (Case(_JSON.argv, n_entries=3, refused=("a",)), Outcome(0, _COUNTS % 1, b""), set()),
        (Case(_JSON.argv, n_entries=3, refused=("b",)), Outcome(0, _COUNTS % 1, b""), {"incomplete picture"}),
    ],
)  # fmt: skip
def test_each_breach_of_the_contract_has_a_name(case: Case, outcome: Outcome, sorts: set[str], tmp_path: Path) -> None:
    assert {fault.sort for fault in faults_of(case, outcome, tmp_path, {}, {})} == sorts


@pytest.mark.parametrize(
    ("path", "sorts"),
    [
        ("home/scans/x.npz", set()), ("runs/one/settings.json", set()), ("out/settings.json", set()),
        ("home/data/shapes/a", set()),
        ("x", {"wrote elsewhere"}), ("home/x", {"wrote elsewhere"}), ("home/data/x", {"wrote elsewhere"}),
        ("home/data/tmp~vm~1~a/x", {"wrote elsewhere", "left behind"}), ("home/scans/tmp~vm~1~a", {"left behind"}),
        ("out/run.json", {"left behind"}), ("tmp/x", {"left behind"}), ("runs/.one.12.part/x", {"left behind"}),
    ],
)  # fmt: skip
def test_what_is_left_behind_is_seen(path: str, sorts: set[str], tmp_path: Path) -> None:
    place = tmp_path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    before = {
        name: value
        for name, value in look(tmp_path).items()
        if name in ("home", "home/data", "home/scans", "out", "tmp")
    }
    place.write_text("x")
    faults = faults_of(Case(("x",), may_write=("out",)), Outcome(0, b"", b""), tmp_path, before, look(tmp_path))
    assert {fault.sort for fault in faults} == sorts


def test_a_changed_input_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").write_text("1")
    before = look(tmp_path)
    (tmp_path / "a").write_text("12")
    (tmp_path / "b").unlink()
    faults = faults_of(_FINE, Outcome(0, b"", b""), tmp_path, before, look(tmp_path))
    assert {(fault.sort, fault.detail) for fault in faults} == {("changed input", "a"), ("changed input", "b")}
