"""A study's folder: trials are kept whole, one writer at a time, the result last."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.study.folder import StudyFolder
from convwise.study.trials import Outcome, failed
from tests.tampering import OLD_RECORDS, values_of


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    path = tmp_path / "study"
    path.mkdir()
    (path / "study.json").write_text('{"seed": 1}')
    return StudyFolder.open(path)


def test_outcomes_come_back_as_they_were(folder: StudyFolder) -> None:
    outcomes = [Outcome("screen/0/01", "done", accuracy=93.5, weights=7), failed("screen/0/02", "diverged")]
    for outcome in outcomes:
        folder.append(outcome)
    assert list(folder.outcomes().values()) == outcomes


def test_a_half_written_line_is_cut_off_and_written_again(folder: StudyFolder) -> None:
    first, second = Outcome("a", "done", accuracy=1.0), Outcome("b", "done", accuracy=2.0)
    folder.append(first)
    folder.append(second)
    journal = folder.path / "trials.jsonl"
    journal.write_bytes(journal.read_bytes()[:-9])
    assert list(folder.outcomes()) == ["a"]
    folder.mend()
    folder.append(second)
    assert list(folder.outcomes().values()) == [first, second]


def test_the_first_of_two_records_of_a_trial_stands(folder: StudyFolder) -> None:
    folder.append(Outcome("a", "done", accuracy=1.0))
    folder.append(Outcome("a", "done", accuracy=2.0))
    assert folder.outcomes()["a"].accuracy == 1.0


def test_no_study_and_no_result_are_told_apart(folder: StudyFolder, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no study in this folder"):
        StudyFolder.open(tmp_path / "nowhere")
    with pytest.raises(RequestError, match="--resume"):
        _ = folder.result
    result = values_of(OLD_RECORDS / "study" / "result.json")
    folder.finish(result)
    assert folder.result == result


def test_a_full_disk_is_one_line(folder: StudyFolder) -> None:
    (folder.path / "trials.jsonl").symlink_to("/dev/full")
    with pytest.raises(ConvwiseError, match="the disk is full"):
        folder.append(Outcome("a", "done"))


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
