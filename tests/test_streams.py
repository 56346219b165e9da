"""Closed, full and narrow streams, through a real process: a line or a quiet exit, never a traceback."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from importlib.util import find_spec

import pytest

_CONVWISE = f"{shlex.quote(sys.executable)} -m convwise"
_NO_UTF8 = "PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 LC_ALL=POSIX"


def in_a_shell(command: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        ["bash", "-c", command.replace("convwise", _CONVWISE, 1)],
        env=environment, capture_output=True, text=True, timeout=120, check=False, errors="surrogateescape",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("convwise guide > /dev/full", 1, "convwise: standard output cannot be written: No space left on device"),
        ("convwise --help > /dev/full", 1, "convwise: standard output cannot be written: No space left on device"),
        ("convwise guide --json > /dev/full", 1, "convwise: standard output cannot be written"),
        ("convwise guide --json >&-", 1, "convwise: standard output is closed: nothing can be printed"),
        ("convwise train /nowhere >&-", 2, "convwise: DATA /nowhere: there is no such folder"),
        ("convwise train /nowhere > /dev/full", 2, "convwise: DATA /nowhere: there is no such folder"),
        ("convwise guide --json >&- 2>&-", 1, ""),
        ("convwise train /nowhere 2>&-", 2, ""),
        ("convwise train /nowhere 2> /dev/full", 2, ""),
        ("convwise guide 0<&- > /dev/null", 0, ""),
        ("convwise guide --json | true; exit ${PIPESTATUS[0]}", 1, ""),
    ],
)
def test_a_stream_that_takes_nothing_ends_in_one_line_or_in_silence(command: str, code: int, says: str) -> None:
    done = in_a_shell(command)
    assert (done.returncode, done.stderr.count("\n")) == (code, 1 if says else 0), done.stderr
    assert done.stderr.startswith(says)


@pytest.mark.parametrize("setting", ["PYTHONIOENCODING=latin-1", "PYTHONIOENCODING=ascii", _NO_UTF8])
@pytest.mark.parametrize("command", ["data list", "guide dilation_rate", "data check -- caf\xe9"])
def test_what_the_encoding_has_not_is_written_in_ascii(setting: str, command: str) -> None:
    done = in_a_shell(f"{setting} convwise {command}")
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if "check" in command else 0)
    if "latin-1" not in setting:
        (done.stdout + done.stderr).encode("ascii")


@pytest.mark.parametrize("setting", ["PYTHONIOENCODING=latin-1", "PYTHONIOENCODING=ascii", _NO_UTF8])
def test_json_stays_json(setting: str) -> None:
    plain, degraded = (in_a_shell(f"{extra} convwise guide --json").stdout for extra in ("", setting))
    assert json.loads(degraded) == json.loads(plain)


@pytest.mark.parametrize("backend", ["torch", "jax", "nope", "numpy"])
def test_a_backend_that_is_not_there_is_one_line(backend: str) -> None:
    if find_spec(backend) and backend != "numpy":
        pytest.skip(f"{backend} is installed here")
    done = in_a_shell(f"KERAS_BACKEND={backend} convwise explain simple")
    assert done.returncode == 2
    assert done.stderr.startswith(f"convwise: KERAS_BACKEND={backend}: ")
    assert done.stderr.count("\n") == 1


def test_an_empty_backend_means_kerass_own_choice() -> None:
    assert "not installed" not in in_a_shell("KERAS_BACKEND= convwise doctor").stdout
