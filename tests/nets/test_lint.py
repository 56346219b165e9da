"""For each rule a network in which it fires and its nearest neighbour in which it does not."""

from collections.abc import Callable
from typing import Any

import keras
import pytest
from keras import layers

from convwise.conv2d import parse_settings
from convwise.conv2d.findings import Finding
from convwise.errors import RequestError
from convwise.nets import build
from convwise.nets.lint import RULES, lint

Parts = Callable[[Any], Any]


def conv(filters: int = 4, kernel: Any = 3, **options: Any) -> Any:
    return layers.Conv2D(filters, kernel, **{"activation": "relu", "padding": "same", **options})


def stack(*parts: Any) -> Parts:
    def through(x: Any) -> Any:
        for part in parts:
            x = part(x)
        return x

    return through


def head(classes: int = 3, activation: str = "softmax") -> Parts:
    return stack(layers.GlobalAveragePooling2D(), layers.Dense(classes, activation=activation))


def many(n: int, **options: Any) -> Parts:
    return lambda x: stack(*(conv(**options) for _ in range(n)))(x)


def norm() -> Any:
    return layers.BatchNormalization()


def gated(x: Any) -> Any:
    return layers.Multiply()([x, conv(4, 3, activation="sigmoid")(x)])


# rule -> (size_px, the network that it finds, the nearest that it does not), each up to the head or with its own.
CASES: dict[str, tuple[int, Parts, Parts]] = {
    # 3/4 of 24 px is 18: eight 3x3 windows see 17, nine see 19.
    "receptive_field_below_object": (24, stack(many(8), head()), stack(many(9), head())),
    # The 13th 3x3 window takes units that see 25 px of 24; the 12th takes 23.
    "receptive_field_beyond_image": (24, stack(many(13), head()), stack(many(12), head())),
    "dense_after_flatten": (
        32,
        stack(conv(), layers.Flatten(), layers.Dense(3)),
        stack(conv(), conv(64), layers.GlobalAveragePooling2D(), layers.Dense(3)),
    ),
    "filters_fall_as_map_shrinks": (
        32,
        stack(conv(8), layers.MaxPooling2D(), conv(7), head()),
        stack(conv(8), layers.MaxPooling2D(), conv(8), head()),
    ),
    "map_shrunk_too_early": (
        32,
        stack(conv(strides=4), conv(strides=2), many(3), head()),
        stack(conv(strides=2), conv(strides=2), many(3), head()),
    ),
    "map_never_shrunk": (16, stack(many(2), head()), stack(conv(), conv(strides=2), head())),
    "first_window": (130, stack(conv(), head()), stack(conv(4, 5), head())),
    "even_window": (32, stack(conv(4, 2), head()), stack(conv(4, 2, strides=2), head())),
    "units_never_seen": (
        32,
        stack(conv(4, 3, strides=2, padding="valid"), head()),
        stack(layers.ZeroPadding2D(((0, 1), (0, 1))), conv(4, 3, strides=2, padding="valid"), head()),
    ),
    "stride_skips_units": (32, stack(conv(4, 1, strides=2), head()), stack(conv(4, 2, strides=2), head())),
    # A 3x3 window on a single unit, and on two.
    "taps_on_padding_only": (
        8,
        stack(layers.MaxPooling2D(8), conv(), head()),
        stack(layers.MaxPooling2D(4), conv(), head()),
    ),
    # Wang et al. 2018, section 3.2: rates 2, 2, 2 leave a grid; 1, 2, 5 with 3x3 windows do not.
    "gridding": (
        32,
        stack(*(conv(dilation_rate=r) for r in (2, 2, 2)), head()),
        stack(*(conv(dilation_rate=r) for r in (1, 2, 5)), head()),
    ),
    "more_weights_than_images": (8, stack(conv(250), conv(250), head()), stack(conv(20), conv(20), head())),
    "glorot_in_depth": (
        32,
        stack(many(10), head()),
        stack(many(9), norm(), many(9), head()),
    ),
    "he_with_non_relu": (
        32,
        stack(conv(kernel_initializer="he_normal", activation="tanh"), head()),
        stack(conv(kernel_initializer="he_normal", activation=None), norm(), layers.ReLU(), head()),
    ),
    "l2_outside_range": (
        32,
        stack(conv(kernel_regularizer=keras.regularizers.L2(0.0011)), head()),
        stack(conv(kernel_regularizer=keras.regularizers.L2(0.001)), head()),
    ),
    "unusual_constraint": (32, stack(conv(kernel_constraint="max_norm"), head()), stack(conv(), head())),
    "activity_regularizer": (32, stack(conv(activity_regularizer="l2"), head()), stack(conv(), head())),
    "bias_before_batch_norm": (
        32,
        stack(conv(activation=None), norm(), head()),
        stack(conv(activation="relu"), norm(), head()),
    ),
    "bias_parameter_without_bias": (
        32,
        stack(conv(use_bias=False, bias_regularizer="l2"), head()),
        stack(conv(bias_regularizer="l2"), head()),
    ),
    "linear_between_convolutions": (
        32,
        stack(conv(activation=None), norm(), conv(), head()),
        stack(conv(activation=None), norm(), layers.ReLU(), conv(), head()),
    ),
    "saturating_activation": (
        32,
        stack(conv(activation="sigmoid"), conv(), head()),
        stack(conv(), gated, conv(), head()),
    ),
    "softmax_inside": (32, stack(conv(activation="softmax"), conv(), head()), stack(conv(), conv(), head())),
    "softmax_of_one": (32, stack(conv(), head(1)), stack(conv(), head(1, "sigmoid"))),
    "activation_twice": (32, stack(conv(), layers.ReLU(), head()), stack(conv(activation=None), layers.ReLU(), head())),
}


def found(parts: Parts, size_px: int, **options: Any) -> list[Finding]:
    keras.backend.clear_session(free_memory=False)
    image = keras.Input((size_px, size_px, 3))
    return list(lint(keras.Model(image, parts(image)), size_px=size_px, n_train=100, **options))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_its_case_and_not_the_nearest_other(rule: str) -> None:
    size_px, case, neighbour = CASES[rule]
    [finding] = [finding for finding in found(case, size_px) if finding.rule == rule]
    assert rule not in {finding.rule for finding in found(neighbour, size_px)}
    assert rule not in {finding.rule for finding in found(case, size_px, silence=[rule])}
    assert finding.message
    assert finding.way_out
    assert finding.source
    assert "\n" not in finding.message + finding.way_out


def test_every_rule_has_a_case() -> None:
    assert CASES.keys() == RULES.keys()


def test_the_first_window_is_judged_by_the_image() -> None:
    for size_px, kernel, expected in ((128, 3, False), (128, 5, True), (129, 5, False), (129, 3, True)):
        rules = {finding.rule for finding in found(stack(conv(4, kernel), head()), size_px)}
        assert ("first_window" in rules) == expected


def test_a_larger_object_needs_a_larger_view() -> None:
    parts = stack(many(8), head())  # sees 17 px
    for share, expected in ((17 / 24, False), (0.72, True), (1.0, True)):
        rules = {finding.rule for finding in found(parts, 24, object_share=share)}
        assert ("receptive_field_below_object" in rules) == expected


def test_the_way_out_names_the_setting() -> None:
    one = stack(conv(activation=None, name="only"), norm(), head())
    [bias] = [f for f in found(one, 32) if f.rule == "bias_before_batch_norm"]
    assert (bias.layer, bias.way_out) == ("only", "--set only.use_bias=false")
    both = stack(conv(activation=None), norm(), conv(activation=None), norm(), head())
    [biases] = [f for f in found(both, 32) if f.rule == "bias_before_batch_norm"]
    assert (biases.layer, biases.way_out) == (None, "--set conv.use_bias=false")
    assert "the 8 biases" in biases.message


def test_following_the_way_out_silences_the_finding() -> None:
    before = build(
        "stridednet", size_px=96, n_classes=4, settings=parse_settings([]), seed=0, precision="float32"
    ).model
    rules = {f.rule for f in lint(before, size_px=96) if f.way_out == "--set conv2d.activation=relu"}
    assert rules == {"linear_between_convolutions"}


def test_errors_come_first() -> None:
    severities = [f.severity for f in found(stack(conv(4, 2, activation="softmax"), conv(), head(1)), 130)]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert severities[0] == "error"


@pytest.mark.parametrize(
    ("name", "size_px", "rules"),
    [
        ("simple", 64, {"receptive_field_below_object"}),
        (
            "stridednet",
            96,
            {
                "dense_after_flatten",
                "first_window",
                "units_never_seen",
                "he_with_non_relu",
                "linear_between_convolutions",
            },
        ),
        ("narrowresnet", 64, set()),
        ("narrowresnet", 96, set()),
    ],
)
def test_own_networks_have_few_findings_and_these(name: str, size_px: int, rules: set[str]) -> None:
    model = build(name, size_px=size_px, n_classes=4, settings=parse_settings([]), seed=0, precision="float32").model
    assert {finding.rule for finding in lint(model, size_px=size_px, n_train=800)} == rules


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet50V2", "MobileNetV3Small", "ConvNeXtTiny", "EfficientNetB0", "NASNetMobile"])
def test_keras_applications_are_read(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3), include_top=False, pooling="avg")
    findings = lint(model, size_px=224, n_train=800)
    assert "receptive_field_below_object" not in {finding.rule for finding in findings}
    assert not [finding for finding in findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"silence": ["even_windows"]}, "even_window"),
        ({"object_share": 0.0}, "at most 1"),
        ({"object_share": 2}, "above 0"),
    ],
)
def test_bad_requests_are_refused_in_one_line(options: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says) as problem:
        found(stack(conv(), head()), 32, **options)
    assert "\n" not in str(problem.value)
