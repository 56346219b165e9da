"""One process at a time works on a run or a study, and a dead one on none."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.locks import held, locked

_HOLD = """
import sys, pathlib, time
from convwise.locks import locked
with locked(pathlib.Path(sys.argv[1]), "run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the folder."""
    process = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    with process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_what_another_process_works_on_is_refused_until_that_dies(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with (
        pytest.raises(RequestError, match=r"run=.*: another process is working on it; wait for it"),
        locked(tmp_path, "run"),
    ):
        pass
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with locked(tmp_path, "run"):
        pass


def test_it_is_free_again_afterwards_whatever_happened(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyError), locked(tmp_path, "study"):
            raise KeyError


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConvwiseError, match="cannot be written: No such file"), locked(tmp_path / "gone", "run"):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists locks")
def test_whether_a_folder_is_worked_on_is_seen_without_taking_its_lock(tmp_path: Path) -> None:
    assert held(tmp_path) is False
    with locked(tmp_path, "run"):
        assert held(tmp_path) is True
    assert held(tmp_path) is False
    with locked(tmp_path, "run"):  # nobody looked by locking
        pass


def test_where_the_system_lists_no_locks_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convwise.locks._LISTED", tmp_path / "none")
    with locked(tmp_path, "run"):
        assert held(tmp_path) is None
