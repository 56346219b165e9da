"""The page of a run: what it says is on record, it is one safe file, and it says what it lacks."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.commands.run_records import records_of
from convwise.errors import RequestError
from convwise.evaluation import evaluate
from convwise.report.diagnosis import Diagnosis
from convwise.report.next_step import Evidence, next_step
from convwise.runs import Run
from tests.made_run import HOSTILE, draw_pictures, make_run
from tests.report.pages import Elements


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on pictures whose classes have hostile names, and one on four plain ones."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(folder / "home"))
        draw_pictures(folder / "hostile data", [name.replace("/", "∕") for name in HOSTILE], 12)
        make_run(folder / "hostile", folder / "hostile data")
        draw_pictures(folder / "plain data", ["ant", "bee", "cat", "dog"], 24)
        make_run(folder / "plain", folder / "plain data")
    return folder


def page_of(run: Path | Run, **options: object) -> str:
    return convwise.report(run, **options).path.read_text(encoding="utf-8")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plain(place: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(place / "home"))
        return page_of(place / "plain")


def test_the_headline_is_what_the_records_say(plain: str, place: Path) -> None:
    evaluation = Run.open(place / "plain").evaluation
    accuracy, usual = evaluation.accuracy, max(score.support for score in evaluation.per_class) / evaluation.n
    headline = re.search(r"<h1>(.*?)</h1>", plain)
    assert headline is not None
    value, low, high = (100 * number for number in (accuracy.value, accuracy.low, accuracy.high))
    assert headline[1].startswith(
        f"{value:.1f} % ({low:.1f} to {high:.1f} %) of {evaluation.n} test images are right; "
        "guessing among 4 classes would give 25.0 %, always “ant”".replace(" %", "\u00a0%")
    )
    assert headline[1].endswith(f"{100 * usual:.1f}\u00a0%.")


def test_every_count_of_the_matrix_is_in_the_page(plain: str, place: Path) -> None:
    evaluation = Run.open(place / "plain").evaluation
    matrix = re.search(r'<table class="matrix">.*?</table>', plain, re.S)
    assert matrix is not None
    found = [int(number) for number in re.findall(r'">(\d+)</a>', matrix[0])]
    assert found == [n for row in evaluation.confusion for n in row if n]


def test_hostile_names_are_text_everywhere(place: Path) -> None:
    elements = Elements(page_of(place / "hostile", card=True))
    assert sum(tag == "script" for tag, _ in elements.found) == 1
    assert not [attrs for _, attrs in elements.found if any(name.startswith("on") for name in attrs)]
    assert {attrs["src"][:22] for tag, attrs in elements.found if tag == "img"} == {"data:image/jpeg;base64"}
    for name in HOSTILE:
        assert name.replace("/", "∕").strip() in elements.text
    card = (place / "hostile" / "README.md").read_text(encoding="utf-8")
    assert "<img" not in card
    assert "<script" not in card


def test_the_page_asks_for_nothing_and_its_policy_allows_just_what_it_holds(plain: str) -> None:
    elements = Elements(plain)
    policy = next(attrs["content"] for tag, attrs in elements.found if attrs.get("http-equiv"))
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(elements.contents[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "img-src data:;" in policy
    assert not [tag for tag, attrs in elements.found if "style" in attrs]
    for tag, attrs in elements.found:
        assert tag not in ("link", "iframe", "object", "base")
        assert attrs.get("href", "#").startswith("#")
        assert attrs.get("src", "data:").startswith("data:")


def test_every_link_leads_to_a_place_in_the_page(plain: str) -> None:
    elements = Elements(plain)
    places = [attrs["id"] for _, attrs in elements.found if "id" in attrs]
    assert len(places) == len(set(places))
    links = [attrs["href"][1:] for tag, attrs in elements.found if tag == "a"]
    assert len(links) > 12
    assert set(links) <= set(places)


def test_every_picture_has_words(plain: str) -> None:
    pictures = [attrs for tag, attrs in Elements(plain).found if tag == "img"]
    assert len(pictures) > 30
    assert all(attrs.get("alt") for attrs in pictures)


def test_without_pictures_no_pixel_is_in_it(place: Path) -> None:
    page = page_of(place / "plain", out=place / "bare.html", pictures=False)
    assert "data:image" not in page
    assert "<img" not in page
    assert "it holds no pixel of the data" in page
    assert not re.search(r"[A-Za-z0-9+/]{120}", page.replace("sha256-", ""))


def test_pictures_that_are_gone_or_have_changed_are_said_to_be_so(place: Path, tmp_path: Path) -> None:
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(place / "plain data", data)
    make_run(run, data)
    victim = next(data.rglob("*.jpg"))
    shutil.copy(next((data / "dog").glob("*.jpg")), victim)
    result = convwise.report(run)
    assert any("have changed since the training" in note for note in result.notes)
    changed = result.path.read_text(encoding="utf-8")
    assert "have changed since the training" in changed
    assert "data:image" in changed
    shutil.rmtree(data)
    result = convwise.report(run)
    gone = result.path.read_text(encoding="utf-8")
    assert "The pictures are not where they were" in gone
    assert "data:image" not in gone
    assert "no such file or directory" in gone


def test_a_run_without_test_images_or_answers_says_so(place: Path, tmp_path: Path) -> None:
    make_run(tmp_path / "untested", place / "plain data", test=0.0)
    page = page_of(tmp_path / "untested")
    assert "No test images were set aside" in page
    shutil.copytree(place / "plain", tmp_path / "old")
    (tmp_path / "old" / "predictions.npz").unlink()
    assert "it is missing; runs trained before it was kept have none" in page_of(tmp_path / "old")


def test_what_is_not_finished_or_damaged_is_refused(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "plain", tmp_path / "half")
    (tmp_path / "half" / "metrics.jsonl").write_text("{")
    with pytest.raises(RequestError, match=r"metrics\.jsonl"):
        convwise.report(tmp_path / "half")
    (tmp_path / "half" / "run.json").unlink()
    with pytest.raises(RequestError, match="not finished"):
        convwise.report(tmp_path / "half")
    with pytest.raises(RequestError, match="there is no folder"):
        convwise.report(place / "plain", out=tmp_path / "none" / "page.html")


def test_the_budget_of_pictures_holds_and_what_it_left_out_is_counted(place: Path, tmp_path: Path) -> None:
    from convwise.report.pictures import Pictures

    paths = list(Run.open(place / "plain").split["test"])
    pictures = Pictures(place / "plain data", most_bytes=9_000)
    made = pictures.of(paths)
    held = [each for each in made if each.source]
    assert sum(len(each.source) for each in held) == pictures.spent <= 9_000
    assert 0 < len(held) == len(paths) - pictures.n_over


def test_the_planted_diagnosis_and_step_are_the_page_s(place: Path, tmp_path: Path) -> None:
    make_run(tmp_path / "one", place / "plain data", epochs=1)
    page = page_of(tmp_path / "one")
    assert "One epoch: a point, not yet a curve" in page
    assert "--epochs 6" in page


def test_the_test_images_choose_no_next_step(place: Path) -> None:
    """At chance on the test images alone, the advice stays; at chance on the validation images it is another."""
    records = records_of(Run.open(place / "plain"))
    settled = Diagnosis("settled", "settled", ("nothing",))
    labels = np.arange(80) % 4
    wrong = np.eye(4)[(labels + np.arange(80) // 4 % 4) % 4]
    by_chance = evaluate(labels, wrong, records.class_names, split="validation")
    usual = next_step(Evidence(records, settled))
    assert next_step(Evidence(dataclasses.replace(records, evaluation=by_chance), settled)) == usual
    found = next_step(Evidence(dataclasses.replace(records, on_validation=by_chance), settled))
    assert "without mirroring" in found.what


def test_a_fact_about_labels_comes_before_all_advice(place: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(place / "plain data", data)
    shutil.copy(next((data / "dog").glob("*.jpg")), data / "ant" / "same.jpg")
    make_run(tmp_path / "run", data)
    page = page_of(tmp_path / "run")
    assert "Mend the labels, then train again." in page
    assert "The same picture in two classes" in page
    assert "lies in another class too" in page or "same.jpg" in page


def test_the_classes_are_sorted_by_numbers_not_by_their_text(plain: str) -> None:
    values = re.findall(r'data-value="([^"]+)"', plain)
    assert len(values) > 30
    assert all(float(value) == float(value) for value in values)


def test_records_are_read_once_and_frozen(place: Path) -> None:
    from convwise.commands.run_records import records_of

    records = records_of(Run.open(place / "plain"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        records.name = "other"  # type: ignore[misc]
    assert sum(sum(sides.values()) for sides in records.counts().values()) == 96
