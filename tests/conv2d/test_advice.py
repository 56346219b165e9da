"""Each piece of advice by its name: a case that meets it, a neighbour that does not, and silence on plain settings."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.advice import warnings
from convwise.errors import RequestError


def rules_of(batch_norm_follows: bool = False, activation_follows: str | None = None, **values: Any) -> list[str]:
    asked = Conv2DSettings(**{"filters": 8, "kernel_size": 3, **values}).with_defaults()
    found = warnings(asked, channels=4, batch_norm_follows=batch_norm_follows, activation_follows=activation_follows)
    assert all(finding.severity in ("warning", "note") and finding.parameters for finding in found)
    return [finding.rule for finding in found]


def test_plain_settings_raise_nothing() -> None:
    assert rules_of() == []
    assert rules_of(activation_follows="relu", kernel_initializer="he_normal", kernel_regularizer="l2:0.0005") == []
    assert rules_of(batch_norm_follows=True, use_bias=False, padding="same", strides=2) == []


@pytest.mark.parametrize(
    ("rule", "met", "not_met"),
    [
        ("even_window", {"kernel_size": (3, 2)}, {"kernel_size": (3, 1)}),
        ("large_window", {"kernel_size": 9}, {"kernel_size": 7}),
        ("window_skips_pixels", {"kernel_size": 1, "strides": 2}, {"kernel_size": 3, "strides": 3}),
        ("filters_not_power_of_two", {"filters": 12}, {"filters": 16}),
        ("depthwise", {"groups": 4}, {"groups": 2}),
        ("bias_before_batch_norm", {"batch_norm_follows": True}, {"batch_norm_follows": True, "use_bias": False}),
        ("bias_before_batch_norm", {"batch_norm_follows": True}, {"batch_norm_follows": True, "activation": "relu"}),
        ("bias_parameter_without_bias", {"use_bias": False, "bias_initializer": "ones"}, {"use_bias": False}),
        ("bias_parameter_without_bias", {"use_bias": False, "bias_constraint": "non_neg"}, {"use_bias": False}),
        ("unusual_bias_regularizer", {"bias_regularizer": "l2:0.0005"}, {}),
        ("unusual_bias_initializer", {"bias_initializer": "constant:0.1"}, {"bias_initializer": "zeros"}),
        ("equal_filters", {"kernel_initializer": "constant:0.1"}, {"kernel_initializer": "random_normal"}),
        ("equal_filters", {"kernel_initializer": "random_normal:0:0"}, {"kernel_initializer": "random_normal:0:0.1"}),
        ("he_with_non_relu", {"kernel_initializer": "he_normal", "activation_follows": "tanh"}, {}),
        (
            "he_with_non_relu",
            {"kernel_initializer": "he_uniform", "activation": "sigmoid"},
            {"kernel_initializer": "he_uniform", "activation": "gelu"},
        ),
        ("selu_without_lecun", {"activation": "selu"}, {"activation": "selu", "kernel_initializer": "lecun_normal"}),
        ("activation_twice", {"activation": "relu", "activation_follows": "relu"}, {"activation": "relu"}),
        (
            "softmax_over_width",
            {"activation": "softmax", "data_format": "channels_first"},
            {"activation": "softmax:axis=1", "data_format": "channels_first"},
        ),
        ("softmax_of_one", {"activation": "softmax", "filters": 1}, {"activation": "sigmoid", "filters": 1}),
        ("l2_outside_range", {"kernel_regularizer": "l2:0.01"}, {"kernel_regularizer": "l2:0.001"}),
        ("l2_outside_range", {"kernel_regularizer": "l1_l2:0.1:0.00001"}, {"kernel_regularizer": "l1:0.1"}),
        ("penalty_of_zero", {"kernel_regularizer": "l1_l2"}, {"kernel_regularizer": "l1_l2:0.1:0"}),
        ("activity_regularizer", {"activity_regularizer": "l1:0.1"}, {}),
        ("unusual_constraint", {"kernel_constraint": "non_neg"}, {}),
    ],
)
def test_a_piece_of_advice_meets_its_case_and_leaves_the_neighbour(rule: str, met: Any, not_met: Any) -> None:
    assert rules_of(**met) == [rule]
    assert rules_of(**not_met) == []


def test_a_norm_over_a_part_of_a_filter_is_told_from_that_of_the_whole() -> None:
    assert rules_of(kernel_constraint="max_norm:3") == ["unusual_constraint", "norm_of_part_of_a_filter"]
    assert rules_of(kernel_constraint="max_norm:3:axis=0,1,-2") == ["unusual_constraint"]
    whole = keras.constraints.UnitNorm(axis=[0, 1, 2])(np.ones((3, 3, 4, 8), np.float32))
    part = keras.constraints.UnitNorm()(np.ones((3, 3, 4, 8), np.float32))
    norms = [np.sqrt((keras.ops.convert_to_numpy(kernel) ** 2).sum((0, 1, 2))) for kernel in (whole, part)]
    np.testing.assert_allclose(norms[0], 1, rtol=1e-5)
    np.testing.assert_allclose(norms[1], np.sqrt(3 * 4), rtol=1e-5)  # each of the 12 columns has norm 1


def test_incomplete_settings_are_refused() -> None:
    with pytest.raises(RequestError, match="with_defaults"):
        warnings(Conv2DSettings(filters=4), channels=3)
