"""A run and a study made before files said which format they have: every verb takes them as its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.commands.resume import resume
from convwise.commands.resume_study import resume_study, study_report
from convwise.runs import Run
from convwise.study.folder import StudyFolder
from tests.tampering import OLD_RECORDS, values_of


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(OLD_RECORDS, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_it_is_evaluated_as_it_was_then(place: Path) -> None:
    then = values_of(place / "run" / "evaluation.json")
    now = convwise.evaluate("run").evaluation
    assert [list(row) for row in now.confusion] == then["confusion"]
    # Sums in float32, in another order on another processor.
    assert now.log_loss.value == pytest.approx(then["log_loss"]["value"], rel=1e-4)


def test_it_predicts_and_is_explained(place: Path) -> None:
    rows = convwise.predict("run", ["pictures/apple/00.png", "pictures/birch/00.png"])
    assert {row.label for row in rows} <= {"apple", "birch"}
    assert np.isclose(sum(probability for _, probability in rows[0].top), 1)
    assert convwise.explain("run").table.totals.weights == values_of(place / "run" / "run.json")["n_weights"]


def test_the_study_is_reported_and_complete(place: Path) -> None:
    assert study_report("study").values == values_of(place / "study" / "result.json")
    assert resume_study("study").settings == ()


@pytest.mark.slow
def test_it_is_resumed_to_the_end_that_it_had(place: Path) -> None:
    then = values_of(place / "run" / "evaluation.json")
    for name in ("run.json", "evaluation.json", "model.keras"):
        (place / "run" / name).unlink()
    found = resume("run")
    assert found.evaluation is not None
    assert [list(row) for row in found.evaluation.confusion] == then["confusion"]
    assert Run.open("run").summary["best_epoch"] == 1


@pytest.mark.slow
def test_the_study_is_taken_up_with_all_its_trials(place: Path) -> None:
    then = values_of(place / "study" / "result.json")
    (place / "study" / "result.json").unlink()
    now = resume_study("study").values
    assert len(StudyFolder.open("study").outcomes()) == 8
    assert now["verdicts"] == then["verdicts"]


@pytest.mark.slow
def test_a_training_takes_over_what_the_study_worked_on(place: Path) -> None:
    result = convwise.train("pictures", from_study="study", epochs=1, batch=8)
    assert result.run.settings.net == "simple"
    assert result.run.settings.recipe.size == 8
    assert result.run.settings.network.options == {"width": 1}
