"""A training from pretrained weights: what it records, that it resumes exactly, what it refuses."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import convwise
from convwise import cli
from convwise.errors import ConvwiseError, RequestError
from convwise.images.image_shape import ImageShape
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.hooks import Hooks
from convwise.transfer.weight_files import sha256_of
from tests.transfer.weight_files import write_keras_1

QUICK: dict[str, Any] = {"net": "simple", "size": 32, "epochs": 3, "batch": 8, "settings": ["net.width=8"]}


class StoppedError(Exception):
    """The test's own interruption."""


@pytest.fixture
def data(picture_folder: Callable[..., Path]) -> Path:
    return picture_folder(size_px=32)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Any weights of the simple network of width 8, in the layout of Keras 1."""
    from convwise.conv2d import parse_settings
    from convwise.nets import build

    model = build(
        "simple",
        shape=ImageShape.of(32),
        n_classes=9,
        settings=parse_settings(["net.width=8"]),
        seed=5,
        precision="float32",
    ).model
    layers = [(f"stored_{n}", layer.get_weights()) for n, layer in enumerate(model.layers)]
    return write_keras_1(tmp_path / "simple.h5", layers)


def ends(run: Path) -> list[Any]:
    loaded = CheckpointFolder(run / "checkpoint").load()
    assert loaded is not None
    return [*loaded[1], *loaded[2]]


def require_same(one: Path, other: Path) -> None:
    for a, b in zip(ends(one), ends(other), strict=True):
        assert np.array_equal(a, b)
    assert (one / "evaluation.json").read_text() == (other / "evaluation.json").read_text()
    assert (one / "settings.json").read_text() == (other / "settings.json").read_text()


def test_a_frozen_body_gets_a_classifier_and_keeps_its_weights(data: Path, weights: Path, tmp_path: Path) -> None:
    result = convwise.train(data, weights=weights, tune="frozen", out=tmp_path / "run", **QUICK)
    assert result.evaluation is not None
    assert result.evaluation.accuracy.value == 1  # the pictures differ by colour
    assert (result.run.summary["epochs"], result.run.summary["best_epoch"]) == (0, 0)
    start = json.loads((tmp_path / "run" / "settings.json").read_text())["pretrained"]
    assert (start["weights"], start["sha256"], start["tune"]) == ("simple.h5", sha256_of(weights), "frozen")
    losses = start["preprocessing_log_losses"]
    assert start["preprocessing"]["name"] == min(losses, key=losses.get)
    assert start["c_log_losses"][f"{start['c']:g}"] == min(start["c_log_losses"].values())
    assert len(start["stages"]) == 1
    assert result.run.settings.pretrained is not None
    assert result.run.settings.pretrained.to_dict() == {**start, "stages": tuple(start["stages"])} | {
        "preprocessing": result.run.settings.pretrained.preprocessing.to_dict()
    }
    from convwise.nets.activations import leaf_layers
    from convwise.transfer.weight_files import read_weights

    trained = keras.models.load_model(tmp_path / "run" / "model.keras")
    kernels = [each.get_weights()[0] for each in leaf_layers(trained) if isinstance(each, keras.layers.Conv2D)]
    stored = [layer.arrays[0] for layer in read_weights(weights)]
    assert all(np.array_equal(a, b) for a, b in zip(kernels[1:], stored[1:], strict=False))
    assert np.array_equal(np.sort(kernels[0], axis=2), np.sort(stored[0], axis=2))


def test_fine_tuning_changes_the_body_and_starts_from_the_frozen_score(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    convwise.train(data, weights=weights, tune="frozen", out=tmp_path / "frozen", **QUICK)
    result = convwise.train(data, weights=weights, out=tmp_path / "full", **QUICK)
    assert result.run.settings.recipe.name == "finetune"
    assert result.run.settings.pretrained is not None
    assert result.run.settings.pretrained.tune == "full"
    rows = [json.loads(line) for line in (tmp_path / "full" / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    frozen = json.loads((tmp_path / "frozen" / "metrics.jsonl").read_text())
    assert {k: v for k, v in rows[0].items() if k != "seconds"} == {k: v for k, v in frozen.items() if k != "seconds"}
    assert not all(
        np.array_equal(a, b) for a, b in zip(ends(tmp_path / "full"), ends(tmp_path / "frozen"), strict=False)
    )
    assert result.run.summary["best_epoch"] == min(rows, key=lambda row: row["val_loss"])["epoch"]


def test_a_training_stopped_after_any_epoch_ends_with_the_same_weights(
    data: Path, weights: Path, tmp_path: Path
) -> None:
    convwise.train(data, weights=weights, out=tmp_path / "whole", **QUICK)

    def stop_at(epoch: int) -> Hooks:
        def heard(row: dict[str, float]) -> None:
            if row["epoch"] == epoch:
                raise StoppedError

        return Hooks(epoch=heard)

    with pytest.raises(StoppedError):
        convwise.train(data, weights=weights, out=tmp_path / "parts", hooks=stop_at(0), **QUICK)
    weights_elsewhere = weights.rename(tmp_path / "gone.h5")  # not needed any more
    with pytest.raises(StoppedError):
        convwise.resume(tmp_path / "parts", hooks=stop_at(2))
    convwise.resume(tmp_path / "parts")
    weights_elsewhere.rename(weights)
    require_same(tmp_path / "whole", tmp_path / "parts")


def test_a_training_stopped_in_its_first_stage_does_it_again(data: Path, weights: Path, tmp_path: Path) -> None:
    convwise.train(data, weights=weights, out=tmp_path / "whole", **QUICK)

    def heard(text: str) -> None:
        if text.startswith("classifier"):
            raise StoppedError

    with pytest.raises(StoppedError):
        convwise.train(data, weights=weights, out=tmp_path / "parts", hooks=Hooks(note=heard), **QUICK)
    assert CheckpointFolder(tmp_path / "parts" / "checkpoint").load() is None
    content = weights.read_bytes()
    weights.write_bytes(content + b"\0")
    with pytest.raises(RequestError, match="they have changed since the run began"):
        convwise.resume(tmp_path / "parts")
    weights.write_bytes(content)
    convwise.resume(tmp_path / "parts")
    require_same(tmp_path / "whole", tmp_path / "parts")


def test_a_run_of_convwise_is_a_start_for_another(data: Path, tmp_path: Path) -> None:
    """With batch normalisation; the preprocessing that it was trained with is among those tried."""
    small: dict[str, Any] = {"net": "narrowresnet", "size": 32, "epochs": 2, "batch": 8, "settings": ["net.width=8"]}
    first = convwise.train(data, out=tmp_path / "first", **small)
    result = convwise.train(data, weights=first.run.model_path, out=tmp_path / "second", **small)
    assert result.evaluation is not None
    assert result.evaluation.accuracy.value == 1
    explained = convwise.explain(tmp_path / "second")
    assert explained.table.totals.weights == result.run.summary["n_weights"]
    answers = convwise.predict(result.run, [data])
    assert all(answer.label in Path(answer.path).parent.name for answer in answers)


def test_batch_normalisation_follows_the_file(data: Path, tmp_path: Path) -> None:
    from convwise.conv2d import NetworkSettings, parse_settings
    from convwise.transfer.asked import settings_for_file
    from convwise.transfer.start import Pretrained

    def start(*arrays: np.ndarray[Any, Any]) -> Pretrained:
        path = write_keras_1(tmp_path / f"{len(arrays)}.h5", [("one", arrays)])
        return Pretrained(path.name, str(path), "", "full")

    without, having = start(np.zeros((1, 1, 3, 2))), start(*np.zeros((4, 2)))
    assert settings_for_file("squeezenet", NetworkSettings(), without).options == {"batch_norm": False}
    assert settings_for_file("squeezenet", NetworkSettings(), having).options == {"batch_norm": True}
    told = parse_settings(["net.batch_norm=true"])
    assert settings_for_file("squeezenet", told, without) == told
    assert settings_for_file("resnet", NetworkSettings(), without) == NetworkSettings()
    assert settings_for_file("MobileNetV2", NetworkSettings(), without) == NetworkSettings()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--net", "simple", "--weights", "{none}"], "No such file"),
        (["--net", "simple", "--weights", "{broken}"], "cannot be read as Keras weights"),
        (
            ["--net", "squeezenet", "--weights", "{weights}"],
            "layer 1 of the network's 25, conv1, needs 3x3x3x64 and 64",
        ),
        (["--net", "simple", "--weights", "{weights}"], "layer 1 of the network's 3, conv2d, needs 3x3x3x32 and 32"),
        (["--net", "nothing", "--weights", "{weights}"], "there is no such network"),
        (["--weights", "{weights}"], "--net NAME"),
        (["--tune", "frozen"], "--weights FILE"),
        (["--net", "simple", "--weights", "{weights}", "--tune", "half"], "choose one of full, frozen"),
        (["--net", "simple", "--weights", "imagenet"], "Keras has none for --net simple"),
        (["--net", "mobilenetv2"], "there is no such network"),
        (["--net", "inceptionv3", "--weights", "{weights}"], "another --size"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_is_written(
    data: Path, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    (tmp_path / "broken.h5").write_bytes(b"no weights")
    places = {"{weights}": weights, "{broken}": tmp_path / "broken.h5", "{none}": tmp_path / "none.h5"}
    given = [str(places.get(argument, argument)) for argument in arguments]
    code: object = None
    try:
        code = cli.main(["train", str(data), "--size", "32", "--out", str(tmp_path / "run"), *given])
    except SystemExit as stop:  # by which the parser refuses a choice
        code = stop.code
    assert code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    errors = [line for line in printed.err.splitlines() if line.startswith("convwise:")]
    assert len(errors) == 1
    assert said in errors[0]
    assert not (tmp_path / "run").exists()


def test_json_stays_clean_and_the_config_file_knows_the_weights(data: Path, weights: Path, tmp_path: Path) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(f'net = "simple"\nweights = "{weights}"\ntune = "frozen"\nset = ["net.width=8"]\nsize = 32\n')
    command = [sys.executable, "-m", "convwise.cli", "train", str(data), "--config", str(config), "--json"]
    done = subprocess.run([*command, "--out", str(tmp_path / "run")], capture_output=True, text=True, check=True)
    printed = json.loads(done.stdout)
    assert printed["settings"]["pretrained"]["weights"] == "simple.h5"
    assert "preprocessing: " in done.stderr
    with pytest.raises(ConvwiseError, match="tune"):
        convwise.train(data, config=config, tune="none", out=tmp_path / "other")
