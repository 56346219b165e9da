"""Features before the head: what the last layer takes, whatever kind of end the network has."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from convwise.conv2d import NetworkSettings
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.features import feature_network, features


def pixels(n: int = 6) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (n, 16, 16, 3), np.uint8)


def body(x: keras.KerasTensor, channels: int = 5) -> keras.KerasTensor:
    return layers.Conv2D(channels, 3, padding="same", activation="relu")(x)


def heard(done: int, total: int) -> None:
    pass


def test_they_are_what_the_dense_layer_takes_and_of_length_one() -> None:
    """Against the head's own arithmetic: its kernel on the features gives the network's logits."""
    x = keras.Input((16, 16, 3))
    maps = layers.GlobalAveragePooling2D()(body(x))
    logits = layers.Dense(4)(layers.Dropout(0.5)(maps))
    model = keras.Model(x, layers.Activation("softmax")(logits))
    network = feature_network(model)
    assert network is not None
    raw = np.asarray(network.predict_on_batch(pixels()))
    kernel, bias = (np.asarray(each) for each in model.layers[-2].weights)
    expected = np.asarray(keras.Model(x, logits).predict_on_batch(pixels()))
    np.testing.assert_allclose(raw @ kernel + bias, expected, rtol=1e-4, atol=1e-3)
    found = features(network, pixels(), np.arange(6), heard)
    np.testing.assert_allclose(found, raw / np.linalg.norm(raw, axis=1, keepdims=True), rtol=1e-4)


def test_a_network_that_ends_in_maps_of_the_classes_is_cut_before_its_last_convolution() -> None:
    x = keras.Input((16, 16, 3))
    before = body(x)
    ends = layers.Activation("softmax")(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(before)))
    network = feature_network(keras.Model(x, ends))
    assert network is not None
    maps = np.asarray(keras.Model(x, before).predict_on_batch(pixels())).mean(axis=(1, 2))
    found = features(network, pixels(), np.arange(6), heard)
    np.testing.assert_allclose(found, maps / np.linalg.norm(maps, axis=1, keepdims=True), rtol=1e-4)


def test_the_members_are_asked_in_their_order_and_told() -> None:
    x = keras.Input((16, 16, 3))
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(body(x, 2))))
    network = feature_network(model)
    assert network is not None
    said: list[tuple[int, int]] = []
    turned = features(network, pixels(), np.array([5, 0]), lambda done, total: said.append((done, total)))
    np.testing.assert_allclose(turned, features(network, pixels(), np.arange(6), heard)[[5, 0]], rtol=1e-5)
    assert said == [(2, 2)]


def test_an_end_that_is_neither_has_no_features() -> None:
    x = keras.Input((16, 16, 3))
    two = layers.GlobalAveragePooling2D()(body(x, 2))
    assert feature_network(keras.Model(x, layers.Add()([two, two]))) is None


@pytest.mark.parametrize("net", ["simple", "allconv"])
def test_networks_of_ours_have_them(net: str) -> None:
    built = build(net, shape=ImageShape(16, 16), n_classes=3, settings=NetworkSettings(), seed=0, precision="float32")
    assert feature_network(built.model) is not None
