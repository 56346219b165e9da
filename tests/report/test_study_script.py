"""The lines to change in a script: what they say is what Keras makes of the settings."""

from __future__ import annotations

from typing import Any

import pytest

from convwise.report.study_script import script_lines


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("conv.kernel_size=5", "every Conv2D: Conv2D(..., kernel_size=5)"),
        ("conv.kernel_size=5x3", "every Conv2D: Conv2D(..., kernel_size=(5, 3))"),
        ("stage1.strides=1", "the Conv2D layers of stage1: Conv2D(..., strides=1)"),
        ("conv.use_bias=false", "every Conv2D: Conv2D(..., use_bias=False)"),
        ("conv.filters=x2", "every Conv2D: Conv2D(..., filters=2 * n)  # n: the layer's own number"),
        ("conv.filters=x0.5", "every Conv2D: Conv2D(..., filters=round(0.5 * n))  # n: the layer's own number"),
        ("conv.activation=silu", "every Conv2D: Conv2D(..., activation='silu')"),
        ("conv.kernel_regularizer=none", "every Conv2D: Conv2D(..., kernel_regularizer=None)"),
        (
            "conv.kernel_regularizer=l2:0.0005",
            "every Conv2D: Conv2D(..., kernel_regularizer=keras.regularizers.L2(l2=0.0005))",
        ),
        (
            "conv.groups=2",
            "every Conv2D: Conv2D(..., groups=2)  # changed b; left a (3 channels)",
        ),
        ("net.pooling=strides", "network: convolutions with strides in place of the pooling layers"),
        ("net.activation=silu", "network: silu as the non-linearity"),
        ("net.width=16", "network: width=16"),
    ],
)
def test_a_setting_is_a_line_to_change(setting: str, line: str) -> None:
    lines = script_lines([setting], {}, {"groups": "changed b; left a (3 channels)"}, data="pictures", folder="DIR")
    assert lines[1:-1] == [f"  {line}"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    ["kernel_regularizer=l2:0.0005", "kernel_constraint=max_norm:3:axis=0,1,2", "kernel_initializer=he_normal",
     "bias_initializer=constant:0.1", "padding=valid", "activation=leaky_relu:0.2"],
)  # fmt: skip
def test_keras_reads_the_line_as_the_setting(setting: str) -> None:
    import keras

    from convwise.conv2d import Conv2DSettings

    (line,) = script_lines([f"conv.{setting}"], {}, {}, data="pictures", folder="DIR")[1:-1]
    source = line.partition("Conv2D(..., ")[2][:-1]
    layer = eval(f"keras.layers.Conv2D(2, 3, {source})", {"keras": keras})
    name, _, value = setting.partition("=")
    asked = Conv2DSettings.from_texts({name: value})
    assert Conv2DSettings.from_keras(layer.get_config()).texts()[name] == asked.texts()[name]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"learning_rate": 0.01}, "optimizer: peak learning rate 0.01"),
        ({"batch": 64}, "model.fit: 64 images in a batch"),
        ({"size": 96}, "input: images of 96 pixels"),
        ({"augmentation": {"zoom": 0.1, "shift": 0.0}}, "augmentation: zoom 0.1"),
        ({"momentum": 0.8}, "momentum: 0.8"),
    ],
)
def test_a_change_of_the_recipe_is_said_in_words(changes: dict[str, Any], line: str) -> None:
    assert script_lines([], changes, {}, data="pictures", folder="DIR")[1] == f"  {line}"


def test_nothing_to_change_is_nothing_to_say() -> None:
    assert script_lines([], {}, {}, data="pictures", folder="DIR") == []
