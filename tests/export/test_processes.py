"""Work in a process of its own comes back as an answer or as the error that it was."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.export.processes import answer_of

CHILD = """
import os, sys
from convwise.errors import ConvwiseError, RequestError
from convwise.export.processes import carry_out
def work(asked):
    print("a line of a library")
    exec(asked["code"])
    return {"twice": 2 * asked["number"], "environment": os.environ["ASKED"]}
carry_out(work)
"""


def child(code: str = "") -> dict[str, Any]:
    return answer_of(["-c", CHILD], {"number": 21, "code": code}, what="the work", ASKED="yes")


def test_an_answer_comes_back_whatever_libraries_print() -> None:
    assert child() == {"twice": 42, "environment": "yes"}


@pytest.mark.parametrize("kind", [RequestError, ConvwiseError])
def test_an_error_comes_back_as_the_kind_that_it_was(kind: type[ConvwiseError]) -> None:
    with pytest.raises(kind) as problem:
        child(f"raise {kind.__name__}('number=21: no')")
    assert type(problem.value) is kind
    assert str(problem.value) == "number=21: no"


def test_a_full_disk_comes_back_as_one() -> None:
    with pytest.raises(OSError, match="No space") as problem:
        child("raise OSError(28, 'No space left on device')")
    assert problem.value.errno == errno.ENOSPC


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("os.kill(os.getpid(), 9)", r"the work failed: its process was killed \(signal 9\)"),
        ("os._exit(3)", "its process ended with exit code 3"),
        ("raise ValueError('odd')", "exit code 1; .*ValueError: odd"),
    ],
)
def test_a_death_is_told_in_a_line(code: str, told: str) -> None:
    with pytest.raises(ConvwiseError, match=told) as problem:
        child(code)
    assert "\n" not in str(problem.value)
