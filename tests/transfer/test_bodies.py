"""A pretrained network computes what its body computes on what its weights expect, and saves as plain Keras."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build
from convwise.nets.activations import leaf_layers
from convwise.transfer.bodies import (
    FEATURES,
    build_body,
    load_body,
    preprocessings,
    put_on,
    require_body,
    turn_to_rgb,
)
from convwise.transfer.preprocessing import CANDIDATES
from convwise.transfer.weight_files import read_weights
from tests.transfer.weight_files import write_keras_1

CLASSES = 13  # no window and no number of filters
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)


def body_of(net: str, *texts: str, seed: int = 1, size_px: int = 32) -> keras.Model:
    settings = parse_settings(texts)
    built = build_body(
        net,
        shape=ImageShape.of(size_px),
        n_classes=CLASSES,
        settings=settings,
        imagenet=False,
        seed=seed,
        precision="float32",
    )
    return built.model


def downloaded(net: str) -> keras.Model:
    settings = NetworkSettings()
    return build_body(
        net, shape=ImageShape.of(96), n_classes=CLASSES, settings=settings, imagenet=True, seed=0, precision="float32"
    ).model


@pytest.mark.parametrize("net", NETWORKS)
def test_a_body_is_its_network_without_scaling_and_classifier(net: str) -> None:
    whole = build(
        net, shape=ImageShape.of(32), n_classes=CLASSES, settings=NetworkSettings(), seed=1, precision="float32"
    ).model
    body = body_of(net)
    maps = np.asarray(body(np.asarray(whole.get_layer("scale")(PIXELS))))
    assert maps.ndim == 4
    inside = {layer.name for layer in body.layers}
    beyond = [layer for layer in whole.layers if layer.name not in inside and layer.weights]
    # Nothing but dense layers and their normalisation is left out, or the one convolution with a map a class.
    kinds = [type(layer).__name__ for layer in beyond]
    assert set(kinds) <= {"Dense", "BatchNormalization"} or kinds == ["Conv2D"]
    assert whole.output_shape[-1] == CLASSES
    assert not any(CLASSES in weight.shape for layer in body.layers for weight in layer.weights)


def test_a_file_with_other_names_fills_the_body_in_order(tmp_path: Path) -> None:
    source, target = (
        body_of("squeezenet", "net.batch_norm=false", seed=1),
        body_of("squeezenet", "net.batch_norm=false", seed=2),
    )
    layers = [
        (f"fire/{n}", layer.get_weights()) for n, layer in enumerate(each for each in source.layers if each.weights)
    ]
    path = write_keras_1(tmp_path / "file.h5", [*layers, ("classifier", [np.zeros((8, 3), np.float32)])])
    images = PIXELS / np.float32(64)
    assert not np.allclose(source(images), target(images))
    assert load_body(target, read_weights(path), source="file.h5") == ("classifier",)
    assert np.array_equal(source(images), target(images))
    with pytest.raises(RequestError, match=r"layer 1 of the network's 25, stem|conv2d"):
        load_body(body_of("simple"), read_weights(path), source="file.h5")


@pytest.mark.parametrize("name", ["RGB -1..1", "BGR mean subtracted", "BGR mean and deviation"])
def test_the_network_takes_raw_rgb_whatever_its_weights_expect(name: str) -> None:
    body, way = body_of("simple", "net.width=8"), CANDIDATES[name]
    expected = np.asarray(body(way.applied(PIXELS)))
    turn_to_rgb(body, way)
    network = put_on(body, way, 3)
    features = np.asarray(keras.Model(network.inputs, network.get_layer(FEATURES).output).predict(PIXELS, verbose=0))
    halves = [expected.mean(axis=(1, 2)), expected.max(axis=(1, 2))]
    by_hand = np.concatenate([half / np.linalg.norm(half, axis=1, keepdims=True) for half in halves], axis=1)
    np.testing.assert_allclose(features, by_hand, rtol=1e-3, atol=1e-3 * by_hand.std())


def test_batch_normalisation_keeps_its_statistics_and_scales_while_the_rest_learns() -> None:
    network = put_on(body_of("narrowresnet", "net.width=8"), CANDIDATES["RGB -2..2"], 3)
    network.get_layer("probabilities").set_weights(
        [
            np.random.default_rng(0).normal(size=(s))
            for s in [(w.shape) for w in network.get_layer("probabilities").weights]
        ]
    )
    norms = [each for each in leaf_layers(network) if isinstance(each, keras.layers.BatchNormalization)]
    convolutions = [each for each in leaf_layers(network) if isinstance(each, keras.layers.Conv2D)]
    assert len(norms) > 5
    before = [[each.get_weights() for each in group] for group in (norms, convolutions)]
    network.compile(keras.optimizers.SGD(0.1), "categorical_crossentropy")
    network.train_on_batch(PIXELS, np.eye(3, dtype=np.float32)[[0, 1, 2, 0]])
    for layer, old in zip(norms, before[0], strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), old, strict=True))
    assert all(
        not np.array_equal(each.get_weights()[0], old[0]) for each, old in zip(convolutions, before[1], strict=True)
    )


def test_the_saved_model_loads_in_plain_keras_without_convwise(tmp_path: Path) -> None:
    network = put_on(body_of("squeezenet"), CANDIDATES["BGR mean subtracted"], 3)
    network.save(tmp_path / "model.keras")
    np.save(tmp_path / "pixels.npy", PIXELS)
    program = (
        "import json, sys, keras, numpy as np;"
        "model = keras.models.load_model('model.keras', safe_mode=True);"
        "print(json.dumps([model.predict(np.load('pixels.npy'), verbose=0).tolist(), 'convwise' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    probabilities, imported = json.loads(done.stdout.splitlines()[-1])
    assert not imported
    np.testing.assert_allclose(probabilities, np.asarray(network(PIXELS)), atol=1e-5)


@pytest.mark.parametrize(
    ("asked", "name"), [("mobilenetv2", "MobileNetV2"), ("RESNET50", "ResNet50"), ("squeezenet", "squeezenet")]
)
def test_networks_of_keras_are_found_in_any_case(asked: str, name: str) -> None:
    assert require_body(asked) == name


def test_an_unknown_network_is_answered_with_those_there_are() -> None:
    with pytest.raises(RequestError, match=r"net=mobilenet9.*squeezenet.*keras\.applications"):
        require_body("mobilenet9")


def test_keras_own_bodies_come_with_keras_own_preprocessing_and_take_a_file(tmp_path: Path) -> None:
    body = body_of("MobileNetV2")
    (way,) = preprocessings("MobileNetV2", body, imagenet=True)
    assert (way.order, way.scale[0], way.offset[0]) == ("RGB", pytest.approx(1 / 127.5), -1)
    tried = preprocessings("MobileNetV2", body, imagenet=False)
    assert [each.name for each in tried[1:]] == list(CANDIDATES)
    path = tmp_path / "saved.weights.h5"
    body.save_weights(path)
    other = body_of("MobileNetV2", seed=2)
    assert load_body(other, read_weights(path), source="saved") == ()
    assert all(np.array_equal(a, b) for a, b in zip(body.get_weights(), other.get_weights(), strict=True))


def test_a_network_that_normalises_first_is_tried_in_rgb_alone() -> None:
    tried = preprocessings("EfficientNetB0", body_of("EfficientNetB0"), imagenet=False)
    assert tried[0].is_identity
    assert {way.order for way in tried} == {"RGB"}


def test_offline_the_download_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def get_file(*arguments: object, **named: object) -> str:
        print("Downloading data")
        raise Exception("URL fetch failure on https://example.org: None -- [Errno -3] no name")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    with pytest.raises(RequestError, match=r"could not fetch them \(URL fetch failure.*weights=FILE"):
        downloaded("MobileNetV2")
    assert capsys.readouterr().out == ""


def test_what_keras_cannot_build_is_refused_in_one_line() -> None:
    with pytest.raises(RequestError, match=r"net=InceptionV3 cannot be built at size=32.*75.*another size="):
        body_of("InceptionV3")
    with pytest.raises(RequestError, match=r"settings=conv.kernel_size=5x5: net=ResNet50 .* takes no settings"):
        body_of("ResNet50", "conv.kernel_size=5")
    with pytest.raises(RequestError, match=r"Keras has none for net=squeezenet.*MobileNetV2"):
        downloaded("squeezenet")
