"""Records of before: every verb takes a run as its own; a study of short trainings is shown and trained from."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.cli import main
from convwise.commands.resume import resume
from convwise.commands.resume_study import old_study, resume_study, study_report
from convwise.errors import RequestError
from convwise.records import record_text
from convwise.runs import Run
from convwise.study.folder import StudyFolder
from convwise.study.trials import packed
from tests.tampering import OLD_RECORDS, leaves_of, values_of, without_other_images


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


def test_the_study_of_short_trainings_is_shown_and_not_resumed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    then = values_of(place / "study" / "result.json")
    assert old_study("study") == then
    assert main(["study", "report", "study"]) == 0
    shown = capsys.readouterr().out
    assert "an earlier version made this study" in shown
    assert all(f"{verdict['parameter']}: {verdict['verdict']}" in shown for verdict in then["verdicts"])
    for words in (["study", "--resume", "study"], ["study", "--resume", "study", "--minutes", "60"]):
        assert main(words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "an earlier version began it, which measured short trainings; begin a new study" in line


def test_the_study_of_whole_trainings_is_reported_and_complete(place: Path) -> None:
    then = values_of(place / "whole-study" / "result.json")
    assert old_study("whole-study") is None
    now = study_report("whole-study")
    assert without_other_images(json.loads(record_text(now.to_dict()))) == then
    assert resume_study("whole-study", quiet=True) == now


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
    then = StudyFolder.open("whole-study").result
    journal = (place / "whole-study" / "trials.jsonl").read_bytes()
    (place / "whole-study" / "result.json").unlink()
    now = resume_study("whole-study", quiet=True)
    now = dataclasses.replace(now, seconds=then.seconds)
    found, before = (leaves_of(without_other_images(result.to_dict())) for result in (now, then))
    # Today's method judges the trials: its ruler has another slope, which moves estimates and limits a little.
    assert found == {
        place: pytest.approx(leaf, rel=0.1) if isinstance(leaf, float) else leaf for place, leaf in before.items()
    }
    assert (place / "whole-study" / "trials.jsonl").read_bytes() == journal


@pytest.mark.slow
@pytest.mark.parametrize("answers", ["x", packed(np.full((3, 2), 0.5)), packed(np.full((7, 2), 0.9))])
def test_answers_that_are_none_are_told_with_their_trial(answers: str, place: Path) -> None:
    path = place / "whole-study" / "trials.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    (row,) = (row for row in rows if row["key"] == "1/use_bias=false")
    row["answers"] = answers
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    (place / "whole-study" / "result.json").unlink()
    with pytest.raises(RequestError, match=r"trials\.jsonl: the answers of trial 1/use_bias=false: they are no "):
        resume_study("whole-study", quiet=True)


@pytest.mark.slow
@pytest.mark.parametrize(("study", "width", "rate"), [("study", 1, 0.002), ("whole-study", 2, 0.02)])
def test_a_training_takes_over_what_the_study_worked_on(study: str, width: int, rate: float, place: Path) -> None:
    result = convwise.train("pictures", from_study=study, epochs=1, batch=8)
    settings = result.run.settings
    assert (settings.net, settings.recipe.size, settings.network.options) == ("simple", 8, {"width": width})
    assert settings.recipe.learning_rate == rate  # of the second, what it recommends
