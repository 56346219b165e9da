"""Whole commands on folders and files of every kind: odd names, no permission, impossible places, uneven classes."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convwise import cli
from convwise.evaluation import evaluate
from convwise.names import printable, read_back, shown
from convwise.runs.notes import chance_hint
from convwise.training.recipe import named_recipe
from tests.permissions import closed

QUICK = ["--net", "simple", "--size", "32", "--epochs", "1", "--batch", "8"]
ODD_CLASSES = ("caf\udce9", "\x1b[31mred\nnewline", "猫 [b] \u202e$x_")
ODD_FILES = ("caf\udce9 {}.png", "a\x1b[2J\n{}.png", "ü\x9b{}.png")


def run(*arguments: str | Path) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def fill(folder: Path, classes: tuple[str, ...], names: tuple[str, ...] = ("{}.png",), n: int = 14) -> Path:
    random = np.random.default_rng(0)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            pixels = np.clip(random.normal(60, 30, (32, 32, 3)) + np.eye(3)[number % 3] * 150, 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / names[i % len(names)].format(i))
    return folder


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of odd names below another, and a run on it, in a folder of an odd name."""
    place = tmp_path_factory.mktemp("odd")
    try:
        data = fill(place / "d\udcff\x1b", ODD_CLASSES, ODD_FILES)
    except OSError as problem:
        pytest.skip(f"this file system takes no such names: {problem}")
    assert run("train", data, *QUICK, "--out", place / "run\udce9\n") == 0
    return data, place / "run\udce9\n"


@pytest.mark.parametrize(
    "verb",
    ["data check {data}", "predict {run} {data}", "evaluate {run}", "explain {run}/none", "train --resume {run}",
     "predict {run} {data}/none", "evaluate {run} --data {data}/none", "train {data}/none", "train {data} --{data}"],
)  # fmt: skip
def test_odd_names_reach_no_terminal_raw(odd: tuple[Path, Path], capsys: pytest.CaptureFixture[str], verb: str) -> None:
    data, folder = odd
    run(*(part.format(data=data, run=folder) for part in verb.split(" ")))
    printed = capsys.readouterr()
    text = printed.out + printed.err
    text.encode()  # as any terminal must
    assert "\\x" in text
    assert all(printable(line) == line for line in text.split("\n"))


def test_records_csv_and_json_give_odd_names_back(
    odd: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder = odd
    files = {os.fspath(path) for path in data.rglob("*.png")}
    assert run("predict", folder, data, "--csv", tmp_path / "answers.csv") == 0
    lines = (tmp_path / "answers.csv").read_text(encoding="utf-8").split("\n")
    assert len(lines) == 1 + len(files) + 1  # a line a file, and the end
    rows = list(csv.DictReader(lines))
    assert {read_back(row["path"]) for row in rows} == files
    assert {row["label"] for row in rows} <= set(map(shown, ODD_CLASSES))
    capsys.readouterr()
    assert run("predict", folder, data, "--json") == 0
    assert {answer["path"] for answer in json.loads(capsys.readouterr().out)} == files
    assert set(json.loads((folder / "classes.json").read_text(encoding="utf-8"))) == set(ODD_CLASSES)
    split = json.loads((folder / "split.json").read_text(encoding="utf-8"))
    named = {f"{data}/{path}" for side in ("train", "validation", "test") for path in split[side]}
    assert named == files
    assert json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))["class_names"] == sorted(ODD_CLASSES)
    assert (folder / "confusion_matrix.png").exists()


PATH_OPTIONS = [
    "data check {path}",
    "data add caltech101 --from {path}",
    "train {path}",
    "train --resume {path}",
    "train {data} --out {path}",
    "train {data} --config {path}",
    "train {data} --from-study {path}",
    "train {data} --net simple --weights {path}",
    "evaluate {path}",
    "evaluate {run} --data {path}",
    "predict {path} {data}",
    "predict {run} {path}",
    "predict {run} {data} --csv {path}",
    "report {path}",
    "explain {path}",
    "explain {run} --figures {path}",
    "explain {run} --figures {tmp}/figures --image {path}",
    "guide strides --figure {path}.png",
    "study {path}",
    "study --resume {path}",
    "study report {path}",
    "study report {path} --out {tmp}/page.html",
    "study {data} --out {path}",
]


@pytest.mark.parametrize("command", PATH_OPTIONS)
def test_a_path_that_cannot_be_is_one_line_in_every_option(
    odd: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """And so is one that may not be looked at; nothing is made of either."""
    data, folder = odd
    (tmp_path / "shut").mkdir()
    paths = ("~nosuchuser/x", "n" * 300, "deep/" * 1500, "a\0b", str(tmp_path / "shut/x/y"), str(tmp_path / "file/x"))
    (tmp_path / "file").touch()
    with closed(tmp_path / "shut"):
        for path in paths:
            words = [part.format(path=path, data=data, run=folder, tmp=tmp_path) for part in command.split(" ")]
            assert run(*words) == 2, path[:20]
            printed = capsys.readouterr()
            assert printed.err.count("\n") == 1
            assert printed.err.startswith("convwise: ")
            assert printed.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "shut"]


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("data check {data}", 0, "c/inner: the folder cannot be entered (permission denied)"),
        ("train {data} --net simple --size 32 --epochs 1 --out {tmp}/run", 0, "not read: c/inner (the folder cannot"),
        ("predict {run} {data}", 0, "c/inner: the folder cannot be entered (permission denied)"),
        ("predict {run} {data}/c/inner", 2, "the folder cannot be entered (permission denied)"),
        ("predict {run} {data}/c/inner/0.png", 2, "permission denied"),
        ("data check {data}/c/inner", 2, "cannot be listed (permission denied)"),
        ("data check {tmp}/sides", 2, "test/ (permission denied) cannot be entered"),
        ("predict {run} {data}/a --csv {tmp}/sides/test/x.csv", 2, "permission denied"),
    ],
)
def test_what_may_not_be_entered_is_told_by_every_verb(
    odd: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    code: int,
    says: str,
) -> None:
    data = fill(tmp_path / "data", ("a", "b", "c", "c/inner"))
    fill(tmp_path / "sides/train", ("a", "b"), n=1)
    fill(tmp_path / "sides/test", ("a", "b"), n=1)
    with closed(data / "c/inner", tmp_path / "sides/test"):
        words = [part.format(data=data, run=odd[1], tmp=tmp_path) for part in command.split(" ")]
        assert run(*words) == code
    printed = capsys.readouterr()
    assert says in (printed.out + printed.err if code == 0 else printed.err)
    if command == "predict {run} {data}":
        assert len(printed.out.splitlines()) == 3 * 14 + 1  # every picture that can be reached, and the folder


@pytest.mark.parametrize("shut", ["", "data", "pixels", "scans", "data/shapes"])
@pytest.mark.parametrize(
    "command",
    ["data list", "data clean", "data clean --days 0", "data check {data}", "data check shapes", "data add shapes",
     "train shapes", "evaluate {run}"],
)  # fmt: skip
def test_a_cache_folder_that_may_not_be_entered_is_one_line(
    odd: tuple[Path, Path], own_home: Path, capsys: pytest.CaptureFixture[str], command: str, shut: str
) -> None:
    for name in ("data/shapes/circle", "pixels/0123456789abcdef0123456789abcdef", "scans"):
        (own_home / name).mkdir(parents=True)
    with closed(own_home / shut):
        code = run(*(part.format(data=odd[0], run=odd[1]) for part in command.split(" ")))
    printed = capsys.readouterr()
    if code:  # not every command needs every folder
        assert [line.startswith("convwise: ") for line in printed.err.splitlines()] == [True]
        assert str(own_home) in printed.err
    else:
        assert printed.err == ""


@pytest.mark.parametrize("place", ["{tmp}/none/x.csv", "{tmp}", "/dev/null", "/proc/x.csv"])
def test_predict_refuses_an_impossible_csv_before_the_work(
    odd: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    place: str,
) -> None:
    monkeypatch.setattr("convwise.commands.predict.predict", lambda *given, **options: pytest.fail("it worked"))
    assert run("predict", odd[1], odd[0], "--csv", place.format(tmp=tmp_path)) == 2
    assert capsys.readouterr().err.startswith("convwise: --csv ")


@pytest.mark.parametrize("command", ["train {data}", "train {data} --out x/y", "study {data}", "study {data} --out x"])
def test_no_run_is_begun_where_it_cannot_be_kept(
    odd: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    def worked(*given: Any, **options: Any) -> None:
        pytest.fail("it worked")

    monkeypatch.setattr("convwise.images.material.prepare", worked)
    monkeypatch.chdir(tmp_path)
    with closed(tmp_path):
        tmp_path.chmod(0o555)
        assert run(*(part.format(data=odd[0]) for part in command.split(" "))) == 2
    assert "permission denied" in capsys.readouterr().err
    monkeypatch.chdir(odd[0])
    assert run(*(part.format(data=odd[0]) for part in command.split(" "))) == 2
    assert "it lies in the folder of the images" in capsys.readouterr().err


def test_the_default_run_folder_is_made_here_and_called_after_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = fill(tmp_path / "elsewhere" / "my: pictures\udce9", ("a", "b"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for path in (data, "../elsewhere/my: pictures\udce9/"):
        assert run("train", path, *QUICK) == 0
    names = sorted(path.name for path in Path("runs").iterdir())
    assert len(names) == 2
    assert all(name.startswith("my_ pictures_-simple-2") for name in names)
    assert sorted(path.name for path in data.iterdir()) == ["a", "b"]
    assert sorted(path.name for path in data.parent.iterdir()) == [data.name]


@pytest.mark.parametrize(
    ("classes", "options", "before", "after"),
    [
        (("left", "right"), [], "left and right are mirror images: train with --recipe plain", "try --recipe plain"),
        (("left", "right"), ["--recipe", "plain"], "", ""),
        (("cat", "dog"), [], "", "try --recipe plain"),
    ],
)
def test_mirroring_is_warned_of_before_and_hinted_at_after_a_training_at_chance(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    classes: tuple[str, ...],
    options: list[str],
    before: str,
    after: str,
) -> None:
    random = np.random.default_rng(0)
    for name in classes:
        (tmp_path / "data" / name).mkdir(parents=True)
        for i in range(20):
            Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(tmp_path / f"data/{name}/{i}.png")
    assert run("train", tmp_path / "data", *QUICK, *options, "--out", tmp_path / "run") == 0
    said = capsys.readouterr().err
    assert ("warning: by their names" in said) == bool(before)
    assert ("no better than chance (1 of 2 classes)" in said) == bool(after)
    assert before in said
    assert after in said


@pytest.mark.parametrize(
    ("n_right", "recipe", "hinted"),
    [
        (20, "fast", True),  # of 40
        (24, "fast", True),  # 60 %, from 45 % on
        (30, "fast", False),
        (20, "plain", False),
        (0, "fast", True),
    ],
)
def test_the_hint_at_mirroring_is_for_chance_alone(n_right: int, recipe: str, hinted: bool) -> None:
    labels = np.arange(40) % 2
    answers = np.where(np.arange(40) < n_right, labels, 1 - labels)
    result = evaluate(labels, np.eye(2)[answers], ["cat", "dog"], split="test")
    assert bool(chance_hint(result, named_recipe(recipe))) == hinted


@pytest.mark.parametrize(
    ("sides", "options", "code", "says"),
    [
        ({"Training": "abc", "Testing": "ab"}, [], 0, "not tested, for want of images there: c"),
        ({"Training": "abc", "Testing": "ab"}, ["--test", "0.2"], 2, "comes with a test folder"),
        ({"train": "ab"}, ["--test", "0.2"], 0, "there is only train/"),
        ({"train": "ab", "val": "ab"}, [], 0, "there is no test folder: a share of train/ is for testing"),
        ({"train": "ab", "test": "abd"}, [], 2, "test/ holds the class d (14 images), train/ does not"),
        ({"fold1": "ab", "fold2": "ab"}, [], 2, "call them train, validation and test"),
    ],
)
def test_given_sides_are_used_or_refused_in_words(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    sides: dict[str, str],
    options: list[str],
    code: int,
    says: str,
) -> None:
    for number, (side, classes) in enumerate(sides.items()):
        fill(tmp_path / "data" / side, tuple(classes), (f"{number}-{{}}.png",))
        for path in (tmp_path / "data" / side).rglob("*.png"):  # no copies of the other side
            pixels = np.asarray(Image.open(path)).astype(int)[:: 1 if number else -1]
            Image.fromarray((pixels * (1 - number / 4)).astype(np.uint8)).save(path)
    assert run("train", tmp_path / "data", *QUICK, *options, "--out", tmp_path / "run") == code
    printed = capsys.readouterr()
    assert says in printed.err
    if code == 0:
        assert json.loads((tmp_path / "run/run.json").read_text())["evaluated"]
    if "not tested" in says:
        assert "not tested, for want of images: c; means are over the other 2 classes" in printed.out
        assert "mean of 2" in printed.out


def test_a_test_folder_that_copies_train_is_refused_as_such(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train = picture_folder("data/train", n_classes=2)
    for path in train.rglob("*.png"):
        copy = tmp_path / "data/test" / path.relative_to(train)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    assert run("train", tmp_path / "data", *QUICK, "--out", tmp_path / "run") == 2
    assert "class class a, class b are copies of images in test/; copies are removed" in capsys.readouterr().err
