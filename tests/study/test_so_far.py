"""A study read while another process writes it says what the study itself would have said there."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from convwise.commands.study_so_far import blocks_of
from convwise.study.folder import StudyFolder
from convwise.study.request import Request
from convwise.study.result import StudyResult
from convwise.study.so_far import result_so_far
from tests.study.simulated import request, runner
from tests.study.test_run_study import FACTORS, Formula, studied


@pytest.fixture(autouse=True)
def _any_combination_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["convwise.study.run_study"], "_stands", lambda *of: True)


def cut(folder: StudyFolder, place: Path, n_lines: int) -> StudyFolder:
    """The study as it stood after so many trainings, the next one half-written."""
    lines = (folder.path / "trials.jsonl").read_bytes().splitlines(keepends=True)
    place.mkdir()
    for name in ("study.json", "plan.json"):
        (place / name).write_bytes((folder.path / name).read_bytes())
    half = lines[n_lines][:20] if n_lines < len(lines) else b""
    (place / "trials.jsonl").write_bytes(b"".join(lines[:n_lines]) + half)
    return StudyFolder.open(place)


def so_far(folder: StudyFolder, asked: Request) -> StudyResult | None:
    plan = folder.plan
    assert plan is not None
    before = {each.name: each.read_bytes() for each in folder.path.iterdir() if each.is_file()}
    found = result_so_far(folder, asked, plan, runner())
    assert {each.name: each.read_bytes() for each in folder.path.iterdir() if each.is_file()} == before
    return found


def test_at_its_end_it_is_the_result_and_before_it_grows_by_whole_blocks(tmp_path: Path) -> None:
    asked = request(*FACTORS)
    result = studied(tmp_path / "study", asked)
    assert result.confirmations
    whole = StudyFolder.open(tmp_path / "study")
    assert so_far(whole, asked) == dataclasses.replace(result, folder=None)
    blocks, kinds = [], []
    for n in range(0, result.trainings, 3):
        found = so_far(cut(whole, tmp_path / str(n), n), asked)
        blocks.append(found.blocks if found else 0)
        kinds.append(found.of("kernel_size").kind if found else "")
    assert blocks == sorted(blocks)
    assert blocks[0] == 0
    assert blocks[-1] > 3
    assert kinds.count("undecided") > 1  # a gain is not said before fresh blocks have confirmed it
    assert result.of("kernel_size").kind == "set it"


def test_what_it_says_after_some_blocks_is_what_a_study_of_so_many_trainings_says(tmp_path: Path) -> None:
    """Another way to the same: a study whose budget ends there, whose last look comes at the same block."""
    long, short = request(*FACTORS), request(*FACTORS, runs=12)
    studied(tmp_path / "long", long, Formula(runner(), {}))
    ended = studied(tmp_path / "short", short, Formula(runner(), {}))
    found = so_far(cut(StudyFolder.open(tmp_path / "long"), tmp_path / "cut", ended.trainings), long)
    assert found is not None
    assert found.blocks == ended.blocks
    assert [each.tried and each.tried.effect and each.tried.effect.estimate for each in found.verdicts] == [
        each.tried and each.tried.effect and each.tried.effect.estimate for each in ended.verdicts
    ]


def test_blocks_of_whole_trainings_are_not_those_of_a_quick_look_before(tmp_path: Path) -> None:
    outcomes = StudyFolder.open(Path(__file__).parents[1] / "old_records" / "whole-study").outcomes()
    assert [len(each.done) for each in blocks_of(outcomes, None)] == [6, 6, 6, 2, 2, 2, 2]
    assert [len(each.done) for each in blocks_of(outcomes, 16)] == [6, 6]
    assert [each.number for each in blocks_of(outcomes, None) if each.fresh] == [3, 4, 5, 6]


def test_nothing_of_keras_is_needed_to_watch(tmp_path: Path) -> None:
    code = "import sys, convwise.study.so_far, convwise.commands.study_so_far; print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
