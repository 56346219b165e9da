"""explain: a network by name, a run, a file, a model; what it refuses; its figures."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

import convwise
from convwise import cli
from convwise.conv2d import network_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build

HUGE = ["--size", "16", "--set", "conv.kernel_size=99"]
SMALL = {"vgg": ["net.width=4", "net.depth=11"], "resnet": ["net.width=8"], "inception": ["net.width=0.25"]}


def branching() -> keras.Model:
    """Two branches of 3x3 and 5x5 windows, joined; then a dense layer on the mean."""
    pixels = keras.Input((24, 24, 3))
    three = keras.layers.Conv2D(4, 3, padding="same", name="three")(pixels)
    five = keras.layers.Conv2D(6, 5, padding="same", name="five")(pixels)
    x = keras.layers.Concatenate(name="joined")([three, five])
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(x), name="branching")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_networks_totals_are_the_sums_of_its_layers_and_kerass_count(name: str) -> None:
    explanation = convwise.explain(name, size=48, settings=SMALL.get(name, []))
    printed = json.loads(json.dumps(explanation.to_dict()))
    assert printed["totals"]["weights"] == explanation.model.count_params()
    assert printed["totals"]["weights"] == sum(layer["weights"] for layer in printed["layers"])
    assert printed["totals"]["multiply_adds"] == sum(layer["multiply_adds"] for layer in printed["layers"])
    assert {"name", "type", "output_shape", "receptive_field", "weights", "multiply_adds", "activation_bytes"} <= set(
        printed["layers"][0]
    )
    assert all(finding["source"] and finding["fix"] for finding in printed["findings"])


def test_a_model_of_ones_own_is_explained_branches_and_all(tmp_path: Path) -> None:
    model = branching()
    table = convwise.explain(model).table
    assert table.totals.weights == (27 + 1) * 4 + (75 + 1) * 6 + 11 * 2
    assert table.totals.multiply_adds == 24 * 24 * (27 * 4 + 75 * 6) + 10 * 2
    seen = table.row("joined").receptive_field
    assert seen is not None
    assert seen.size == (5, 5)
    model.save(tmp_path / "branching.keras")
    again = convwise.explain(tmp_path / "branching.keras")
    assert again.table.rows == table.rows


def test_settings_change_the_table_and_are_told_apart() -> None:
    before = convwise.explain("stridednet", size=96)
    after = convwise.explain("stridednet", size=96, settings=["conv.kernel_size=5", "conv2d_3.dilation_rate=2"])
    assert after.table.row("conv2d_1").weights == 5 * 5 * 16 * 32 + 32
    assert before.table.row("conv2d_1").weights == 3 * 3 * 16 * 32 + 32
    seen = after.table.row("conv2d_3").receptive_field
    assert seen is not None
    assert seen.size[0] == after.table.row("conv2d_2").receptive_field.size[0] + 4 * (9 - 1)  # type: ignore[union-attr]
    assert after.changes == ("conv.kernel_size=5x5: changed 7 layers", "conv2d_3.dilation_rate=2x2: changed conv2d_3")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "neither a network"),
        (["simple", "--size", "4"], "--size 4"),
        (["simple", "--classes", "1"], "--classes 1"),
        (["simple", "--batch", "0"], "--batch 0"),
        (["simple", "--silence", "evenwindow"], "even_window"),
        (["simple", "--set", "conv9.filters=3"], "conv"),
        (["simple", "--set", "conv2d.groups=2"], "conv2d.groups=2: groups=2 does not divide the 3 channels"),
        (["simple", "--set", "conv.strides=2"], "does not shrink the map"),
        (["simple", "--image", "a.png"], "--figures"),
        (["simple", "--figures", "{place}/figures"], "--image"),
        (["simple", "--figures", "{place}/figures", "--image", "{place}/text.keras"], "--image"),
        (["{place}"], "no run in this folder"),
        (["{place}/text.keras"], "neither a .keras file nor an HDF5 file"),
        (["{place}/text.keras", "--size", "0"], "--size 0"),
        (["{place}/text.keras", "--size", "99999999999999999999"], "--size 99999999999999999999"),
        (["simple", "--size", "99999999999999999999"], "--size 99999999999999999999"),
        (["simple", "--batch", "99999999999999999999"], "--batch 99999999999999999999"),
        (["simple", "--classes", "99999999999999999999"], "--classes 99999999999999999999"),
        (["resnet", *HUGE, "--figures", "{place}/figures", "--image", "{place}/a.png"], "2,991,789,284 weights"),
    ],
)
def test_a_wrong_request_gets_one_line_and_exit_code_2(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.keras").write_text("not a model")
    Image.new("RGB", (16, 16)).save(tmp_path / "a.png")
    assert cli.main(["explain", *(argument.format(place=tmp_path) for argument in arguments)]) == 2
    answer = capsys.readouterr()
    assert answer.out == ""
    assert says in answer.err
    assert answer.err.count("\n") == 1
    assert not (tmp_path / "figures").exists()


def test_weights_that_nobody_asks_for_take_no_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    explanation = convwise.explain("resnet", size=16, settings=["conv.kernel_size=99"])
    width, convolutions, narrow = 32, 0, 0
    channels = 3
    for number, stage in enumerate((width, 2 * width, 4 * width, 8 * width)):
        convolutions += channels * stage if number == 0 else 0  # the stem
        channels = stage if number == 0 else channels
        convolutions += channels * stage + 3 * stage * stage  # two blocks of two
        narrow += channels * stage if channels != stage else 0  # the shortcut's 1x1
        channels = stage
    kernels = [row for row in explanation.table.rows if row.type == "Conv2D"]
    assert sum(row.weights for row in kernels) == 99 * 99 * convolutions + narrow
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB; the weights are 12 GB


def test_a_network_by_name_has_its_numbers_once_they_are_asked_for() -> None:
    explanation = convwise.explain("simple", size=16)
    answer = explanation.model.predict_on_batch(np.ones((2, 16, 16, 3), "float32"))
    assert np.allclose(answer.sum(axis=1), 1)
    assert explanation.model is explanation.model


def test_keras_does_not_give_numbers_later_to_weights_without() -> None:
    options: dict[str, Any] = {"shape": ImageShape.of(16), "n_classes": 4, "settings": network_settings(()), "seed": 0}
    model = build("simple", precision="float32", numbers=False, **options).model
    with keras.StatelessScope():
        pass  # leaving it, Keras gives values to all weights that it knows to wait
    assert {weight._value is None for weight in model.weights} == {True}


def sized(*shapes: tuple[int | None, ...]) -> keras.Model:
    keras.backend.clear_session(free_memory=False)
    given = [keras.Input(shape) for shape in shapes]
    x = keras.layers.Concatenate()(given) if len(given) > 1 else given[0]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="convolution")(x))
    return keras.Model(given, keras.layers.Dense(2)(x))


@pytest.mark.parametrize(
    ("shapes", "more", "side", "channels", "says"),
    [
        ([(None, None, 3)], [], 64, 3, "64 px is taken; size=PX takes another"),
        ([(None, None, 3)], ["--size", "40"], 40, 3, ""),
        ([(28, 28, 1)], [], 28, 1, ""),
        ([(24, 24, 3)], ["--size", "30"], 30, 3, ""),
        ([(24, 24, 3), (24, 24, 1)], [], 24, 4, "takes 24x24x3 and 24x24x1: findings that follow one image"),
        ([(None, None, 3), (None, None, 3)], [], 64, 6, "64 px is taken"),
    ],
)
def test_a_file_of_any_inputs_is_explained(
    shapes: list[tuple[int | None, ...]],
    more: list[str],
    side: int,
    channels: int,
    says: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sized(*shapes).save(tmp_path / "model.keras")
    assert cli.main(["explain", str(tmp_path / "model.keras"), "--json", *more]) == 0
    printed = json.loads(capsys.readouterr().out)
    [row] = [layer for layer in printed["layers"] if layer["name"] == "convolution"]
    assert row["output_shape"] == [side - 2, side - 2, 4]
    assert row["multiply_adds"] == (side - 2) ** 2 * 9 * channels * 4
    assert says in " ".join(printed["notes"])
    assert bool(printed["notes"]) == bool(says)
    assert any(finding["rule"] == "map_never_shrunk" for finding in printed["findings"]) == (len(shapes) == 1)


def test_a_size_that_a_model_cannot_take_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sized((24, 24, 3)).save(tmp_path / "model.keras")
    assert cli.main(["explain", str(tmp_path / "model.keras"), "--size", "2"]) == 2
    answer = capsys.readouterr()
    assert "layer=convolution: it cannot take images of this size" in answer.err
    assert answer.err.count("\n") == 1


def test_a_model_takes_no_settings() -> None:
    with pytest.raises(RequestError, match="for a network by name"):
        convwise.explain(branching(), settings=["conv.filters=3"])


def test_a_run_is_explained_with_its_settings_and_drawn_on_its_own_picture(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = picture_folder()
    settings = ["conv.kernel_regularizer=l2:0.5"]
    result = convwise.train(data, net="simple", size=32, epochs=1, settings=settings, out=tmp_path / "run")
    assert cli.main(["explain", str(result.run.folder), "--figures", str(tmp_path / "figures")]) == 0
    said = capsys.readouterr().out
    assert "conv.kernel_regularizer=l2:0.5: changed conv2d, conv2d_1, conv2d_2" in said
    assert "l2_outside_range" in said
    for name in ("filters.png", "feature_maps.png", "receptive_fields.png"):
        with Image.open(tmp_path / "figures" / name) as figure:
            assert min(figure.size) > 200
            assert len(np.unique(np.asarray(figure.convert("L")))) > 20


def test_silence_leaves_a_finding_out(capsys: pytest.CaptureFixture[str]) -> None:
    def rules(*more: str) -> set[str]:
        assert cli.main(["explain", "stridednet", "--json", *more]) == 0
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {finding["rule"] for finding in printed["findings"]}

    assert "first_window" in rules()
    assert "first_window" not in rules("--silence", "first_window")


def test_a_network_of_keras_is_explained_as_train_would_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    """With a classifier for its classes; settings, which it does not take, are refused and never advised."""
    explanation = convwise.explain("mobilenetv2", size=96, classes=7)
    assert explanation.subject == "MobileNetV2"
    assert explanation.table.rows[-1].output_shape[-1] == 7
    assert explanation.findings
    assert not any("settings=" in finding.fix for finding in explanation.findings)
    assert cli.main(["explain", "MobileNetV2", "--set", "conv.kernel_size=5"]) == 2
    assert "takes no settings" in capsys.readouterr().err


def test_findings_advise_only_options_that_explain_takes_for_the_same_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name there are --set and --size; of a model's file --size alone."""
    assert cli.main(["explain", "simple", "--set", "conv.kernel_size=4"]) == 0
    assert "--set conv.kernel_size=5" in capsys.readouterr().out
    model = convwise.explain("simple", settings=["conv.kernel_size=4"]).model
    model.save(tmp_path / "simple.keras")
    assert cli.main(["explain", str(tmp_path / "simple.keras")]) == 0
    printed = capsys.readouterr().out
    assert "give conv2d" in " ".join(printed.split())
    assert "--set" not in printed


def test_full_gives_each_layer_a_line_where_blocks_share_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["explain", "resnet", "--size", "32"]) == 0
    folded = capsys.readouterr().out
    assert cli.main(["explain", "resnet", "--size", "32", "--full"]) == 0
    printed = capsys.readouterr().out
    n_layers = len(convwise.explain("resnet", size=32).table.rows)
    assert n_layers > 60
    assert f"{n_layers} layers in" in folded
    assert f"{n_layers} layers," in printed
    assert folded.count("\n") < n_layers < printed.count("\n")
