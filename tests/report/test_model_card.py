"""The model card: metadata that YAML reads, and the scores of the records."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from convwise.commands.run_records import records_of
from convwise.report.model_card import model_card
from tests.made_run import HOSTILE, draw_pictures, make_run


@pytest.mark.parametrize("names", [("ant", "bee"), tuple(name.replace("/", "∕") for name in HOSTILE)])
def test_hubs_read_the_scores_of_the_evaluation(tmp_path: Path, names: tuple[str, ...]) -> None:
    draw_pictures(tmp_path / "data", names, 10)
    run = make_run(tmp_path / "run: a 'name'", tmp_path / "data")
    _, head, text = model_card(records_of(run)).split("---\n", 2)
    values = yaml.safe_load(head)
    metrics = {each["type"]: each for each in values["model-index"][0]["results"][0]["metrics"]}
    assert metrics["accuracy"]["value"] == pytest.approx(run.evaluation.accuracy.value, abs=1e-4)
    assert values["pipeline_tag"] == "image-classification"
    assert values["model-index"][0]["name"] == "run: a 'name'"
    assert text.count("## ") == 5
    assert "<img" not in text


def test_a_run_without_test_images_claims_no_score(tmp_path: Path) -> None:
    draw_pictures(tmp_path / "data", ("ant", "bee"), 10)
    card = model_card(records_of(make_run(tmp_path / "run", tmp_path / "data", test=0.0)))
    assert "model-index" not in card
    assert "No test images were set aside" in card
