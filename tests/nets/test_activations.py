"""Filters and maps are what the layers really hold and answer."""

import keras
import numpy as np
import pytest
from keras import layers

from convwise.errors import RequestError
from convwise.nets.activations import LayerMaps, feature_maps, first_filters

IMAGE = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)


def _network(name: str = "inner") -> keras.Model:
    keras.utils.set_random_seed(1)
    pixels = keras.Input((16, 16, 3))
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(4, 3, padding="same", name=f"{name}_a")(x)
    x = layers.BatchNormalization()(x)
    x = relu = layers.ReLU()(x)
    x = layers.Conv2D(4, 3, padding="same", activation="relu", name=f"{name}_b")(x)
    x = layers.Add()([x, relu])
    x = layers.Conv2D(5, 1, strides=2, name=f"{name}_c")(x)
    return keras.Model(pixels, layers.GlobalAveragePooling2D()(x), name=name)


def values_of(found: list[LayerMaps]) -> dict[str, np.ndarray]:
    return {each.name: each.values for each in found}


def test_it_is_said_which_activation_the_maps_are_after() -> None:
    found = feature_maps(_network(), IMAGE)
    assert [each.after for each in found] == ["ReLU", "relu", ""]
    assert min(each.values.min() for each in found[:2]) == 0
    assert found[2].values.min() < 0  # nothing cut them yet
    assert [each.name for each in feature_maps(_network(), IMAGE, most=1)] == ["inner_a"]


def test_the_maps_are_those_behind_normalisation_and_activation() -> None:
    model = _network()
    maps = values_of(feature_maps(model, IMAGE))
    assert [(name, value.shape) for name, value in maps.items()] == [
        ("inner_a", (16, 16, 4)), ("inner_b", (16, 16, 4)), ("inner_c", (8, 8, 5))
    ]  # fmt: skip
    x = IMAGE[None].astype(np.float32) / 255
    for layer in model.layers[2:5]:
        x = layer(x, training=False) if isinstance(layer, layers.BatchNormalization) else layer(x)
    np.testing.assert_allclose(maps["inner_a"], keras.ops.convert_to_numpy(x)[0], atol=1e-5)
    # The last one is averaged into the network's answer.
    answer = keras.ops.convert_to_numpy(model(IMAGE[None].astype(np.float32), training=False))[0]
    np.testing.assert_allclose(maps["inner_c"].mean(axis=(0, 1)), answer, atol=1e-5)


def test_a_nested_model_gives_the_maps_it_gives_alone() -> None:
    inner = _network()
    pixels = keras.Input((16, 16, 3))
    outer = keras.Model(pixels, layers.Dense(2)(inner(layers.Rescaling(2.0)(pixels))))
    alone, nested = values_of(feature_maps(inner, IMAGE * 2.0)), values_of(feature_maps(outer, IMAGE))
    assert list(alone) == list(nested)
    for name in alone:
        np.testing.assert_allclose(nested[name], alone[name], atol=1e-4)
    np.testing.assert_array_equal(first_filters(outer), first_filters(inner))


def test_a_sequential_model_and_bfloat16_are_answered_in_float32() -> None:
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Conv2D(4, 3, dtype="mixed_bfloat16"), layers.ReLU()])
    ((_, maps, after),) = feature_maps(model, IMAGE)
    assert after == "ReLU"
    assert maps.dtype == np.float32
    assert maps.min() == 0
    assert first_filters(model).shape == (3, 3, 3, 4)


def test_a_model_without_a_convolution_has_no_filters_and_no_maps() -> None:
    model = keras.Sequential([keras.Input((16, 16, 3)), layers.Flatten(), layers.Dense(2)])
    with pytest.raises(RequestError, match="no Conv2D"):
        first_filters(model)
    assert feature_maps(model, IMAGE) == []


def test_a_batch_is_refused() -> None:
    with pytest.raises(RequestError, match="one image"):
        feature_maps(_network(), IMAGE[None])
