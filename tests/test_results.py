"""What a result is to someone who prints it, and what a run keeps of its network's answers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import convwise
from convwise import progress
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.runs.predictions import FILE, Predictions
from convwise.training.hooks import Hooks

TINY: dict[str, Any] = {"net": "simple", "settings": ["net.width=2"], "size": 16, "epochs": 1, "batch": 8, "seed": 1}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Any:
    place = tmp_path_factory.mktemp("results")
    random = np.random.default_rng(4)
    for number, name in enumerate(("dark", "middle", "light")):
        (place / "pictures" / name).mkdir(parents=True)
        for i in range(10):
            pixels = np.clip(random.normal(50 + 70 * number, 20, (24, 24, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / "pictures" / name / f"{i}.png")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("CONVWISE_HOME", str(place / "home"))
        return convwise.train(place / "pictures", out=place / "run", quiet=True, **TINY)


def test_a_result_is_three_lines_and_its_short_form_says_the_score(result: Any) -> None:
    assert len(str(result).splitlines()) == 3
    n = result.evaluation.n
    assert repr(result).startswith(f"<TrainResult {result.run.folder}: ")
    assert repr(result).endswith(f" on {n} test images>")
    assert f"{100 * result.evaluation.accuracy.value:.1f} %" in str(result)


def test_nothing_prints_a_list_of_paths(result: Any) -> None:
    from convwise.images.prepare import prepare
    from convwise.images.split import split_images

    index, _ = prepare(result.run.settings.folder, shape=ImageShape.of(16))
    for each in (index, split_images(index, seed=0), result.evaluation, result, result.run.predictions):
        assert len(repr(each)) < 250
        assert not any(path in repr(each) for path in index.paths)


def test_a_run_keeps_what_its_network_answered(result: Any) -> None:
    kept = result.run.predictions
    split = result.run.split
    assert kept.paths.tolist() == [*split["validation"], *split["test"]]
    assert kept.sides.tolist() == ["validation"] * len(split["validation"]) + ["test"] * len(split["test"])
    assert [kept.class_names[i] for i in kept.labels] == [path.partition("/")[0] for path in kept.paths]
    assert np.allclose(kept.probabilities.sum(axis=1), 1, atol=1e-5)
    tested = kept.sides == "test"
    right = kept.probabilities[tested].argmax(axis=1) == kept.labels[tested]
    assert right.mean() == pytest.approx(result.evaluation.accuracy.value)


def test_its_answers_are_those_of_predict(result: Any) -> None:
    kept = result.run.predictions
    path = Path(result.run.settings.folder) / kept.paths[-1]
    [answer] = convwise.predict(result.run, [path])
    assert answer.probability == pytest.approx(float(kept.probabilities[-1].max()), abs=1e-5)


@pytest.mark.parametrize("content", [b"", b"nothing", None])
def test_damaged_answers_are_one_line(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(RequestError, match=FILE):
        Predictions.load(tmp_path)


@pytest.mark.parametrize(
    ("terminal", "quiet", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_progress_shows_by_itself_where_a_person_looks_on(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, quiet: bool, shown: bool
) -> None:
    screen = io.StringIO()

    def console(**options: Any) -> Console:
        return Console(file=screen, force_terminal=terminal, highlight=False, quiet=options.get("quiet", False))

    monkeypatch.setattr(progress, "Console", console)
    with progress.training_hooks(None, quiet=quiet) as hooks:
        hooks.note("a line of text")
    assert ("a line of text" in screen.getvalue()) == shown


def test_hooks_of_the_callers_own_hear_instead(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []
    with progress.training_hooks(Hooks(note=heard.append), quiet=False) as hooks:
        hooks.note("a line")
    assert heard == ["a line"]
    assert capsys.readouterr().err == ""
