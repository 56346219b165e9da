"""Towers compute what the network computes."""

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.training.recipe import named_recipe
from convwise.training.towers import in_towers, resolve_towers


@pytest.fixture
def model() -> keras.Model:
    return build(
        "narrowresnet", shape=ImageShape.of(32), n_classes=3, settings=NetworkSettings(), seed=1, precision="float32"
    ).model


@pytest.mark.parametrize("towers", [1, 2, 4])
def test_towers_give_the_networks_own_probabilities_in_order(model: keras.Model, towers: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    together = np.asarray(model.predict_on_batch(images))
    apart = np.asarray(in_towers(model, towers, 8).predict_on_batch(images))
    assert np.allclose(together, apart, atol=1e-5)
    assert together.std() > 1e-3


def test_towers_share_the_networks_weights(model: keras.Model) -> None:
    assert [id(weight) for weight in in_towers(model, 2, 8).weights] == [id(weight) for weight in model.weights]


def test_the_number_of_towers_divides_the_batch_and_leaves_enough_images_to_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("convwise.training.towers.available_cores", lambda: 3)
    assert [resolve_towers(None, batch) for batch in (8, 16, 32, 48, 50, 64)] == [1, 1, 2, 3, 2, 2]
    assert resolve_towers(4, 32) == 4
    assert resolve_towers(5, 32) == 4


@pytest.mark.parametrize("towers", [0, -1, 33, 2.0, "two"])
def test_an_impossible_number_of_towers_is_refused(towers: object) -> None:
    with pytest.raises(RequestError, match="towers="):
        named_recipe("fast", {"towers": towers})
