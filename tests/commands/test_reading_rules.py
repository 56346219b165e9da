"""A run reads later pictures as it read its own, and says what goes beyond."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convwise import cli
from convwise.commands.evaluate import evaluate
from convwise.commands.predict import predict
from convwise.images.rules import MAX_PIXELS, Rules
from convwise.runs import Run, RunSettings

MIDDLES = {"low": 800, "high": 2400}


def save(path: Path, middle: int, seed: int, side: int = 48) -> None:
    """Twelve bits in sixteen: noise around a middle; by value // 257 four gray levels are left of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(middle - 300, middle + 300, (side, side))
    Image.fromarray(noise.astype(np.uint16)).save(path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run on pictures of twelve bits, of which one is larger than it may be, and what was said."""
    import contextlib
    import io

    place, said = tmp_path_factory.mktemp("deep"), io.StringIO()
    for name, middle in MIDDLES.items():
        for i in range(40):
            save(place / "data" / name / f"{i}.{('png', 'tif')[i % 2]}", middle, i + middle)
    save(place / "data" / "low" / "large.png", 800, 99, side=60)
    (place / "data/lost").mkdir()
    (place / "data/lost/a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(600))
    options = ["--net", "simple", "--size", "32", "--epochs", "12", "--batch", "8", "--most-pixels", "3000"]
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
        assert cli.main(["train", str(place / "data"), *options, "--out", str(place / "run")]) == 0
    return place, said.getvalue()


@pytest.mark.slow
def test_what_four_gray_levels_could_not_tell_is_learnt_and_said(trained: tuple[Path, str]) -> None:
    place, said = trained
    run = Run.open(place / "run")
    assert run.evaluation.accuracy.value > 0.9  # by chance 0.5
    assert "16-bit pictures: 12 bits in use, scaled by 4095" in said
    assert "class lost is left out: all 1 pictures are unreadable (HEIC: not read here" in " ".join(said.split())
    assert run.settings.reading == Rules(bits=12, most_pixels=3000)
    assert run.summary["n_unreadable"] == 2


@pytest.mark.slow
def test_later_pictures_are_read_the_same_way(trained: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    place, _ = trained
    save(place / "new/high/usual.png", 2400, 1)
    save(place / "new/high/beyond.png", 9000, 2)
    save(place / "new/low/large.png", 800, 3, side=60)
    save(place / "new/low/usual.png", 800, 4)
    beyond, usual, large, low = predict(place / "run", [place / "new"])
    assert (usual.label, usual.warning, low.label) == ("high", None, "low")
    assert beyond.warning == "1 picture goes beyond 12 bits, cut off at 4095"
    assert large.error == "60 x 60 pixels, the limit is 3,000"
    assert predict(place / "run", [place / "new/low/large.png"], most_pixels=4000)[0].label == "low"
    assert cli.main(["predict", str(place / "run"), str(place / "new"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert [row.get("warning") for row in json.loads(out)] == [beyond.warning, None, None, None]
    assert f"{place}/new/high/beyond.png: 1 picture goes beyond" in err.replace("\n", "")
    result = evaluate(place / "run", data=place / "new")
    assert result.notes == ("1 picture goes beyond 12 bits, cut off at 4095: high/beyond.png",)
    assert result.evaluation.n == 3
    assert evaluate(place / "run").evaluation == Run.open(place / "run").evaluation


def test_an_older_record_is_read_as_it_was() -> None:
    from tests.study.simulated import SPEC

    values: dict[str, Any] = SPEC.to_dict()
    assert type(SPEC).from_dict(json.loads(json.dumps(values))) == SPEC
    for name in ("reading", "seed", "n_folds", "pretrained"):
        del values[name]
    older = RunSettings.from_dict({**values, "split_digest": ""})
    assert older.reading == Rules(bits=16, most_pixels=MAX_PIXELS)
