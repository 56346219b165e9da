"""The networks: as the reference gives them, in plain Keras, under any legal setting."""

import keras
import numpy as np
import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build


def make(name: str, size_px: int = 32, n_classes: int = 4, precision: str = "float32", *texts: str) -> keras.Model:
    return build(
        name,
        shape=ImageShape.of(size_px),
        n_classes=n_classes,
        settings=parse_settings(texts),
        seed=3,
        precision=precision,
    ).model


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_raw_pixels_become_float32_probabilities(name: str, precision: str) -> None:
    model = make(name, 48, 5, precision)
    probabilities = np.asarray(model(np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)))
    assert probabilities.shape == (3, 5)
    assert probabilities.dtype == np.float32
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert all(weight.dtype == "float32" for weight in model.trainable_weights)


def test_stridednet_has_the_weights_of_the_tutorials_network() -> None:
    # 7x7x3x16+16; 3x3 convolutions 16-32-32-64-64-128-128; batch norms 4 a channel; 45x45 -> 23 -> 12 -> 6 px; dense.
    convolution = 7 * 7 * 3 * 16 + 16
    pairs = [(16, 32), (32, 32), (32, 64), (64, 64), (64, 128), (128, 128)]
    convolution += sum(9 * a * b + b for a, b in pairs)
    norms = 4 * 2 * (32 + 64 + 128) + 4 * 512
    dense = 6 * 6 * 128 * 512 + 512 + 512 * 4 + 4
    model = make("stridednet", 96, 4)
    assert model.count_params() == convolution + norms + dense
    first = convolutions(model)[0]
    assert (first.kernel_size, first.strides, first.padding, first.activation.__name__) == (
        (7, 7),
        (2, 2),
        "valid",
        "linear",
    )
    assert all(float(layer.kernel_regularizer.l2) == pytest.approx(0.0005) for layer in convolutions(model))
    kernels = [layer for layer in model.layers if hasattr(layer, "kernel_initializer")][:-1]
    assert all(isinstance(layer.kernel_initializer, keras.initializers.HeNormal) for layer in kernels)


def test_simple_has_three_convolutions_each_followed_by_pooling() -> None:
    model = make("simple", 96, 4)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds == ["InputLayer", "Rescaling", *["Conv2D", "MaxPooling2D"] * 3, "Flatten", "Dense"]
    assert [layer.filters for layer in convolutions(model)] == [32, 64, 128]
    assert model.count_params() == 896 + 18_496 + 73_856 + 12 * 12 * 128 * 4 + 4


def test_first_weights_follow_from_the_seed() -> None:
    settings = parse_settings([])
    one, same, other = (
        build("simple", shape=ImageShape.of(32), n_classes=3, settings=settings, seed=seed, precision="float32").model
        for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), same.get_weights(), strict=True))
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


def test_a_setting_reaches_all_convolutions() -> None:
    model = make(
        "stridednet", 48, 4, "float32", "conv.kernel_initializer=glorot_uniform", "conv.kernel_regularizer=none"
    )
    assert all(isinstance(layer.kernel_initializer, keras.initializers.GlorotUniform) for layer in convolutions(model))
    assert all(layer.kernel_regularizer is None for layer in convolutions(model))


def test_a_kernel_size_leaves_projections_alone_and_a_stride_the_layers_that_do_not_shrink() -> None:
    before = convolutions(make("narrowresnet"))
    wide = convolutions(make("narrowresnet", 64, 4, "float32", "conv.kernel_size=5"))
    assert [layer.kernel_size[0] for layer in wide] == [5 if b.kernel_size == (3, 3) else 1 for b in before]
    flat = convolutions(make("narrowresnet", 64, 4, "float32", "conv.dilation_rate=2"))
    assert all(max(layer.strides) == 1 or max(layer.dilation_rate) == 1 for layer in flat)


@pytest.mark.parametrize(
    ("name", "texts", "says"),
    [
        ("simple", ["conv.kernel_initializer=he_norml"], "no such initializer"),
        ("simple", ["conv.kernel_regularizer=l7:1"], "no such regularizer"),
        ("simple", ["conv.groups=7"], "does not divide"),
        ("simple", ["conv.kernel_size=99", "conv.padding=valid"], "padding=valid leaves nothing"),
        ("resnext", [], "no such network"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(name: str, texts: list[str], says: str) -> None:
    with pytest.raises(RequestError, match=says) as problem:
        make(name, 32, 4, "float32", *texts)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("name", ["stridednet", "narrowresnet"])
def test_a_size_too_small_is_said(name: str) -> None:
    with pytest.raises(RequestError, match="at least"):
        make(name, 12)
