"""The command beside its parts: the picture as the run takes it, the run's own probability, a file that is drawn."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convwise
from convwise import cli
from convwise.errors import RequestError
from convwise.images.shapes import draw_shape
from convwise.report.heatmap_words import heat_sentence, overlay


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one epoch on drawn shapes."""
    folder = tmp_path_factory.mktemp("heat")
    from convwise.images.drawing import write_pictures

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(folder / "home"))
        write_pictures(
            folder / "data", lambda name, i: draw_shape(name, size_px=32, number=i), ["circle", "star"], 12
        )  # fmt: skip
        return convwise.train(folder / "data", epochs=1, size=32, out=folder / "run", quiet=True).run.folder


@pytest.mark.slow
def test_a_heatmap_is_of_the_answer_that_predict_gives(run: Path, tmp_path: Path) -> None:
    picture = run.parent / "data" / "star" / "star_0000.png"
    found = convwise.heatmap(run, picture, out=tmp_path / "heat.png")
    answer = convwise.predict(run, [picture])[0]
    assert found.label == answer.label
    assert found.probability == pytest.approx(answer.probability, abs=1e-5)
    assert found.method == "class activation"
    assert found.values.shape == found.region.shape == (32, 32)
    assert np.asarray(Image.open(tmp_path / "heat.png")).shape == (480, 960, 3)
    other = convwise.heatmap(run, picture, label="circle")
    assert other.probability + convwise.heatmap(run, picture, label="star").probability == pytest.approx(1, abs=1e-5)
    with pytest.raises(RequestError, match="label=square"):
        convwise.heatmap(run, picture, label="square")
    with pytest.raises(RequestError, match="no such file"):
        convwise.heatmap(run, tmp_path / "none.png")


@pytest.mark.slow
def test_the_command_draws_into_the_run_and_takes_nothing_else(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = str(run.parent / "data" / "star" / "star_0000.png")
    assert cli.main(["explain", str(run), "--heatmap", picture, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["after_random"]) == 39
    assert (run / "heatmap.png").is_file()
    assert cli.main(["explain", str(run), "--heatmap", picture, "--size", "32"]) == 2
    assert cli.main(["explain", "simple", "--heatmap", picture]) == 2


@pytest.mark.slow
def test_the_report_shows_the_maps_beside_the_mistakes(run: Path) -> None:
    page = convwise.report(run).path.read_text(encoding="utf-8")
    n = min(12, len(convwise.Run.open(run).evaluation.mistakes))
    assert page.count('alt="Heatmap: Erasing the outlined') == n
    assert page.count('<ol class="stages">') == 1
    assert "Heatmap" not in convwise.report(run, pictures=False).path.read_text(encoding="utf-8")


class Drawn:
    """A heatmap of 16x24 px whose left half is hot."""

    values = np.concatenate([np.ones((16, 12)), np.zeros((16, 12))], axis=1)
    region = values > 0.5
    probability, after = 0.9, 0.2
    after_random = np.linspace(0.5, 0.9, 39)
    above_chance, believable = True, True


def test_the_map_lies_on_its_place_and_the_sentence_holds_the_numbers() -> None:
    picture = overlay(Drawn(), np.full((16, 24, 3), 128, np.uint8), 240)
    assert picture.shape == (160, 240, 3)
    left, right = picture[80, 50].astype(int), picture[80, 200].astype(int)
    assert left[0] > right[0]  # yellow has red, dark blue has none
    said = heat_sentence(Drawn(), "star")
    assert said.startswith("Erasing the outlined 50 % takes star from 90.0 % to 20.0 %; 39 random regions")
    assert said.endswith("the answer rests on this region.")


@pytest.mark.parametrize(("above", "says"), [(True, "most of the answer stands"), (False, "do not believe this map")])
def test_a_map_that_fails_says_how(above: bool, says: str) -> None:
    failed = type("Failed", (Drawn,), {"above_chance": above, "believable": False})()
    assert says in heat_sentence(failed, "star")


@pytest.mark.slow
def test_a_report_loads_its_network_once(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from convwise.commands import explained

    loaded: list[object] = []
    load = explained.load_model
    monkeypatch.setattr(explained, "load_model", lambda *given, **named: loaded.append(given) or load(*given, **named))
    result = convwise.report(run, out=tmp_path / "report.html")
    assert len(loaded) == 1
    text = result.path.read_text(encoding="utf-8")
    assert "<h2>Network</h2>\n<ul>" in text
    assert ('alt="Heatmap: ' in text) == bool(convwise.Run.open(run).evaluation.mistakes)
