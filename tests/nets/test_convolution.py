"""Settings meet architectures: what is changed, what is left, what is refused, and in which layout."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import Built, build
from convwise.nets.changes import describe_changes


def make(name: str, *texts: str, size_px: int = 32) -> Built:
    return build(
        name, shape=ImageShape.of(size_px), n_classes=3, settings=parse_settings(texts), seed=2, precision="float32"
    )


def test_a_layers_own_scope_wins_over_a_stages_and_that_over_all() -> None:
    model = make("resnet", "conv.activation=elu", "stage2.activation=tanh", "stage2_block1.activation=selu").model
    assert model.get_layer("stage1_block1_conv1").activation.__name__ == "elu"
    assert model.get_layer("stage2_block2_conv1").activation.__name__ == "tanh"
    assert model.get_layer("stage2_block1_conv1").activation.__name__ == "selu"


def test_all_sixteen_can_be_set_and_arrive() -> None:
    texts = {
        "filters": "x2", "kernel_size": "5x3", "strides": "1", "padding": "valid", "data_format": "channels_first",
        "dilation_rate": "2", "groups": "2", "activation": "leaky_relu:0.1", "use_bias": "true",
        "kernel_initializer": "he_normal", "bias_initializer": "constant:0.1", "kernel_regularizer": "l2:0.0005",
        "bias_regularizer": "l1:0.001", "activity_regularizer": "l1_l2:0.0001:0.0002",
        "kernel_constraint": "max_norm:3:axis=0,1,2", "bias_constraint": "non_neg",
    }  # fmt: skip
    model = make("simple", *(f"conv2d_1.{name}={text}" for name, text in texts.items())).model
    config = model.get_layer("conv2d_1").get_config()
    assert (config["filters"], config["kernel_size"], config["strides"]) == (128, (5, 3), (1, 1))
    assert (config["padding"], config["data_format"]) == ("valid", "channels_first")
    assert (config["dilation_rate"], config["groups"], config["use_bias"]) == ((2, 2), 2, True)
    assert config["activation"]["class_name"] == "LeakyReLU"
    assert config["kernel_initializer"]["class_name"] == "HeNormal"
    assert config["bias_initializer"]["config"]["value"] == 0.1
    assert config["kernel_regularizer"]["config"]["l2"] == pytest.approx(0.0005)
    assert config["bias_regularizer"]["config"]["l1"] == pytest.approx(0.001)
    assert config["activity_regularizer"]["config"] == pytest.approx({"l1": 0.0001, "l2": 0.0002})
    assert config["kernel_constraint"]["config"] == {"max_value": 3, "axis": [0, 1, 2]}
    assert config["bias_constraint"]["class_name"] == "NonNeg"


def test_what_was_left_alone_is_told_with_the_reason() -> None:
    lines = describe_changes(make("resnet", "conv.kernel_size=5", "conv.groups=2", "conv.padding=valid").changes)
    assert lines == [
        "conv.groups=2: changed 19 layers; left stem_conv (groups=2 does not divide the 3 channels that come in)",
        "conv.kernel_size=5x5: changed 17 layers; left stage2_block1_shortcut, stage3_block1_shortcut, "
        "stage4_block1_shortcut (a 1x1 projection keeps its window)",
        "conv.padding=valid: changed stem_conv; left 19 layers (the sum needs maps of one size)",
    ]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("resnet", "stage2_block1_conv1.padding=valid", "stage2_block1_conv1.padding=valid: the sum needs maps"),
        ("simple", "conv2d.dilation_rate=40", None),
        ("simple", "conv2d_2.groups=5", "conv2d_2.groups=5: groups=5 does not divide"),
        ("simple", "stem.filters=8", "no convolution or stage 'stem'"),
        ("simple", "conv2d_3.filters=8", "conv2d_2"),
        ("stridednet", "conv2d.dilation_rate=2", "strides"),
        ("simple", "conv.strides=2", "no convolution can take it; conv2d: it does not shrink the map"),
        ("simple", "net.depth=3", "no such option"),
    ],
)
def test_what_one_layer_is_told_is_applied_or_refused(name: str, text: str, says: str | None) -> None:
    if says is None:
        make(name, text)
        return
    with pytest.raises(RequestError) as problem:
        make(name, text)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_window_larger_than_the_map_is_left_or_refused_by_name() -> None:
    built = make("simple", "conv.kernel_size=15", "conv.padding=valid")
    model = built.model
    assert model.get_layer("conv2d").padding == "valid"  # 32 px: the window fits
    assert model.get_layer("conv2d_2").padding == "same"  # 9 // 2 = 4 px: it does not
    assert any("padding=valid leaves nothing" in line for line in describe_changes(built.changes))
    with pytest.raises(RequestError, match=r"conv2d_2\.padding=valid: .*leaves nothing"):
        make("simple", "conv.kernel_size=15", "conv2d_2.padding=valid")


@pytest.mark.usefixtures("channels_first")
def test_the_layout_changes_nothing_but_the_layout() -> None:
    last, first = make("narrowresnet"), make("narrowresnet", "conv.data_format=channels_first")
    assert first.model.input_shape == (None, 32, 32, 3)
    first.model.set_weights(last.model.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(first.model(images), last.model(images), rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("channels_first")
def test_the_configured_layout_is_followed_and_pixels_stay_height_width_rgb() -> None:
    keras.config.set_image_data_format("channels_first")
    try:
        built = build(
            "resnet", shape=ImageShape.of(32), n_classes=3, settings=NetworkSettings(), seed=2, precision="float32"
        )
        assert keras.config.image_data_format() == "channels_first"
    finally:
        keras.config.set_image_data_format("channels_last")
    convolutions = [layer for layer in built.model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.data_format for layer in convolutions} == {"channels_first"}
    assert built.model.input_shape == (None, 32, 32, 3)
    assert built.model(np.zeros((1, 32, 32, 3), np.float32)).shape == (1, 3)


@pytest.mark.usefixtures("channels_first")
def test_a_bias_that_keras_would_add_along_the_width_is_refused() -> None:
    if keras.backend.backend() != "tensorflow":
        pytest.skip("only TensorFlow's backend has the fault")
    with pytest.raises(RequestError, match="bias"):
        make("simple", "conv2d.data_format=channels_first", size_px=32)  # 32 filters on 32 columns
