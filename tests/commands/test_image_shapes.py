"""Pictures of one channel and of two different sides, from what is typed to the saved model and its predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import convwise
from convwise import cli
from convwise.commands.train import train_request
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.images.reading import load_pixels
from convwise.runs import Run
from convwise.training.hooks import Hooks

SMALL: dict[str, Any] = {"net": "simple", "batch": 8, "settings": ["conv.filters=4"], "recipe": "plain", "epochs": 2}
TYPED = ["--net", "simple", "--batch", "8", "--set", "conv.filters=4", "--recipe", "plain", "--epochs", "2"]
OWN = """
import keras
def build(input_shape, n_classes):
    assert input_shape == (24, 40, 1), input_shape
    pixels = keras.Input(input_shape)
    x = keras.layers.Conv2D(4, 3, activation="relu")(pixels)
    return keras.Model(pixels, keras.layers.Dense(n_classes)(keras.layers.GlobalAveragePooling2D()(x)))
"""


def gray_by_ourselves(path: Path, height: int, width: int) -> np.ndarray:
    """A picture of twice the sides, halved by means of 2 x 2 pixels and turned gray, without this package."""
    colours = np.asarray(Image.open(path).convert("RGB"), float)
    small = colours.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))
    return np.asarray((small @ [0.299, 0.587, 0.114])[..., None])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """48 x 80 pictures in two classes, told apart by their brightness on one side."""
    random = np.random.default_rng(3)
    for name, bright in (("left", slice(0, 40)), ("right", slice(40, 80))):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for i in range(16):
            pixels = random.integers(0, 60, (48, 80, 3), np.uint8)
            pixels[:, bright] += 150
            Image.fromarray(pixels).save(folder / f"{i}.png")
    return tmp_path / "data"


def test_from_the_command_line_to_the_saved_model(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    asked = ["train", str(data), *TYPED, "--epochs", "25", "--size", "24x40", "--channels", "1"]
    assert cli.main([*asked, "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["settings"]["recipe"]["size"], plan["settings"]["recipe"]["channels"]) == ("24x40", 1)
    assert any("24x40 px, gray" in note for note in plan["notes"])
    assert cli.main([*asked, "--out", str(run), "--quiet"]) == 0
    assert {"worst_mistakes.png", "model.keras"} <= {path.name for path in run.iterdir()}
    evaluation = Run.open(run).evaluation
    assert evaluation.accuracy.value == 1  # the sides differ by more than noise
    again = convwise.evaluate(run).evaluation
    assert (again.confusion, again.log_loss.value) == (evaluation.confusion, evaluation.log_loss.value)
    capsys.readouterr()
    pictures = sorted(data.rglob("*.png"))[::5]
    assert cli.main(["predict", str(run), *map(str, pictures), "--json", "--quiet"]) == 0
    answers = json.loads(capsys.readouterr().out)
    model = keras.models.load_model(run / "model.keras")
    assert model.input_shape == (None, 24, 40, 1)
    rows = np.asarray(model(np.stack([gray_by_ourselves(path, 24, 40) for path in pictures])))
    for answer, row, path in zip(answers, rows, pictures, strict=True):
        assert answer["label"] == path.parent.name
        assert answer["probability"] == pytest.approx(row.max(), abs=0.01)  # means and luma are not rounded here
    assert cli.main(["explain", str(run), "--json", "--figures", str(tmp_path / "figures")]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert explained["input_shape"] == [24, 40, 1]
    assert len(explained["figures"]) == 3


def test_a_stopped_run_goes_on_to_the_same_end(data: Path, tmp_path: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        raise StoppedError

    asked = {**SMALL, "recipe": "fast", "size": "24x40", "channels": 1, "seed": 5}
    whole = convwise.train(data, **asked, out=tmp_path / "whole", quiet=True)
    with pytest.raises(StoppedError):
        convwise.train(data, **asked, out=tmp_path / "halves", hooks=Hooks(epoch=stop))
    halves = convwise.resume(tmp_path / "halves", quiet=True)
    models = [keras.models.load_model(each.run.model_path) for each in (whole, halves)]
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "written",
    ['size = "24x40"\nchannels = 1\n', "size = [24, 40]\nchannels = 1\n", '{"size": "24x40", "channels": 1}',
     '{"size": [24, 40], "channels": 1}'],
)  # fmt: skip
def test_files_and_keywords_ask_for_the_same(tmp_path: Path, written: str) -> None:
    file = tmp_path / ("asked.json" if written.startswith("{") else "asked.toml")
    file.write_text(written)
    recipe = train_request("data", config=file).full_recipe
    assert recipe == train_request("data", size=(24, 40), channels=1).full_recipe
    assert recipe.shape == ImageShape(24, 40, 1)
    # What is given by keyword wins, under whatever name the file has it.
    file.write_text(written.replace("size", "size_px"))
    assert train_request("data", config=file).full_recipe == recipe
    assert train_request("data", config=file, size=16).full_recipe.shape == ImageShape(16, 16, 1)


@pytest.mark.parametrize(
    ("size", "channels", "says"),
    [
        ("0x64", 3, "size=0x64: it must be a whole number from 8 to 1,024, or two as height x width, such as 64x96"),
        ("64x", 3, "size=64x: it must be"),
        ("64x96x3", 3, "size=64x96x3: it must be"),
        ("wide", 3, "size=wide: it must be"),
        ("7x64", 3, "size=7x64: it must be"),
        ("64x1025", 3, "size=64x1025: it must be"),
        (4, 3, "size=4: it must be"),
        (64, 2, "channels=2: it must be 3, for red, green and blue, or 1, for gray"),
        (64, 0, "channels=0: it must be"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int | str, channels: int, says: str
) -> None:
    for verb in (convwise.train, convwise.study):
        with pytest.raises(RequestError) as caught:
            verb(tmp_path / "nowhere", size=size, channels=channels)
        assert str(caught.value).startswith(says)
    with pytest.raises(RequestError) as caught:
        convwise.explain("simple", size=size, channels=channels)
    assert str(caught.value).startswith(says)
    for words in (["train", "nowhere"], ["study", "nowhere"], ["explain", "simple"]):
        assert cli.main([*words, "--size", str(size), "--channels", str(channels)]) == 2
        typed = says.replace("size=", "--size ").replace("channels=", "--channels ")
        error = capsys.readouterr().err
        assert error.startswith(f"convwise: {typed}")
        assert error.count("\n") == 1


def test_a_network_that_a_side_is_too_short_for_says_so(data: Path, tmp_path: Path) -> None:
    for size in ("96x16", "16x96"):
        with pytest.raises(RequestError, match=rf"net=vgg cannot be built at size={size} .* at least 32 px, not 16"):
            convwise.train(data, net="vgg", size=size, out=tmp_path / "run")
        with pytest.raises(RequestError, match=rf"net=simple cannot be built at size={size}.*larger size"):
            convwise.explain("simple", size=size, settings=["net.stages=4", "conv.padding=valid"])
    assert not (tmp_path / "run").exists()


def test_pretrained_weights_take_rectangles_but_no_gray(data: Path, tmp_path: Path) -> None:
    says = "channels=1: pretrained weights are made for RGB"
    for weights in ("imagenet", "weights.h5"):
        with pytest.raises(RequestError, match=says):
            convwise.train(tmp_path / "nowhere", net="MobileNetV2", weights=weights, channels=1)
    with pytest.raises(RequestError, match="channels=1: net=MobileNetV2 is Keras's own and takes RGB"):
        convwise.explain("MobileNetV2", channels=1)
    trained = convwise.train(data, **SMALL, size=24, out=tmp_path / "first", quiet=True).run.model_path
    asked = {**SMALL, "epochs": 1, "recipe": "finetune", "size": "32x48"}
    run = convwise.train(data, **asked, weights=trained, out=tmp_path / "second", quiet=True).run
    assert keras.models.load_model(run.model_path).input_shape == (None, 32, 48, 3)


def test_a_network_of_ones_own_is_given_the_shape(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    assert convwise.explain(f"{file}:build", size="24x40", channels=1).table.input_shape == (24, 40, 1)
    asked = {"recipe": "plain", "epochs": 1, "batch": 8, "size": "24x40", "channels": 1, "quiet": True}
    run = convwise.train(data, net=f"{file}:build", **asked, out=tmp_path / "own").run
    assert keras.models.load_model(run.model_path).input_shape == (None, 24, 40, 1)
    # A file has its own channels; its height and width are changed where the layers allow.
    with pytest.raises(RequestError, match=r"it takes 24x40x1; the images are 64x64x3; train on channels=1"):
        convwise.train(data, net=str(run.model_path), out=tmp_path / "colour")
    model = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(),
                              keras.layers.Dense(2)])  # fmt: skip
    model.save(tmp_path / "square.keras")
    run = convwise.train(data, net=str(tmp_path / "square.keras"), **asked, out=tmp_path / "file").run
    assert keras.models.load_model(run.model_path).input_shape == (None, 24, 40, 1)


def test_a_model_has_a_shape_of_its_own(data: Path, tmp_path: Path) -> None:
    pixels = keras.Input((None, None, 1))
    maps = keras.layers.Conv2D(2, 3, padding="same")(pixels)
    model = keras.Model(pixels, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(maps)))
    table = convwise.explain(model, size="24x40").table
    assert table.rows[0].output_shape == (24, 40, 2)
    with pytest.raises(RequestError, match="channels= are for a network by name"):
        convwise.explain(model, channels=1)
    run = convwise.train(data, **SMALL, size=16, out=tmp_path / "run", quiet=True).run
    with pytest.raises(RequestError, match="size=16x24: a run has a size of its own"):
        convwise.explain(run.folder, size="16x24")


@pytest.mark.slow
def test_a_study_and_what_is_trained_from_it_have_the_shape(data: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"size": "16x24", "channels": 1, "runs": 6, "parameters": ["padding"]}
    result = convwise.study(data, **asked, settings=["net.width=2"], epochs=1, out=tmp_path / "study", quiet=True)
    assert result.size == "16x24"
    assert result.failures == ()
    run = convwise.train(data, from_study=tmp_path / "study", epochs=1, batch=8, out=tmp_path / "run", quiet=True).run
    assert run.settings.recipe.shape == ImageShape(16, 24, 1)


def test_a_classifier_of_scikit_learn_takes_it(data: Path) -> None:
    from convwise.sklearn import ImageClassifier

    paths = sorted(data.rglob("*.png"))
    asked = {key: value for key, value in SMALL.items() if key != "epochs"}
    classifier = ImageClassifier(**asked, epochs=25, size=(24, 40), channels=1)
    assert classifier.fit(paths, [path.parent.name for path in paths]).predict(paths[::9]).tolist() == [
        path.parent.name for path in paths[::9]
    ]
    assert classifier.get_params()["size"] == (24, 40)
    with classifier.run_.opened() as run:
        assert run.settings.recipe.shape == ImageShape(24, 40, 1)


def test_gray_of_gray_pictures_is_one_of_their_three_channels(picture_folder: Callable[..., Path]) -> None:
    folder = picture_folder(n_classes=2, per_class=2)
    for path in folder.rglob("*.png"):
        Image.open(path).convert("L").save(path)
        one, three = (load_pixels(path, shape=ImageShape(24, 40, n), resize="pad") for n in (1, 3))
        assert np.array_equal(np.repeat(one, 3, axis=2), three)
