"""The main job on the real pictures. Set CONVWISE_TEST_CALTECH101 to the archive, or to the folder that holds it."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.cli import main
from convwise.conv2d import NetworkSettings, parse_settings
from convwise.nets import NETWORKS
from tests.conftest import caltech_archive, made_once

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(caltech_archive() is None, reason="CONVWISE_TEST_CALTECH101 names no Caltech-101 archive"),
]


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the pictures in it, unpacked once."""

    def add(home: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONVWISE_HOME", str(home))
            convwise.add_data("caltech101", from_path=caltech_archive())

    return made_once(tmp_path_factory, "caltech", add)


@pytest.fixture
def installed(unpacked: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of the home of the test's own."""
    monkeypatch.setenv("CONVWISE_HOME", str(unpacked))


@pytest.mark.usefixtures("installed")
def test_the_data_set_is_what_its_authors_say(tmp_path: Path) -> None:
    index = convwise.check_data("caltech101").index
    assert (len(index), len(index.class_names), len(index.unreadable)) == (8677, 101, 0)
    assert index.counts()["airplanes"] == 800


@pytest.mark.usefixtures("installed")
def test_the_default_network_learns_the_four_classes(tmp_path: Path) -> None:
    result = convwise.train("caltech101-4", epochs=8, out=tmp_path / "run")  # less than half of the recipe's
    assert result.evaluation is not None
    assert result.evaluation.n == pytest.approx(0.25 * 2233, abs=3)
    assert result.evaluation.accuracy.value > 0.96
    answers = convwise.predict(result.run, [Path(result.run.settings.folder) / "Faces"])
    assert sum(answer.label == "Faces" for answer in answers) > 0.95 * len(answers)


@pytest.mark.usefixtures("installed")
def test_the_tutorials_recipe_trains_stridednet(tmp_path: Path) -> None:
    result = convwise.train(
        "caltech101-4", net="stridednet", recipe="tutorial", epochs=3, test=0.25, out=tmp_path / "run"
    )
    assert result.evaluation is not None
    # The statistics of batch normalisation lag behind in so short a training, and the first epoch is the best: what the
    # network has learnt shows in its training accuracy. The most frequent class is 36 % of the images.
    rows = [json.loads(line) for line in (result.run.folder / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["accuracy"] > 0.65 > rows[0]["accuracy"]
    assert result.evaluation.accuracy.low > 0.45


# The widths keep an epoch short; the rest is what a user may well change, each network's own way.
CHANGED = {
    "simple": ("conv.kernel_size=5", "conv.kernel_initializer=he_normal"),
    "stridednet": ("conv.kernel_regularizer=l2:0.0005", "conv.activation=silu"),
    "narrowresnet": ("conv.groups=2", "stem.kernel_size=5"),
    "allconv": ("net.width=16", "conv.use_bias=true", "conv.bias_regularizer=l2:0.001"),
    "vgg": ("net.depth=11", "net.width=8", "net.dense=64", "conv.kernel_constraint=max_norm:3"),
    "resnet": ("net.width=8", "conv.kernel_regularizer=l2:0.0005", "stem.kernel_size=5"),
    "inception": ("net.width=0.125", "conv.kernel_initializer=glorot_normal"),
    "squeezenet": ("net.width=32", "conv.activation=elu"),
    "dilated": ("net.width=8", "conv.padding=same", "conv.activity_regularizer=l2:1e-6"),
}


@pytest.mark.parametrize("net", NETWORKS)
@pytest.mark.usefixtures("installed")
def test_every_network_trains_an_epoch_under_changed_settings(net: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    changes = [word for text in CHANGED[net] for word in ("--set", text)]
    command = ["train", "caltech101-4", "--net", net, "--epochs", "1", "--per-class", "30", "--out", str(run)]
    assert main([*command, *changes]) == 0
    result = convwise.resume(run)
    assert result.evaluation is not None
    assert result.evaluation.n == 4 * 50
    saved = NetworkSettings.from_dict(json.loads((run / "settings.json").read_text())["network"])
    assert saved == parse_settings(CHANGED[net])
    assert np.isfinite(result.evaluation.log_loss.value)


@pytest.mark.skipif("CONVWISE_WEIGHTS" not in os.environ, reason="CONVWISE_WEIGHTS names no file of weights")
def test_squeezenets_weights_are_understood_and_beat_a_training_from_scratch(unpacked: Path, tmp_path: Path) -> None:
    """Thirty images each of every fifth class: 55 % from scratch, 91 % with features of BGR less the means."""
    everything = unpacked / "data" / "caltech101"
    for name in sorted(path.name for path in everything.iterdir() if path.name != "BACKGROUND_Google")[::5]:
        shutil.copytree(everything / name, tmp_path / "few" / name)
    result = convwise.train(
        tmp_path / "few",
        net="squeezenet",
        weights=os.environ["CONVWISE_WEIGHTS"],
        tune="frozen",
        size=112,
        per_class=30,
        validation=0,
        out=tmp_path / "run",
    )
    assert result.evaluation is not None
    assert result.evaluation.mean_class_accuracy.value > 0.88  # 86 % with RGB 0..1
    start = result.run.settings.pretrained
    assert start is not None
    assert start.preprocessing is not None
    assert start.preprocessing.name == "BGR mean subtracted"
