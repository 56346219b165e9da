"""Each rule by its name: a case that breaks it alone, and its nearest legal neighbour."""

from __future__ import annotations

from typing import Any

import pytest

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.findings import Finding
from convwise.conv2d.rules import violations
from convwise.errors import RequestError


def rules_of(*, training: bool = True, **values: Any) -> list[str]:
    asked = Conv2DSettings(**{"filters": 8, "kernel_size": 3, **values}).with_defaults()
    found = violations(asked, height=6, width=5, channels=4, training=training)
    assert all(finding.severity == "error" and finding.parameters for finding in found)
    return [finding.rule for finding in found]


@pytest.mark.parametrize(
    ("rule", "illegal", "legal"),
    [
        ("strides_with_dilation", {"strides": 2, "dilation_rate": (1, 2)}, {"strides": 2, "dilation_rate": 1}),
        ("groups_divide_filters", {"groups": 2, "filters": 7}, {"groups": 2, "filters": 6}),
        ("groups_divide_channels", {"groups": 8}, {"groups": 4}),
        ("window_larger_than_map", {"kernel_size": (1, 6)}, {"kernel_size": (6, 5)}),
        ("window_larger_than_map", {"dilation_rate": 3}, {"dilation_rate": 3, "padding": "same"}),
        ("initializer_shape", {"kernel_initializer": "identity"}, {"kernel_initializer": "orthogonal"}),
        ("initializer_shape", {"kernel_initializer": "stft"}, {"kernel_initializer": "ones"}),
        (
            "initializer_shape",
            {"bias_initializer": "orthogonal"},
            {"bias_initializer": "orthogonal", "use_bias": False},
        ),
        (
            "initializer_shape",
            {"bias_initializer": "he_normal:input_axes=0,1:output_axes=0"},
            {"bias_initializer": "he_normal:input_axes=0,1"},  # Keras looks at the axes only where both are given
        ),
        ("regularizer_shape", {"kernel_regularizer": "orthogonal_regularizer"}, {"kernel_regularizer": "l1"}),
        (
            "regularizer_shape",
            {"bias_regularizer": "orthogonal_regularizer"},
            {"bias_regularizer": "orthogonal_regularizer", "use_bias": False},
        ),
        ("regularizer_shape", {"activity_regularizer": "orthogonal_regularizer"}, {"activity_regularizer": "l2"}),
        ("constraint_axis", {"kernel_constraint": "unit_norm:axis=1,-3"}, {"kernel_constraint": "unit_norm:axis=1,2"}),
        ("constraint_axis", {"bias_constraint": "max_norm:3:axis=1"}, {"bias_constraint": "max_norm:3:axis=-1"}),
        ("activation_arguments", {"activation": "threshold"}, {"activation": "relu:threshold=1"}),
        ("activation_changes_shape", {"activation": "glu"}, {"activation": "sigmoid"}),
        ("activation_axis", {"activation": "softmax:axis=1,-3"}, {"activation": "softmax:axis=1,2"}),
    ],
)
def test_a_rule_meets_its_case_and_leaves_the_neighbour(rule: str, illegal: Any, legal: Any) -> None:
    assert rules_of(**illegal) == [rule]
    assert rules_of(**legal) == []


def test_without_training_penalties_and_constraints_of_weights_are_not_judged() -> None:
    values = {"kernel_regularizer": "orthogonal_regularizer", "kernel_constraint": "unit_norm:axis=0,0"}
    assert rules_of(**values) == ["regularizer_shape", "constraint_axis"]
    assert rules_of(training=False, **values) == []


def test_all_that_is_wrong_is_said_at_once_with_a_way_out() -> None:
    asked = Conv2DSettings(filters=7, kernel_size=(9, 9), groups=3, activation="glu").with_defaults()
    found = violations(asked, height=6, width=5, channels=4)
    assert [finding.rule for finding in found] == [
        "groups_divide_filters",
        "groups_divide_channels",
        "window_larger_than_map",
        "activation_changes_shape",
    ]
    assert found[0].fix == "choose filters=6 or one of groups=1, 7"
    assert found[1].fix == "choose one of groups=1, 2, 4"
    assert str(found[1].at("stem").to_error()) == (
        "stem: groups=3 does not divide the 4 channels that come in; choose one of groups=1, 2, 4"
    )


@pytest.mark.parametrize(
    ("layout", "other"), [("channels_first", "channels_last"), ("channels_last", "channels_first")]
)
def test_a_layout_that_was_found_not_to_work_is_refused_with_the_other_as_the_way_out(layout: str, other: str) -> None:
    asked = Conv2DSettings(filters=8, kernel_size=(3, 3), data_format=layout).with_defaults()
    assert violations(asked, height=6, width=5, channels=4, layout_works=True) == ()
    (found,) = violations(asked, height=6, width=5, channels=4, layout_works=False)
    assert found.rule == "layout_refused"
    assert found.fix.startswith(f"use data_format={other}")


def test_incomplete_settings_are_refused() -> None:
    with pytest.raises(RequestError, match="strides=None"):
        violations(Conv2DSettings(filters=4, kernel_size=(3, 3)), height=5, width=5, channels=1)


def test_a_finding_is_one_line_of_a_known_severity() -> None:
    with pytest.raises(ValueError, match="severity"):
        Finding("rule", "fatal", None, "a", "b", "c")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fix"):
        Finding("rule", "note", None, "a", "b\nb", "c")
