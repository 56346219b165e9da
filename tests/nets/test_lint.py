"""For each rule a network in which it fires and its nearest neighbour in which it does not."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import keras
import pytest
import tensorflow as tf
from keras import layers

from convwise.conv2d import parse_settings
from convwise.conv2d.findings import Finding
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.lint import RULES, lint
from convwise.processor import ONE_DNN

Parts = Callable[[Any], Any]
BY_TRIAL = {"layer_refused", "needs_one_dnn"}  # what they find depends on the machine


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
    return list(lint(keras.Model(image, parts(image)), shape=ImageShape.of(size_px), n_train=100, **options))


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_finds_its_case_and_not_the_nearest_other(rule: str) -> None:
    size_px, case, neighbour = CASES[rule]
    [finding] = [finding for finding in found(case, size_px) if finding.rule == rule]
    assert rule not in {finding.rule for finding in found(neighbour, size_px)}
    assert rule not in {finding.rule for finding in found(case, size_px, silence=[rule])}
    assert finding.message
    assert finding.fix
    assert finding.source
    assert "\n" not in finding.message + finding.fix


def test_every_rule_has_a_case() -> None:
    assert CASES.keys() == RULES.keys() - BY_TRIAL


def branch(x: Any, *parts: Any) -> Any:
    return stack(*parts)(x)


def side_output(x: Any) -> Any:
    """A classifier on the way, and one at the end."""
    early = conv(8, strides=2, name="early")(x)
    late = conv(8, strides=2, name="late")(early)
    return [branch(late, head(), named("main")), branch(early, head(), named("aux"))]


def named(name: str) -> Any:
    return layers.Identity(name=name)


def masks_beside_classes(x: Any) -> Any:
    """A map of probabilities beside a classifier; a convolution goes on from another branch."""
    x = conv(8, strides=2)(x)
    mask = layers.Conv2D(2, 3, padding="same", activation="sigmoid", name="mask")(x)
    classes = branch(x, conv(8, strides=2), head())
    return [classes, mask]


def sigmoid_on_one_branch(x: Any) -> Any:
    """One map: through a sigmoid into a convolution, and as it is into another."""
    x = layers.Conv2D(8, 3, strides=2, padding="same", name="both")(x)
    one = branch(x, layers.Activation("sigmoid"), conv(8))
    return head()(layers.Add()([one, branch(x, layers.ReLU(), conv(8))]))


def attention(x: Any) -> Any:
    """A softmax over places that weighs a map before a dense layer."""
    x = conv(8, strides=2)(x)
    weights = layers.Reshape((16, 16, 1))(layers.Softmax(axis=1)(layers.Reshape((256, 1))(conv(1, 1)(x))))
    return head()(layers.Multiply()([x, weights]))


def squeeze(x: Any) -> Any:
    """A pooling within that gates a map, and the pooling at the end, on a map as large as the image."""
    x = conv(8)(x)
    gate = branch(x, layers.GlobalAveragePooling2D(keepdims=True), conv(8, 1, activation="sigmoid"))
    return head()(layers.Multiply()([x, gate]))


def small_map_at_the_side(x: Any) -> Any:
    """The map at the side is small and narrow; nothing on the main path is."""
    x = conv(16, strides=2, name="wide")(x)
    main = branch(x, conv(32, strides=2), head())
    return [main, branch(x, layers.MaxPooling2D(8), conv(8, 1, name="narrow"), head())]


def gaps_at_the_side(x: Any) -> Any:
    """Gaps on one branch, which gives an output of its own; the other one's only gap is closed."""
    closed = branch(x, conv(), conv(dilation_rate=2, name="closed"), head())
    return [closed, branch(x, conv(dilation_rate=2, name="open"), conv(dilation_rate=2), head())]


def gaps_closed_behind(x: Any) -> Any:
    """An output is a map: the last window closes the gaps."""
    return branch(x, conv(dilation_rate=2), layers.Conv2D(2, 3, padding="same"))


def gated_mask(x: Any) -> Any:
    """The output is a map, unrolled; the pooling before it only gates."""
    gate = branch(conv(8)(x), layers.GlobalAveragePooling2D(keepdims=True), conv(8, 1, activation="sigmoid"))
    mask = conv(2, 1, activation="sigmoid")(layers.Multiply()([conv(8)(x), gate]))
    return layers.Reshape((-1, 2))(mask)


def windows_side_by_side(x: Any) -> Any:
    """Two first windows; the larger one is the tutorial's."""
    return head()(layers.Concatenate()([conv(4, 3, strides=4)(x), conv(4, 5, strides=4)(x)]))


def shared_on_two_sizes(x: Any) -> Any:
    """One window on a map of one unit, where most of it meets padding only, and on the image, where none does."""
    shared = conv(3, 3, name="shared")
    # What is further from the output is listed first: here the small map.
    small = branch(x, layers.MaxPooling2D(32), shared, layers.Identity(), layers.GlobalAveragePooling2D())
    return layers.Dense(3, activation="softmax")(
        layers.Add()([small, branch(x, layers.MaxPooling2D(2), shared, layers.GlobalAveragePooling2D())])
    )


def shared_and_normalised_once(x: Any) -> Any:
    """The bias has no effect in one call and has one in the other."""
    shared = layers.Conv2D(3, 3, padding="same", name="shared")
    return head()(layers.Add()([branch(x, shared, norm(), layers.ReLU()), branch(x, shared, layers.ReLU())]))


def deep_beside_shallow(x: Any) -> Any:
    """Ten windows in a row, and one beside them that is no part of the row."""
    shallow = branch(x, conv(name="beside"), head(3), named("aux"))
    return [branch(x, many(10), head(3), named("main")), shallow]


def skipped(x: Any) -> Any:
    """A row of pairs whose input is added: all on one path."""
    for _ in range(10):
        x = layers.Add()([x, conv(3)(x)])
    return head()(x)


def stages_together(x: Any) -> Any:
    """Two poolings that one output stands upon: the one that sees more counts."""
    early = conv(8, 3, strides=2)(x)
    late = stack(*(conv(8, 5, strides=2) for _ in range(3)))(early)
    pooled = [layers.GlobalAveragePooling2D()(each) for each in (early, late)]
    return layers.Dense(3, activation="softmax")(layers.Concatenate()(pooled))


# name -> (the network on 32 px, a rule, the layers that it is about or what it says; None where it must be silent)
BRANCHED: list[tuple[Parts, str, list[str] | None]] = [
    (side_output, "softmax_inside", None),
    (side_output, "receptive_field_below_object", ["before main sees 7 x 7", "before aux sees 3 x 3"]),
    (masks_beside_classes, "saturating_activation", None),
    (sigmoid_on_one_branch, "saturating_activation", ["both: sigmoid"]),
    (attention, "softmax_inside", None),
    (squeeze, "map_never_shrunk", ["takes a map of 32 x 32"]),
    (squeeze, "saturating_activation", None),
    (gated_mask, "map_never_shrunk", None),
    (small_map_at_the_side, "filters_fall_as_map_shrinks", ["from wide to narrow"]),
    (gaps_at_the_side, "gridding", ["rates 2, 2 (open and"]),
    (gaps_closed_behind, "gridding", None),
    (windows_side_by_side, "first_window", ["the first window is 5 x 5"]),
    (shared_on_two_sizes, "taps_on_padding_only", None),
    (shared_and_normalised_once, "bias_before_batch_norm", None),
    (deep_beside_shallow, "glorot_in_depth", ["10 convolutions with ReLU in a row"]),
    (skipped, "glorot_in_depth", ["10 convolutions with ReLU in a row"]),
    (stages_together, "receptive_field_below_object", None),
]


@pytest.mark.parametrize(("parts", "rule", "says"), BRANCHED, ids=lambda value: getattr(value, "__name__", None))
def test_findings_go_by_what_leads_where(parts: Parts, rule: str, says: list[str] | None) -> None:
    messages = [finding.message for finding in found(parts, 32) if finding.rule == rule]
    assert len(messages) == len(says or [])
    for message, words in zip(sorted(messages, reverse=True), says or [], strict=True):
        assert words in message


def test_a_layer_beside_a_deep_row_is_not_told_to_change() -> None:
    [finding] = [finding for finding in found(deep_beside_shallow, 32) if finding.rule == "glorot_in_depth"]
    assert "beside" not in finding.fix
    assert "for 7 more" in finding.fix


@pytest.mark.parametrize(
    ("inputs", "left_out"),
    [([(32, 32, 3)], False), ([(32, 32, 1)], False), ([(32, 32, 3), (32, 32, 3)], True), ([(32, 32)], True)],
)
def test_models_of_other_inputs_are_judged_by_the_rules_that_suit_them(
    inputs: list[tuple[int, ...]], left_out: bool
) -> None:
    keras.backend.clear_session(free_memory=False)
    given = [keras.Input(shape) for shape in inputs]
    maps = [layers.Reshape((*x.shape[1:], 1))(x) if len(x.shape) == 3 else x for x in given]
    x = branch(layers.Concatenate()(maps) if len(maps) > 1 else maps[0], conv(4, 2, activation="softmax"), head())
    rules = {finding.rule for finding in lint(keras.Model(given, x), shape=ImageShape.of(32))}
    assert {"even_window", "softmax_inside"} <= rules
    assert ("map_never_shrunk" in rules) == (not left_out)


# What TensorFlow refuses on a CPU without oneDNN, and their nearest neighbours that it runs.
REFUSED: dict[str, Any] = {
    "depthwise": lambda **more: layers.DepthwiseConv2D(3, strides=(1, 2), **more),
    "depthwise the other way": lambda **more: layers.DepthwiseConv2D(3, strides=(2, 1), padding="same", **more),
    "separable": lambda **more: layers.SeparableConv2D(4, 5, strides=(3, 2), **more),
    "transposed": lambda **more: layers.Conv2DTranspose(4, 3, dilation_rate=2, **more),
    "transposed in one direction": lambda **more: layers.Conv2DTranspose(4, 3, dilation_rate=(1, 3), **more),
    "channels first": lambda **more: layers.Conv2D(4, 3, data_format="channels_first", **more),
    "transposed, channels first": lambda **more: layers.Conv2DTranspose(4, 3, data_format="channels_first", **more),
}
RUNNING: dict[str, Any] = {
    "depthwise, equal": lambda **more: layers.DepthwiseConv2D(3, strides=2, **more),
    "depthwise with gaps": lambda **more: layers.DepthwiseConv2D(3, strides=(1, 2), dilation_rate=2, **more),
    "separable with gaps": lambda **more: layers.SeparableConv2D(4, 3, strides=2, dilation_rate=(1, 2), **more),
    "transposed, uneven": lambda **more: layers.Conv2DTranspose(4, 3, strides=(1, 2), **more),
    "uneven": lambda **more: layers.Conv2D(4, 3, strides=(1, 2), **more),
    "dilated": lambda **more: layers.Conv2D(4, 3, dilation_rate=(2, 3), **more),
    "groups": lambda **more: layers.Conv2D(4, 3, groups=2, data_format="channels_first", **more),
    "depthwise, channels first": lambda **more: layers.DepthwiseConv2D(3, data_format="channels_first", **more),
    "separable, channels first": lambda **more: layers.SeparableConv2D(4, 3, data_format="channels_first", **more),
}


def each_beside_the_others() -> keras.Model:
    keras.backend.clear_session(free_memory=False)
    image = keras.Input((16, 16, 16))
    made = {**REFUSED, **RUNNING}
    return keras.Model(image, [make(name=name.replace(" ", "_"))(image) for name, make in made.items()])


def really_refused(model: keras.Model) -> set[str]:
    """The layers that the backend cannot take forward and backward, by plain TensorFlow."""
    found = set()
    for layer in model.layers[1:]:
        maps = tf.ones((2, 16, 16, 16))
        try:
            with tf.GradientTape() as tape:
                tape.watch(maps)
                answer = tf.reduce_sum(layer(maps))
            tape.gradient(answer, [maps, *layer.trainable_variables])
        except (tf.errors.OpError, ValueError):
            found.add(layer.name)
    return found


def findings_by_layer(model: keras.Model) -> dict[str, str]:
    """The layer of each finding by trial, and the rule; a finding about several names each in its message."""
    names = [layer.name for layer in model.layers[1:]]
    said = [f for f in lint(model, shape=ImageShape.of(16)) if f.rule in BY_TRIAL]
    return {name: f.rule for f in said for name in names if name in f.message.partition(": ")[0].split(" and ")}


SEPARATELY = """
import json
from tests.nets.test_lint import each_beside_the_others, findings_by_layer, really_refused
model = each_beside_the_others()
print(json.dumps([sorted(really_refused(model)), findings_by_layer(model)]))
"""


@pytest.mark.parametrize("one_dnn", ["0", "1"])
def test_what_a_backend_refuses_is_found_and_nothing_else(one_dnn: str) -> None:
    """In a process of its own, since TensorFlow asks for the variable once, unless it was told so here."""
    if os.environ.get(ONE_DNN) == one_dnn:
        model = each_beside_the_others()
        refused, findings = sorted(really_refused(model)), findings_by_layer(model)
    else:
        done = subprocess.run(
            [sys.executable, "-c", SEPARATELY],
            env={**os.environ, ONE_DNN: one_dnn},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        refused, findings = json.loads(done.stdout)
    names = [name.replace(" ", "_") for name in REFUSED]
    if one_dnn == "0":
        assert refused == sorted(names)
    assert findings == {name: "layer_refused" if name in refused else "needs_one_dnn" for name in names}


def test_a_refusal_names_backend_and_device_and_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("convwise.nets.lint.running.refusal", lambda kind, layer: "no such kernel")
    [finding] = [f for f in found(stack(REFUSED["depthwise"](name="uneven"), head()), 32) if f.rule == "layer_refused"]
    assert (finding.severity, finding.layer) == ("error", "uneven")
    assert "DepthwiseConv2D with strides=1 x 2" in finding.message
    assert re.search(r"TensorFlow on (this CPU|a GPU) cannot run", finding.message)
    assert finding.message.endswith("it says: no such kernel")
    assert "equal strides" in finding.fix


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
    assert (bias.layer, bias.fix) == ("only", "settings=only.use_bias=false")
    both = stack(conv(activation=None), norm(), conv(activation=None), norm(), head())
    [biases] = [f for f in found(both, 32) if f.rule == "bias_before_batch_norm"]
    assert (biases.layer, biases.fix) == (None, "settings=conv.use_bias=false")
    assert "the 8 biases" in biases.message


def test_following_the_way_out_silences_the_finding() -> None:
    before = build(
        "stridednet", shape=ImageShape.of(96), n_classes=4, settings=parse_settings([]), seed=0, precision="float32"
    ).model
    rules = {f.rule for f in lint(before, shape=ImageShape.of(96)) if f.fix == "settings=conv2d.activation=relu"}
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
    model = build(
        name, shape=ImageShape.of(size_px), n_classes=4, settings=parse_settings([]), seed=0, precision="float32"
    ).model
    assert {finding.rule for finding in lint(model, shape=ImageShape.of(size_px), n_train=800)} == rules


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ResNet50V2", "MobileNetV3Small", "ConvNeXtTiny", "EfficientNetB0", "NASNetMobile"])
def test_keras_applications_are_read(name: str) -> None:
    model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3), include_top=False, pooling="avg")
    findings = lint(model, shape=ImageShape.of(224), n_train=800)
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


@pytest.mark.parametrize(
    ("activate", "twin"),
    [
        (keras.ops.leaky_relu, layers.LeakyReLU),
        (keras.ops.relu, layers.ReLU),
        (keras.ops.elu, layers.ELU),
        (keras.ops.softplus, lambda: layers.Activation("softplus")),
    ],
    ids=["leaky_relu", "relu", "elu", "softplus"],
)
def test_an_operation_is_judged_as_the_layer_of_the_same_function(activate: Any, twin: Any) -> None:
    def deep(step: Callable[[], Any]) -> Parts:
        def parts(x: Any) -> Any:
            for _ in range(12):
                x = step()(conv(activation="linear")(x))
            return head(3)(x)

        return parts

    by_operation, by_layer = ({finding.rule for finding in found(deep(step), 32)} for step in (lambda: activate, twin))
    assert by_operation == by_layer
    assert ("glorot_in_depth" in by_operation) == (activate is not keras.ops.softplus)
