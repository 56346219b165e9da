"""What results show in a notebook: the records' numbers, names as text, nothing that runs, a style of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.commands.data import DataReport
from convwise.commands.heatmap import HeatmapResult
from convwise.commands.predict import Prediction, PredictionList
from convwise.report.notebook import MOST_ROWS, scoped
from convwise.runs import Run
from convwise.study.result import StudyResult
from tests.made_run import HOSTILE, draw_pictures, make_run
from tests.report.pages import Elements
from tests.report.study_cases import full_result


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(folder / "home"))
        draw_pictures(folder / "data", [name.replace("/", "∕") for name in HOSTILE], 12)
        make_run(folder / "a", folder / "data", seed=1)
        make_run(folder / "b", folder / "data", seed=2)
    return folder


def heat() -> HeatmapResult:
    values = np.linspace(0, 1, 64).reshape(8, 8)
    pixels = np.full((8, 8, 3), 90, np.uint8)
    return HeatmapResult(
        Path(HOSTILE[0].replace("/", "∕")), HOSTILE[0], "occlusion", values, values > 0.9, 0.9, 0.2, np.full(39, 0.8),
        True, "Erasing it takes half away.", pixels=pixels,
    )  # fmt: skip


def results(place: Path, patch: pytest.MonkeyPatch) -> list[object]:
    patch.setenv("CONVWISE_HOME", str(place / "home"))
    run = Run.open(place / "a")
    answers = [Prediction(f"{HOSTILE[0]}{i}", HOSTILE[0], 0.71, ((HOSTILE[0], 0.71),)) for i in range(30)]
    return [
        run, convwise.resume(place / "a"), run.evaluation, convwise.compare(place / "a", place / "b"),
        convwise.runs(place), PredictionList([*answers, Prediction("x", error="not a picture")]),
        convwise.guide("strides"), convwise.check_data(place / "data"), heat(), full_result(),
    ]  # fmt: skip


def test_every_result_is_a_small_piece_of_html_in_which_names_are_text(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for result in results(place, monkeypatch):
        html = result._repr_html_()  # type: ignore[attr-defined]
        name = type(result).__name__
        assert html, name
        elements = Elements(html)
        tags = {tag for tag, _ in elements.found}
        assert not tags & {"script", "html", "body", "iframe", "link", "x"}, name
        sources = [attributes.get("src", "") for tag, attributes in elements.found if tag == "img"]
        assert all(source.startswith("data:image/jpeg;base64,") for source in sources), name
        assert not any(key.startswith("on") for _, attributes in elements.found for key in attributes), name
        assert "<img src=x" not in html, name
        assert len(html) < 60_000, name


def test_the_numbers_are_those_on_record(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVWISE_HOME", str(place / "home"))
    run = Run.open(place / "a")
    with np.load(run.folder / "predictions.npz") as kept:
        tested = kept["sides"] == "test"
        right = kept["probabilities"][tested].argmax(axis=1) == kept["labels"][tested]
    said = f"{100 * right.mean():.1f}\xa0% ("
    assert said in Elements(run._repr_html_() or "").text
    assert said.split("\xa0")[0] in Elements(run.evaluation._repr_html_() or "").text
    difference = convwise.compare(place / "a", place / "b").differences[0]
    assert (
        f"{100 * difference.accuracy.value:+.1f} points"
        in Elements(convwise.compare(place / "a", place / "b")._repr_html_() or "").text
    )


def test_of_many_rows_the_first_are_shown_and_that_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = next(each for each in results(place, monkeypatch) if isinstance(each, PredictionList))
    html = answers._repr_html_() or ""
    assert html.count("<tr>") == MOST_ROWS + 1
    assert f"{MOST_ROWS} of 31 files are shown." in html


def test_every_rule_of_its_style_holds_inside_it_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for result in results(place, monkeypatch):
        style = re.search(r"<style>(.*?)</style>", result._repr_html_() or "", re.S)  # type: ignore[attr-defined]
        assert style
        for selectors in re.findall(r"([^{}@]+)\{", re.sub(r"@media[^{]*\{", "", style[1])):
            assert all(".convwise" in each for each in selectors.split(",")), selectors


def test_a_rule_within_a_condition_is_kept_inside_too() -> None:
    css = "a, b { x: y; }\n@media print { c { d: e; } }"
    assert re.sub(r"\s+", " ", scoped(css)).strip() == (
        ".convwise a, .convwise b { x: y; } @media print { .convwise c { d: e; } }"
    )


def test_what_is_gone_leaves_a_result_to_its_text(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "a", tmp_path / "run")
    run = Run.open(tmp_path / "run")
    (tmp_path / "run" / "evaluation.json").write_text("{", encoding="utf-8")
    assert run._repr_html_() is None
    (tmp_path / "run" / "run.json").unlink()
    assert "not finished" in (run._repr_html_() or "")


def test_all_that_the_functions_return_is_known_to_it() -> None:
    """Whatever shows itself has a display: none is forgotten when a kind is added."""
    from convwise.commands.notebook import _display
    from convwise.html_repr import ShownAsHtml

    kinds = [kind for kind in _subclasses(ShownAsHtml) if kind.__module__.startswith("convwise.")]
    assert {DataReport, StudyResult, HeatmapResult, PredictionList} <= set(kinds)
    for kind in kinds:
        assert _display.dispatch(kind) is not _display.dispatch(object), kind


def _subclasses(kind: type) -> list[type]:
    return [each for child in kind.__subclasses__() for each in (child, *_subclasses(child))]
