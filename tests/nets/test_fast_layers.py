"""Training's own means compute what Keras's layers compute, and learn the same from it."""

from __future__ import annotations

from unittest import mock

import keras
import numpy as np
import pytest

from convwise.conv2d import parse_settings
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.backend import layout_works
from convwise.nets.fast_layers import FusedBatchNormalization, QuickConv2D, with_fast_layers

tensorflow_only = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the means are TensorFlow's")
_BUILD = {"shape": ImageShape.of(32), "n_classes": 3, "seed": 5, "precision": "float32"}


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("groups", "dilation", "strides"), [(2, 1, 1), (4, 2, 1), (4, 1, 2)])
def test_groups_one_by_one_equal_the_grouped_convolution(
    padding: str, groups: int, dilation: int, strides: int
) -> None:
    options = {"groups": groups, "padding": padding, "dilation_rate": dilation, "strides": strides}
    whole, split = keras.layers.Conv2D(12, 3, **options), QuickConv2D(12, 3, **options)
    images = np.random.default_rng(0).normal(size=(2, 11, 11, 8)).astype("float32")
    expected = whole(images)
    split.build(images.shape)
    split.set_weights(whole.get_weights())
    np.testing.assert_allclose(np.asarray(split(images)), np.asarray(expected), rtol=1e-4, atol=1e-5)


@tensorflow_only
@pytest.mark.parametrize("trainable", [True, False])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("mixed_bfloat16", 2e-2)])
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}, {"momentum": 0.5, "epsilon": 0.1}])
def test_one_operation_equals_kerass_batch_normalisation(
    options: dict[str, object], dtype: str, tolerance: float, training: bool, trainable: bool
) -> None:
    import tensorflow

    random = np.random.default_rng(0)
    maps = tensorflow.constant(random.normal(3, 2, (4, 5, 6, 7)), "float32")
    weighted = tensorflow.constant(random.normal(size=maps.shape), "float32")
    results = []
    for kind in (keras.layers.BatchNormalization, FusedBatchNormalization):
        layer = kind(dtype=dtype, trainable=trainable, **options)
        layer.build(maps.shape)
        own = np.random.default_rng(1)
        layer.set_weights([own.uniform(0.5, 2, weight.shape) for weight in layer.weights])
        with tensorflow.GradientTape() as tape:
            tape.watch(maps)
            answers = layer(maps, training=training)
            loss = tensorflow.reduce_sum(tensorflow.cast(answers, "float32") * weighted)
        gradients = tape.gradient(loss, [maps, *(weight.value for weight in layer.trainable_weights)])
        results.append((answers.dtype, [answers, *gradients, *layer.get_weights()]))
    (one_type, ones), (other_type, others) = results
    assert one_type == other_type
    for one, other in zip(ones, others, strict=True):
        one, other = (np.asarray(tensorflow.cast(each, "float32")) for each in (one, other))
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance * max(1, np.abs(one).max()))


@tensorflow_only
@pytest.mark.parametrize(
    ("name", "asked", "kind"),
    [("simple", "conv.groups=2", QuickConv2D), ("narrowresnet", "net.width=8", FusedBatchNormalization)],
)
def test_the_quicker_network_has_the_same_weights_and_answers(name: str, asked: str, kind: type) -> None:
    plain = build(name, settings=parse_settings([asked]), **_BUILD).model
    quick = with_fast_layers(plain)
    assert any(type(layer) is kind for layer in quick.layers)
    assert [weight.path for weight in quick.weights] == [weight.path for weight in plain.weights]
    for one, other in zip(plain.get_weights(), quick.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    images = np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3)).astype("float32")
    for training in (False, True):
        answers = (np.asarray(each(images, training=training)) for each in (quick, plain))
        np.testing.assert_allclose(*answers, rtol=1e-3, atol=1e-5)
    for one, other in zip(plain.get_weights(), quick.get_weights(), strict=True):  # the statistics moved alike
        np.testing.assert_allclose(other, one, rtol=1e-4, atol=1e-5)


def _gradients(layer: keras.layers.Layer, images: np.ndarray) -> list[np.ndarray]:
    """The answers, and the gradients by the images and by the layer's weights, in a graph as in training."""
    import tensorflow

    @tensorflow.function(jit_compile=False)
    def compute(inputs: tensorflow.Tensor) -> list[tensorflow.Tensor]:
        with tensorflow.GradientTape() as tape:
            tape.watch(inputs)
            answers = tensorflow.cast(layer(inputs), "float32")
            weighted = np.random.default_rng(0).uniform(0.5, 1, answers.shape)
            loss = tensorflow.reduce_sum(answers * weighted.astype("float32"))
        return [answers, *tape.gradient(loss, [inputs, *(weight.value for weight in layer.trainable_weights)])]

    return [np.asarray(each) for each in compute(tensorflow.constant(images))]


def _quick_and_exact(
    shape: tuple[int, ...], **options: object
) -> tuple[keras.layers.Layer, list[np.ndarray], list[np.ndarray]]:
    """The layer that takes a Conv2D's place in bfloat16, what it computes, and what Conv2D computes in float32."""
    pixels = keras.Input(shape[1:])
    exact = keras.layers.Conv2D(dtype="float32", **options)
    model = keras.Model(pixels, keras.layers.Conv2D(dtype="mixed_bfloat16", **options)(pixels))
    quick = with_fast_layers(model).layers[-1]
    exact.build(shape)
    quick.set_weights(exact.get_weights())
    images = np.random.default_rng(1).normal(size=shape).astype("float32")
    return quick, _gradients(quick, images), _gradients(exact, images)


@tensorflow_only
@pytest.mark.usefixtures("channels_first")  # which tells of oneDNN
def test_the_gradient_of_a_bias_does_not_add_up_in_bfloat16() -> None:
    quick, found, expected = _quick_and_exact((4, 32, 32, 3), filters=5, kernel_size=3, padding="same")
    assert quick.compute_dtype == "bfloat16"
    np.testing.assert_allclose(found[-1], expected[-1], rtol=1e-2)


@tensorflow_only
def test_nor_does_that_of_a_dense_layers_bias() -> None:
    rows = keras.Input((6,))
    model = keras.Model(rows, keras.layers.Dense(3, activation="relu", dtype="mixed_bfloat16")(rows))
    exact = keras.layers.Dense(3, activation="relu", dtype="float32")
    images = np.random.default_rng(1).uniform(0, 1, (4096, 6)).astype("float32")
    exact.build(images.shape)
    exact.set_weights([np.abs(weight) for weight in exact.get_weights()])
    quick = with_fast_layers(model).layers[-1]
    quick.set_weights(exact.get_weights())
    for found, expected in zip(_gradients(quick, images), _gradients(exact, images), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0.02)


@tensorflow_only
@pytest.mark.parametrize(
    ("options", "trusted"),
    [
        ({"kernel_size": 3}, True),
        ({"kernel_size": 3, "dilation_rate": 2}, True),
        ({"kernel_size": 3, "strides": 2}, True),
        ({"kernel_size": 3, "groups": 2}, True),
        ({"kernel_size": 1, "strides": 2}, False),  # the stride is larger than the window
        ({"kernel_size": 4, "strides": 3}, False),
        ({"kernel_size": 15}, False),  # two pixels are left
        ({"kernel_size": 3, "dilation_rate": 8, "padding": "same"}, False),  # dealt out to maps of two pixels
        ({"kernel_size": 3, "groups": 32}, False),
        ({"kernel_size": 3, "data_format": "channels_first"}, False),
    ],
)
def test_bfloat16_is_for_convolutions_that_are_computed_rightly(options: dict[str, int], trusted: bool) -> None:
    pixels = keras.Input((16, 16, 32) if options.get("data_format") is None else (32, 16, 16))
    model = keras.Model(pixels, keras.layers.Conv2D(32, dtype="mixed_bfloat16", **options)(pixels))
    layer = with_fast_layers(model).layers[-1]
    trusted = trusted and layout_works("channels_first")  # which tells of oneDNN: without it none is
    assert layer.compute_dtype == ("bfloat16" if trusted else "float32")
    split = options.get("groups") == 2  # whatever the type
    assert type(layer) is (QuickConv2D if trusted or split else keras.layers.Conv2D)


@tensorflow_only
def test_other_kinds_of_convolution_keep_float32() -> None:
    x = pixels = keras.Input((16, 16, 3))
    for kind in (keras.layers.SeparableConv2D, keras.layers.Conv2DTranspose):
        x = kind(4, 3, dtype="mixed_bfloat16")(x)
    model = with_fast_layers(keras.Model(pixels, keras.layers.DepthwiseConv2D(3, dtype="mixed_bfloat16")(x)))
    assert {layer.compute_dtype for layer in model.layers[1:]} == {"float32"}


@tensorflow_only
def test_nested_models_penalties_and_what_is_frozen_come_along() -> None:
    inner, pixels = keras.Input((16, 16, 3)), keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, kernel_regularizer="l2", kernel_constraint="non_neg", name="conv")(inner)
    frozen = keras.layers.BatchNormalization(name="norm")
    body = keras.Model(inner, keras.layers.Dropout(0.5)(frozen(x)), name="body")
    frozen.trainable = False
    plain = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(body(pixels)))
    quick = with_fast_layers(plain)
    norm = quick.get_layer("body").get_layer("norm")
    assert type(norm) is FusedBatchNormalization
    assert not norm.trainable
    assert [weight.path for weight in quick.weights] == [weight.path for weight in plain.weights]
    assert float(quick.losses[0]) == float(plain.losses[0])
    conv = quick.get_layer("body").get_layer("conv")
    assert isinstance(conv.kernel_constraint, keras.constraints.NonNeg)


@tensorflow_only
@pytest.mark.slow
@pytest.mark.usefixtures("channels_first")  # which tells of oneDNN
def test_drawn_convolutions_in_bfloat16_equal_those_in_float32() -> None:
    random = np.random.default_rng(2026)
    n_trusted = 0
    for _ in range(60):
        channels, filters = (int(random.choice([1, 3, 4, 16, 17, 32, 64])) for _ in range(2))
        strides = int(random.integers(1, 5))
        dilation = int(random.integers(1, 4)) if strides == 1 else 1
        kernel = tuple(int(side) for side in random.integers(1, 8, 2))
        height, width = (int(side) for side in random.integers(19, 40, 2))
        options = {"filters": filters, "kernel_size": kernel, "strides": strides, "dilation_rate": dilation}
        options["padding"] = str(random.choice(["same", "valid"]))
        quick, found, expected = _quick_and_exact((4, height, width, channels), **options)
        n_trusted += quick.compute_dtype == "bfloat16"
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=0.03 * np.abs(other).max())
    assert 15 < n_trusted < 45


@tensorflow_only
def test_what_has_nothing_to_gain_is_left_alone() -> None:
    class Own(keras.layers.BatchNormalization):
        """Of a user's, with a `call` of its own."""

    pixels = keras.Input((8, 8, 3))
    odd = [Own(), keras.layers.BatchNormalization(renorm=True), keras.layers.BatchNormalization(axis=1)]
    x = pixels
    for layer in odd:
        x = layer(x)
    model = keras.Model(pixels, keras.layers.BatchNormalization()(keras.layers.Flatten()(x)))
    assert with_fast_layers(model) is model


@tensorflow_only
def test_with_an_accelerator_the_network_is_as_it_was() -> None:
    plain = build("narrowresnet", settings=parse_settings([]), **_BUILD).model
    with mock.patch("convwise.nets.backend.has_accelerator", return_value=True):
        assert with_fast_layers(plain) is plain
