"""Preprocessing is told from answers, and built into a network without changing what it computes."""

import importlib
import json

import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.transfer.preprocessing import CANDIDATES, Preprocessing, probed

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("module", "order"),
    [
        ("mobilenet_v2", "RGB"),
        ("resnet", "BGR"),
        ("densenet", "RGB"),
        ("efficientnet", "RGB"),
        ("vgg16", "BGR"),
        ("xception", "RGB"),
    ],
)
def test_what_keras_does_to_pixels_is_told_from_a_few_colours(module: str, order: str) -> None:
    function = importlib.import_module(f"keras.applications.{module}").preprocess_input
    found = probed(function, module)
    assert found.order == order
    expected = function(PIXELS.astype(np.float32).copy())
    np.testing.assert_allclose(found.applied(PIXELS), expected, atol=1e-4 * np.ptp(expected))


def test_keras_own_ways_are_among_the_candidates() -> None:
    for module, name in (
        ("mobilenet", "RGB -1..1"),
        ("vgg16", "BGR mean subtracted"),
        ("densenet", "RGB mean and deviation"),
    ):
        function = importlib.import_module(f"keras.applications.{module}").preprocess_input
        expected = function(PIXELS.astype(np.float32).copy())
        np.testing.assert_allclose(CANDIDATES[name].applied(PIXELS), expected, atol=1e-4 * np.ptp(expected))


def test_an_identity_is_one_exactly() -> None:
    assert probed(lambda images: images, "none").is_identity
    assert not any(way.is_identity for way in CANDIDATES.values())


def test_what_is_no_affine_map_of_each_colour_is_refused() -> None:
    with pytest.raises(RequestError, match="not an affine map"):
        probed(lambda images: images**2, "square")
    with pytest.raises(RequestError, match="mixes the colours"):
        probed(lambda images: np.repeat(images.mean(axis=-1, keepdims=True), 3, axis=-1), "gray")


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_turned_kernel_sees_rgb_as_the_old_one_saw_its_own_order(name: str) -> None:
    way = CANDIDATES[name]
    kernel = np.random.default_rng(1).normal(size=(1, 1, 3, 7))
    expected = way.applied(PIXELS) @ kernel[0, 0]
    scale, offset = way.in_rgb()
    found = (PIXELS * np.array(scale) + np.array(offset)) @ way.turned(kernel)[0, 0]
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.ptp(expected))


def test_a_preprocessing_survives_json() -> None:
    for way in CANDIDATES.values():
        assert Preprocessing.from_dict(json.loads(json.dumps(way.to_dict()))) == way
    with pytest.raises(ValueError, match="permutation of RGB"):
        Preprocessing("wrong", order="RGG")
