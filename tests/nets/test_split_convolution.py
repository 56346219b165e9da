"""Training's own means compute what Keras's layers compute, and the precision asked for is in effect."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings, parse_settings
from convwise.nets import build
from convwise.nets.convolution import SplitConv2D
from convwise.nets.layer_table.table import layer_table


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("groups", "dilation", "strides"), [(2, 1, 1), (4, 2, 1), (4, 1, 2)])
def test_groups_one_by_one_equal_the_grouped_convolution(
    padding: str, groups: int, dilation: int, strides: int
) -> None:
    options = {"groups": groups, "padding": padding, "dilation_rate": dilation, "strides": strides}
    whole, split = keras.layers.Conv2D(12, 3, **options), SplitConv2D(12, 3, **options)
    images = np.random.default_rng(0).normal(size=(2, 11, 11, 8)).astype("float32")
    expected = whole(images)
    split.build(images.shape)
    split.set_weights(whole.get_weights())
    np.testing.assert_allclose(np.asarray(split(images)), np.asarray(expected), rtol=1e-4, atol=1e-5)


def test_a_network_for_training_has_the_same_weights_and_table() -> None:
    settings = parse_settings(["conv.groups=2"])
    common = {"size_px": 32, "n_classes": 3, "settings": settings, "seed": 5, "precision": "float32"}
    plain, quick = build("simple", **common).model, build("simple", **common, for_training=True).model
    assert any(type(layer).__name__ == "SplitConv2D" for layer in quick.layers)
    assert not any(type(layer).__name__ == "SplitConv2D" for layer in plain.layers)
    for one, other in zip(plain.get_weights(), quick.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert layer_table(quick).totals == layer_table(plain).totals
    images = np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(np.asarray(quick(images)), np.asarray(plain(images)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("precision", "kind"), [("float32", "float32"), ("bfloat16", "bfloat16")])
def test_the_precision_asked_for_is_in_effect(precision: str, kind: str) -> None:
    model = build("simple", size_px=32, n_classes=3, settings=NetworkSettings(), seed=5, precision=precision).model
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {kind}
    assert {layer.variable_dtype for layer in convolutions} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
