"""What every network does: it learns, takes every precision and size, and is a plain Keras model in a file."""

from pathlib import Path

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, Option, build

# Narrow and shallow: seconds on a processor.
SMALL: dict[str, dict[str, Option]] = {
    "simple": {"width": 8},
    "stridednet": {"width": 4},
    "narrowresnet": {"width": 8},
    "allconv": {"width": 8},
    "vgg": {"width": 4, "depth": 11, "dense": 32, "dropout": 0.0},
    "resnet": {"width": 8},
    "inception": {"width": 0.25},
    "squeezenet": {"width": 16},
    "dilated": {"width": 8},
}


def make(name: str, *, size_px: int = 32, n_classes: int = 3, precision: str = "float32") -> keras.Model:
    return build(
        name,
        shape=ImageShape.of(size_px),
        n_classes=n_classes,
        settings=NetworkSettings(options=SMALL[name]),
        seed=4,
        precision=precision,
    ).model


def coloured(n: int, size_px: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Noise around a colour of each of three classes: any network can tell them apart."""
    random = np.random.default_rng(5)
    labels = np.arange(n) % 3
    colours = np.full((3, 3), 70.0) + 100 * np.eye(3)
    pixels = colours[labels][:, None, None] + random.normal(0, 30, (n, size_px, size_px, 3))
    return np.clip(pixels, 0, 255).astype("float32"), labels


def test_every_network_is_tested_here() -> None:
    assert set(SMALL) == set(NETWORKS)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_few_steps_lower_the_loss(name: str) -> None:
    model = make(name)
    # A step at a time: to compile the deeper networks would take longer than the steps.
    model.compile(keras.optimizers.Adam(0.002), "sparse_categorical_crossentropy", run_eagerly=True)
    pixels, labels = coloured(24)
    losses = [float(model.train_on_batch(pixels, labels)) for _ in range(8)]
    assert np.isfinite(losses).all()
    assert min(losses[-2:]) < 0.8 * losses[0]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_saved_network_loads_in_safe_mode_and_computes_the_same(name: str, precision: str, tmp_path: Path) -> None:
    model = make(name, size_px=33, precision=precision)
    assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)  # nothing of this package
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    pixels, _ = coloured(4, 33)
    assert np.array_equal(np.asarray(model(pixels)), np.asarray(again(pixels)))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size_px", [32, pytest.param(65, marks=pytest.mark.slow)])
def test_probabilities_of_untrained_weights_sum_to_one(name: str, size_px: int) -> None:
    pixels, _ = coloured(3, size_px)
    probabilities = np.asarray(make(name, size_px=size_px, n_classes=7)(pixels))
    assert probabilities.shape == (3, 7)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_layer_takes_raw_pixels_and_the_last_is_called_probabilities(name: str) -> None:
    model = make(name)
    assert (model.layers[1].name, model.layers[-1].name) == ("scale", "probabilities")
    assert model.layers[-1].dtype_policy.name == "float32"
    assert model.name == name
