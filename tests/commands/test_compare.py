"""Runs on the same images: against a recomputation from predictions.npz; other images are refused or shared."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise import cli
from convwise.errors import RequestError
from tests.made_run import draw_pictures, make_run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with the same division of the same pictures, `a` and the better `b`; `c` with another division."""
    folder = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(folder / "home"))
        draw_pictures(folder / "data", ["ant", "bee", "cat"], 60)
        make_run(folder / "a", folder / "data", accuracy=0.7, seed=1)
        make_run(folder / "b", folder / "data", accuracy=0.9, seed=2)
        make_run(folder / "c", folder / "data", accuracy=0.9, seed=2, split_seed=5)
    return folder


def answers_of(run: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    with np.load(run / "predictions.npz") as kept:
        inside = kept["sides"] == "test"
        return kept["paths"][inside], kept["labels"][inside], kept["probabilities"][inside].astype(np.float64)


def test_the_paired_difference_is_that_of_the_answers_on_record(place: Path) -> None:
    found = convwise.compare(place / "a", place / "b").differences[0]
    paths, labels, p = answers_of(place / "a")
    others, _, q = answers_of(place / "b")
    assert list(paths) == list(others)
    a, b = p.argmax(axis=1) == labels, q.argmax(axis=1) == labels
    assert (found.only_first, found.only_other) == ((a & ~b).sum(), (b & ~a).sum())
    assert found.both_right + found.only_first + found.only_other + found.neither == len(labels)
    assert found.accuracy.value == pytest.approx(b.mean() - a.mean())
    each = b.astype(float) - a
    n = len(each)
    adjusted = np.append(each, [1, -1])  # one more image of each kind
    half = 1.959964 * adjusted.std() / np.sqrt(n + 2)
    assert found.accuracy.low == pytest.approx(adjusted.mean() - half)
    assert found.accuracy.high == pytest.approx(adjusted.mean() + half)
    rows = np.arange(n)
    losses = -np.log(np.clip(q[rows, labels], 1e-7, 1)) + np.log(np.clip(p[rows, labels], 1e-7, 1))
    assert found.log_loss.value == pytest.approx(losses.mean())
    assert found.log_loss.high - found.log_loss.low == pytest.approx(
        2 * 1.9869 * losses.std(ddof=1) / np.sqrt(n), rel=2e-3
    )


def test_a_planted_difference_is_shown_and_none_is_not(place: Path, tmp_path: Path) -> None:
    better = convwise.compare(place / "a", place / "b").differences[0]
    assert "is more often right than" in better.sentence
    assert "is less often right than" in convwise.compare(place / "b", place / "a").differences[0].sentence
    shutil.copytree(place / "a", tmp_path / "same")
    same = convwise.compare(place / "a", tmp_path / "same")
    assert same.differences[0].sentence.startswith("No difference in accuracy is shown")
    assert same.partings == ()


def test_where_they_part_is_who_is_right(place: Path) -> None:
    found = convwise.compare(place / "a", place / "b")
    difference = found.differences[0]
    assert len(found.partings) == difference.only_first + difference.only_other
    alone = [each for each in found.partings if each.right == (str(place / "a"),)]
    assert len(alone) == difference.only_first
    assert all(each.path.startswith(each.label) for each in found.partings)


def test_other_test_images_are_refused_and_shared_by_request(place: Path) -> None:
    with pytest.raises(RequestError, match=r"of 90 and 90 test images have the same name; shared=True"):
        convwise.compare(place / "a", place / "c")
    common = set(answers_of(place / "a")[0]) & set(answers_of(place / "c")[0])
    found = convwise.compare(place / "a", place / "c", shared=True)
    assert found.n == len(common)
    assert found.notes
    assert {each.path for each in found.partings} <= common


def test_pictures_that_changed_are_not_the_same_images(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "data", tmp_path / "data")
    victim = sorted((tmp_path / "data" / "ant").iterdir())[0]
    victim.write_bytes(sorted((tmp_path / "data" / "ant").iterdir())[1].read_bytes() + b"\0")
    make_run(tmp_path / "other", tmp_path / "data")
    with pytest.raises(RequestError, match="not all the same files"):
        convwise.compare(place / "a", tmp_path / "other")


def test_what_cannot_be_compared_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="two at least"):
        convwise.compare(place / "a")
    with pytest.raises(RequestError, match="named twice"):
        convwise.compare(place / "a", place / "." / "a")
    shutil.copytree(place / "a", tmp_path / "old")
    (tmp_path / "old" / "predictions.npz").unlink()
    with pytest.raises(RequestError, match=r"predictions\.npz: it is missing"):
        convwise.compare(place / "a", tmp_path / "old")


def test_the_command_says_the_same(place: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = [str(place / name) for name in "ab"]
    assert cli.main(["compare", *names, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = convwise.compare(*names)
    assert found["differences"][0]["accuracy"] == expected.differences[0].accuracy.to_dict()
    assert len(found["partings"]) == len(expected.partings)
    assert cli.main(["compare", *names, "--out", str(tmp_path / "page.html")]) == 0
    assert expected.differences[0].sentence.split(": ")[-1] in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count('<polyline class="line run') == 2
    assert page.count("data:image/jpeg") == min(len(expected.partings), 48)


def test_the_list_of_runs_says_what_came_of_each(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(place / "a", tmp_path / "deep" / "a")
    shutil.copytree(place / "b", tmp_path / "b")
    shutil.copytree(place / "b", tmp_path / "half")
    (tmp_path / "half" / "run.json").unlink()
    shutil.copytree(place / "b", tmp_path / "spoilt")
    (tmp_path / "spoilt" / "classes.json").write_text("[]")
    found = {run.folder.name: run for run in convwise.runs(tmp_path)}
    assert list(found) == ["b", "a", "half", "spoilt"]
    assert found["a"].accuracy == convwise.Run.open(place / "a").evaluation.accuracy
    assert (found["half"].state, found["half"].accuracy) == ("not finished", None)
    assert found["spoilt"].state.startswith("damaged: ")
    assert cli.main(["runs", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f"{100 * found['b'].accuracy.value:.1f} %" in printed
    assert "6 of 6" in printed
    assert cli.main(["runs", str(tmp_path), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 4
    with pytest.raises(RequestError, match="no such folder"):
        convwise.runs(tmp_path / "none")
