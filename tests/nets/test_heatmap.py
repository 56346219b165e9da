"""Heatmaps: exact where they say so, a planted patch is found, and an untrained network is not believed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from numpy.typing import NDArray

from convwise.nets import build
from convwise.nets.heatmap.class_activation import class_maps
from convwise.nets.heatmap.heatmap import CLASS_ACTIVATION, ERASED, N_RANDOM, OCCLUSION, Heat, heat_of, hottest, moved
from convwise.nets.heatmap.occlusion import covered, occlusion_map
from tests.nets.heatmaps_of import heatmaps


def noise(seed: int, side: int = 32) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)


def asking(model: Any) -> Any:
    return lambda stack: np.asarray(keras.ops.convert_to_numpy(model(stack.astype("float32"), training=False)), float)


def red_detector(flat: bool) -> keras.Model:
    """Two classes; the second by how much red there is beyond green and blue. `flat`: not by averaged maps."""
    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = layers.Rescaling(1 / 255)(image)
    x = layers.Conv2D(1, 1, activation="relu", name="red")(x)
    x = layers.MaxPooling2D(2)(layers.AveragePooling2D(4)(x)) if flat else layers.AveragePooling2D(4)(x)
    x = layers.Flatten()(x) if flat else layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, layers.Dense(2, activation="softmax", name="out")(x))
    model.get_layer("red").set_weights([np.array([1, -0.5, -0.5]).reshape(1, 1, 3, 1), np.array([-0.4])])
    n = model.get_layer("out").kernel.shape[0]
    scale = 400 / n if flat else 400.0
    model.get_layer("out").set_weights([np.tile([[0.0, scale]], (n, 1)), np.array([3.0, 0.0])])
    return model


def planted(top: int, left: int) -> NDArray[np.uint8]:
    """Gray noise with a red patch of 8x8."""
    gray = np.random.default_rng(top).integers(90, 160, (32, 32, 1)).astype(np.uint8)
    pixels = np.repeat(gray, 3, axis=2)
    pixels[top : top + 8, left : left + 8] = (250, 20, 20)
    return pixels


@pytest.mark.parametrize("net", ["narrowresnet", "allconv", "squeezenet", "resnet"])
def test_the_mean_of_a_class_map_and_the_bias_is_the_logit(net: str) -> None:
    model = build(net, shape=shape(32), n_classes=3, settings=none(), seed=1, precision="float32").model
    pixels = noise(0)
    maps = class_maps(model)
    assert maps is not None
    logits = maps.of(pixels).mean(axis=(0, 1)) + maps.bias
    p = np.exp(logits - logits.max())
    assert p / p.sum() == pytest.approx(asking(model)(pixels[None])[0], abs=1e-5)


@pytest.mark.parametrize("net", ["simple", "vgg", "stridednet"])
def test_a_network_that_ends_otherwise_has_no_class_maps(net: str) -> None:
    model = build(net, shape=shape(32), n_classes=3, settings=none(), seed=1, precision="float32").model
    assert class_maps(model) is None


def test_a_nonlinear_layer_between_is_seen() -> None:
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(image))
    hidden = layers.Dense(2, activation="softmax")(layers.Dense(4, activation="relu")(x))
    assert class_maps(keras.Model(image, hidden)) is None
    squashed = layers.Dense(2, activation="softmax")(layers.Activation("relu")(x))
    assert class_maps(keras.Model(image, squashed)) is None
    separate = layers.Softmax()(layers.Dropout(0.5)(layers.Dense(2)(x)))
    assert class_maps(keras.Model(image, separate)) is not None


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (4, 20), (20, 12), (24, 24)])
def test_a_planted_patch_is_found_and_believed(flat: bool, top: int, left: int) -> None:
    model, pixels = red_detector(flat), planted(top, left)
    heat = heat_of(model, pixels, 1, asking(model), seed=0, mirrored=False)
    assert heat.method == (OCCLUSION if flat else CLASS_ACTIVATION)
    assert heat.probability > 0.9
    patch = np.zeros((32, 32), bool)
    patch[top : top + 8, left : left + 8] = True
    assert (heat.region & patch).sum() >= 0.75 * patch.sum()
    assert heat.believable, (heat.after, heat.after_random)


@pytest.mark.parametrize("net", ["narrowresnet", "allconv", "simple", "vgg"])
def test_an_untrained_network_is_not_believed(net: str) -> None:
    """Adebayo et al. 2018: a map that looks as good without training explains nothing."""
    assert not any(trial(net, seed).believable for seed in range(8))


def trial(net: str, seed: int) -> Heat:
    model = build(net, shape=shape(32), n_classes=4, settings=none(), seed=seed, precision="float32").model
    pixels = planted(3 * seed % 20, 5 * seed % 20)
    ask = asking(model)
    return heat_of(model, pixels, int(ask(pixels[None])[0].argmax()), ask, seed=seed, mirrored=False)


def test_a_mirrored_answer_has_a_map_of_both_views() -> None:
    model, pixels = red_detector(False), planted(4, 20)
    plain, both = (heat_of(model, pixels, 1, asking(model), seed=0, mirrored=flag) for flag in (False, True))
    assert both.values == pytest.approx(plain.values)  # this network looks at single pixels


def test_covering_the_whole_is_what_occlusion_sees_where_a_window_is_the_picture() -> None:
    pixels = noise(1, 8)
    ask = lambda stack: np.stack([1 - stack.mean(axis=(1, 2, 3)) / 255, stack.mean(axis=(1, 2, 3)) / 255], axis=1)  # noqa: E731
    assert np.abs(occlusion_map(pixels, 1, ask)).max() < 0.1  # the mean colour keeps the mean
    assert covered(pixels, np.ones((8, 8), bool)).std(axis=(0, 1)).max() == 0


def test_regions_have_one_size_and_wander_evenly() -> None:
    values = np.random.default_rng(0).random((20, 30))
    region = hottest(values)
    assert region.sum() == round(ERASED * 600)
    assert values[region].min() >= values[~region].max()
    others = moved(region, 3)
    assert others.shape == (N_RANDOM, 20, 30)
    assert set(others.sum(axis=(1, 2)).tolist()) == {int(region.sum())}
    assert not any(np.array_equal(each, region) for each in others)
    assert moved(region, 3, 2000).mean(axis=0) == pytest.approx(ERASED, abs=0.05)


OTHERS = [backend for backend in ("tensorflow", "jax", "torch") if backend != keras.config.backend()]


@pytest.mark.slow
@pytest.mark.parametrize("backend", OTHERS)
def test_maps_and_their_tests_are_the_same_on_every_backend_that_is_installed(backend: str, tmp_path: Path) -> None:
    """No gradient is taken, so that only the forward passes can differ: by rounding."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    for net in ("narrowresnet", "vgg"):  # with class maps, and without
        build(net, shape=shape(32), n_classes=3, settings=none(), seed=1, precision="float32").model.save(
            tmp_path / f"{net}.keras"
        )
    red_detector(True).save(tmp_path / "detector.keras")
    np.save(tmp_path / "pictures.npy", np.stack([planted(4, 20), planted(20, 12), noise(3)]))
    here = heatmaps(tmp_path)
    assert {name.partition(" ")[2] for name in here} == {CLASS_ACTIVATION, OCCLUSION, "probabilities"}
    command = [sys.executable, "-m", "tests.nets.heatmaps_of", str(tmp_path), str(tmp_path / "there.npz")]
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(tmp_path / "there.npz") as there:
        assert set(there) == set(here)
        for name, values in here.items():
            assert np.abs(values).max() > 1e-3
            difference = float(np.abs(there[name] - values).max())
            print(f"{backend}: {name}: values up to {np.abs(values).max():.3g}, largest difference {difference:.2g}")
            assert difference < 1e-4, (name, difference)


def shape(side: int) -> Any:
    from convwise.images.image_shape import ImageShape

    return ImageShape(side, side)


def none() -> Any:
    from convwise.conv2d import NetworkSettings

    return NetworkSettings()
