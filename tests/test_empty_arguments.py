"""An empty argument, as an unset shell variable gives it, is refused by every verb in one line; nothing is written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import convwise
from convwise import cli
from convwise.errors import RequestError
from convwise.images.datasets import resolve
from tests.hostile.kinds.parser import Option, Verb, verbs
from tests.tampering import OLD_RECORDS

# A right request of each verb, to which an empty argument is added; of others, a word for each argument.
RIGHT = {
    ("data", "add"): ("shapes",),
    ("data", "check"): ("pictures",),
    ("train",): ("pictures",),
    ("evaluate",): ("run",),
    ("predict",): ("run", "pictures"),
    ("report",): ("run",),
    ("explain",): ("simple",),
    ("guide",): ("strides",),
    ("study",): ("pictures",),
}


def requests(verb: Verb) -> list[tuple[str, ...]]:
    positional = [option for option in verb.options if not option.flags]
    right = RIGHT.get(verb.words, tuple("x" for option in positional if option.required))
    flagged = [(*verb.words, *right, option.flags[0], "") for option in verb.options if _takes_text(option)]
    emptied = [(*verb.words, *right[:i], "", *right[i + 1 :]) for i in range(len(positional))]
    return [*flagged, *emptied]


def _takes_text(option: Option) -> bool:
    return bool(option.flags) and option.takes_value


def every_request() -> list[tuple[str, ...]]:
    further = [("train", "--resume", ""), ("study", "--resume", ""), ("study", "report", ""), ("study", "pictures", "")]
    further += [("study", "pictures", "--parameters", ","), ("predict", "run", "pictures", "")]
    return [*further, *(request for verb in verbs() for request in requests(verb))]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty") / "place"
    shutil.copytree(OLD_RECORDS, folder)
    return folder


@pytest.mark.parametrize("request_", every_request(), ids=" ".join)
def test_an_empty_argument_is_refused_in_one_line(
    request_: tuple[str, ...], place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    before = sorted(place.rglob("*"))
    try:
        code = cli.main(list(request_))
    except SystemExit as left:
        code = int(left.code or 0)
    lines = capsys.readouterr().err.splitlines()
    assert code == 2, request_
    assert len(lines) == 1
    assert lines[0].startswith("convwise: ")
    assert sorted(place.rglob("*")) == before


def test_from_python_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    for call in (
        lambda: convwise.train(""),
        lambda: convwise.train("pictures", out=""),
        lambda: convwise.train("pictures", config=""),
        lambda: convwise.train("pictures", from_study=""),
        lambda: convwise.train("pictures", weights="", net="simple"),
        lambda: convwise.evaluate(""),
        lambda: convwise.evaluate("run", data=""),
        lambda: convwise.predict("run", [""]),
        lambda: convwise.explain(""),
        lambda: convwise.explain("simple", figures=""),
        lambda: convwise.study("pictures", parameters=[]),
        lambda: convwise.study("pictures", out=""),
        lambda: resolve(""),
    ):
        with pytest.raises(RequestError):
            call()
