"""Copies on the command line: what is told of them, and that the choice travels with the run and the study."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import convwise
from convwise.cli import main
from convwise.conv2d import NetworkSettings
from convwise.runs import Run, RunSettings
from convwise.study.trials import ExperimentSpec
from convwise.training.recipe import Recipe

QUICK = ["--net", "simple", "--size", "32", "--epochs", "1", "--batch", "8"]


@pytest.fixture
def folder(picture_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Two classes of noise, in which copies of each kind are planted."""
    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / "home"))
    root = picture_folder(n_classes=2)
    a, b = root / "class a", root / "class b"
    (a / "again.png").write_bytes((a / "000.png").read_bytes())
    with Image.open(a / "001.png") as image:
        image.save(b / "wrong.bmp")
    for old, new in ((a / "002.png", a / "near.png"), (a / "003.png", b / "near.png")):
        with Image.open(old) as image:
            image.point(lambda value: min(255, value + 3)).save(new)
    return root


def checked(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["data", "check", *arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_data_check_counts_and_names_each_kind_of_copy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exact = [["class a/000.png", "class a/again.png"], ["class a/001.png", "class b/wrong.bmp"]]
    near = [["class a/002.png", "class a/near.png"]]
    report = checked(capsys, str(folder))
    assert {key: report[key] for key in _KEYS} == {
        "duplicates": [*exact, *near], "duplicate_kinds": ["bytes", "pixels", "near"], "exact_copies": exact,
        "near_copies": near, "label_errors": exact[1:],
        "possible_label_errors": [["class a/003.png", "class b/near.png"]], "near_pairs_apart": [],
    }  # fmt: skip
    report = checked(capsys, str(folder), "--copies", "exact")
    assert (report["duplicates"], report["near_copies"], report["possible_label_errors"]) == (exact, [], [])
    assert not any(checked(capsys, str(folder), "--copies", "ignore")[key] for key in _KEYS)
    assert main(["data", "check", str(folder)]) == 0
    said = capsys.readouterr().out
    for line in (
        "2 groups of exact copies", "1 group of near-copies", "1 label error", "1 possible label error",
        "  pixels: class a/001.png, class b/wrong.bmp", "  class a/003.png, class b/near.png",
    ):  # fmt: skip
        assert line in said


_KEYS = ("duplicates", "duplicate_kinds", "exact_copies", "near_copies", "label_errors", "possible_label_errors",
         "near_pairs_apart")  # fmt: skip


def test_a_run_names_a_label_error_and_keeps_what_counted(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = {}
    for copies in ("near", "ignore"):
        out = tmp_path / copies
        assert main(["train", str(folder), *QUICK, "--copies", copies, "--out", str(out)]) == 0
        said = capsys.readouterr().err
        assert ("label error: equal pictures in more than one class, such as class a/001.png" in said) == (
            copies == "near"
        )
        run = Run.open(out)
        assert run.settings.copies == copies
        sides[copies] = run.split
        assert convwise.evaluate(out).evaluation.n == len(run.split["test"])
    assert sides["near"]["digest"] != sides["ignore"]["digest"]
    (tmp_path / "ignore/run.json").unlink()
    assert main(["train", "--resume", str(tmp_path / "ignore")]) == 0


def test_a_choice_that_does_not_exist_is_refused_by_every_verb(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.toml"
    config.write_text('copies = "most"\n')
    for command in (
        ["data", "check", str(folder), "--copies", "most"],
        ["train", str(folder), "--copies", "most"],
        ["train", str(folder), "--config", str(config)],
        ["study", str(folder), "--copies", "most"],
    ):
        code: object = None
        try:
            code = main(command)
        except SystemExit as stop:  # by which the parser refuses a choice
            code = stop.code
        assert code == 2
        assert "copies most: choose one of" in capsys.readouterr().err.replace("=", " ")


def test_records_of_runs_and_studies_keep_it_and_older_ones_open() -> None:
    common: dict[str, Any] = {
        "data": "d", "folder": "/d", "classes": None, "exclude": (), "net": "simple", "network": NetworkSettings(),
        "recipe": Recipe(epochs=1), "per_class": None, "test": 0.25, "validation": 0.15, "index_digest": "",
    }  # fmt: skip
    for record in (
        RunSettings(**common, split_digest="s", copies="exact"),
        ExperimentSpec(**common, seed=1, copies="exact"),
    ):
        values = record.to_dict()
        assert values["copies"] == "exact"
        assert type(record).from_dict(values) == record
        del values["copies"]  # as before there was a choice
        assert type(record).from_dict(values) == dataclasses.replace(record, copies="near")
