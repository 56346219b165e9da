"""A study's folder: trials are kept whole, one writer at a time, the result last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.study.folder import StudyFolder
from convwise.study.trials import Outcome, failed, packed
from tests.report.study_cases import KERNEL, result
from tests.study.simulated import factor, request

ANSWERS, OTHERS = (packed(np.array([[p, 1 - p]])) for p in (0.25, 0.75))


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    path = tmp_path / "study"
    path.mkdir()
    (path / "study.json").write_text('{"seed": 1}')
    return StudyFolder.open(path)


def test_outcomes_come_back_as_they_were(folder: StudyFolder) -> None:
    outcomes = [Outcome("0/unchanged", "done", answers=ANSWERS, weights=7), failed("0/padding=valid", "diverged")]
    for outcome in outcomes:
        folder.append(outcome)
    assert list(folder.outcomes().values()) == outcomes


def test_a_half_written_line_is_cut_off_and_written_again(folder: StudyFolder) -> None:
    first, second = Outcome("a", "done", answers=ANSWERS), Outcome("b", "done", answers=OTHERS)
    folder.append(first)
    folder.append(second)
    journal = folder.path / "trials.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    assert list(folder.outcomes()) == ["a"]
    folder.mend()
    folder.append(second)
    assert list(folder.outcomes().values()) == [first, second]


def test_the_first_of_two_records_of_a_trial_stands(folder: StudyFolder) -> None:
    folder.append(Outcome("a", "done", answers=ANSWERS))
    folder.append(Outcome("a", "done", answers=OTHERS))
    assert folder.outcomes()["a"].answers == ANSWERS


def test_no_study_and_no_result_are_told_apart(folder: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no study in this folder"):
        StudyFolder.open(tmp_path / "nowhere")
    with pytest.raises(RequestError, match="--resume"):
        _ = folder.result
    found = result(KERNEL)
    folder.finish(found.to_dict())
    assert folder.result == found
    assert folder.result.folder == folder.path


def test_a_quick_look_is_kept_where_more_time_asks_anew_and_a_result_is_made_again(folder: StudyFolder) -> None:
    quick, whole = result(KERNEL, quick=True), result(KERNEL)
    assert folder.quick_look is None
    folder.finish(quick.to_dict())
    more = request(factor("kernel_size"), runs=300)
    folder.ask_anew(more.to_dict())
    assert (folder.complete, folder.quick_look) == (False, quick)
    assert folder.request == more
    folder.finish(whole.to_dict())
    folder.ask_anew(more.to_dict())
    assert (folder.complete, folder.quick_look) == (False, quick)


def test_a_full_disk_is_one_line(folder: StudyFolder) -> None:
    (folder.path / "trials.jsonl").symlink_to("/dev/full")
    with pytest.raises(ConvwiseError, match="the disk is full"):
        folder.append(Outcome("a", "done", answers=ANSWERS))


def test_a_second_process_is_turned_away(folder: StudyFolder) -> None:
    code = (
        "import sys\nfrom convwise.study.folder import StudyFolder\n"
        "from convwise.errors import RequestError\n"
        "try:\n    with StudyFolder.open(sys.argv[1]).locked(): print('in')\n"
        "except RequestError as problem: print(problem)"
    )
    with folder.locked():
        answer = subprocess.run([sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True)
        assert "another process" in answer.stdout
    answer = subprocess.run([sys.executable, "-c", code, str(folder.path)], capture_output=True, text=True)
    assert answer.stdout.strip() == "in"
