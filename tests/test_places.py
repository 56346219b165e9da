"""Places that cannot be: one line, before anything is done."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from convwise.errors import RequestError
from convwise.places import file_to_write, folder_to_fill, folder_to_make, kind_of, named
from tests.permissions import closed

Check = Callable[[Path | str, str], Path]


@pytest.mark.parametrize("check", [file_to_write, folder_to_fill, folder_to_make])
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("a\0b", "zero byte"),
        ("~nosuchuser/x.csv", "no such user"),
        ("n" * 300, "file name too long"),
        ("deep/" * 1500, r"deep/\.\.\. \(7\d\d\d characters\).*too long"),
        ("{tmp}/file/below", "no folder"),
        ("{tmp}/shut/x/y", "permission denied"),
        ("{tmp}/bare/x", r"nothing can be written to .*bare \(permission denied\)"),
        ("/dev/null/x", "no folder"),
        ("{tmp}/loop/x", "too many levels"),
    ],
)
def test_an_impossible_place_is_refused_in_one_line(tmp_path: Path, check: Check, path: str, says: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "shut").mkdir()
    (tmp_path / "bare").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.iterdir())
    with closed(tmp_path / "shut", tmp_path / "bare"):
        (tmp_path / "bare").chmod(0o555)
        with pytest.raises(RequestError, match=says) as caught:
            check(path.format(tmp=tmp_path), "out")
    assert str(caught.value).startswith("out=")
    assert len(str(caught.value)) < 400
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("check", "path", "says"),
    [
        (file_to_write, "", "it is a folder"),
        (file_to_write, "pipe", "it is a device"),  # a file of that name would take its place
        (file_to_write, "new/x.csv", "there is no folder"),
        (folder_to_fill, "file", "is no folder"),
    ],
)
def test_what_is_there_must_be_of_the_right_kind(tmp_path: Path, check: Check, path: str, says: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RequestError, match=says):
        check(tmp_path / path, "out")


def test_what_can_be_written_is_not_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    assert file_to_write(tmp_path / "file", "csv") == tmp_path / "file"
    assert file_to_write(tmp_path / "new", "csv") == tmp_path / "new"
    for check in (folder_to_fill, folder_to_make):
        assert check(tmp_path / "a/b/c", "out") == tmp_path / "a/b/c"
        assert check(tmp_path, "out") == tmp_path
    assert (tmp_path / "file").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_home_folder_is_known_and_a_file_may_be_called_after_a_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert named("~/x", "out") == tmp_path / "x"
    monkeypatch.chdir(tmp_path)
    Path("~nosuchuser").touch()
    assert named("~nosuchuser", "out") == Path("~nosuchuser")


def test_kinds(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    (tmp_path / "broken").symlink_to("nowhere")
    kinds = {name: kind_of(tmp_path / name, "x") for name in ("", "file", "pipe", "broken", "none", "file/below")}
    assert kinds == {"": "folder", "file": "file", "pipe": "special", "broken": None, "none": None, "file/below": None}
