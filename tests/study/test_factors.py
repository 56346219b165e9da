"""Factors follow from the network: what it can take, what reaches which layer, what a rule settles, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convwise.conv2d import PARAMETERS, NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.own.reference import find_own
from convwise.study.factors import Factor, Level, Settled, factors_of
from convwise.study.levels import stands
from convwise.training.recipe import RECIPES, Recipe

NOTHING = NetworkSettings()
FAST = RECIPES["fast"]
Found = tuple[dict[str, Factor], dict[str, Settled]]


def of(net: Any, size: int = 32, *, set: tuple[str, ...] = (), recipe: Recipe = FAST, **options: Any) -> Found:
    factors, settled = factors_of(
        net, shape=ImageShape.of(size), n_classes=4, settings=parse_settings(set), recipe=recipe, **options
    )
    return {factor.parameter: factor for factor in factors}, {rule.parameter: rule for rule in settled}


def levels(factor: Factor) -> tuple[Level, ...]:
    return (factor.first, *factor.further, *factor.opposite)


def shown(factor: Factor) -> tuple[str, str, list[str], list[str]]:
    """Own value, first, further, opposite."""
    further, opposite = ([level.value for level in some] for some in (factor.further, factor.opposite))
    return factor.own, factor.first.value, further, opposite


def convolutions(net: Any, size: int, texts: tuple[str, ...]) -> tuple[Any, dict[str, dict[str, Any]]]:
    """The model, and Keras's own configuration of each of its convolutions."""
    settings = parse_settings(texts)
    model = build(net, shape=ImageShape.of(size), n_classes=4, settings=settings, seed=1, precision="float32").model
    return model, {each.name: each.get_config() for each in model.layers if type(each).__name__ == "Conv2D"}


@pytest.fixture(scope="module")
def simple() -> Found:
    return of("simple")


def test_of_the_simple_network_all_but_the_layout_are_varied(simple: Found) -> None:
    factors, settled = simple
    assert list(factors) == [name for name in PARAMETERS if name != "data_format"]
    assert list(settled) == ["data_format"]


SIMPLE = {
    "filters": ("32/64/128", "x0.5", ["x0.25"], ["x2"]),
    "kernel_size": ("3x3", "5", ["7"], ["2"]),
    "strides": ("1x1", "net.pooling=strides", [], []),
    "padding": ("same", "valid", [], []),
    "dilation_rate": ("1x1", "2", ["3"], []),
    "groups": ("1", "2", ["4"], []),
    "activation": ("relu", "silu", ["gelu", "elu"], ["leaky_relu"]),
    "use_bias": ("true", "false", [], []),
    "kernel_initializer": ("glorot_uniform", "he_normal", ["orthogonal"], []),
    "bias_initializer": ("zeros", "constant:0.1", ["constant:0.3"], ["constant:0.01"]),
    "kernel_regularizer": ("none", "l2:0.0005", ["l2:0.001"], ["l2:0.0001"]),
    "activity_regularizer": ("none", "l2:0.000001", ["l2:0.00001"], ["l2:0.0000001"]),
    "kernel_constraint": (
        "none", "max_norm:3:axis=0,1,2", ["max_norm:2:axis=0,1,2"], ["max_norm:4:axis=0,1,2"],
    ),
    "bias_constraint": ("none", "max_norm:2", ["max_norm:1"], ["max_norm:3"]),
}  # fmt: skip


@pytest.mark.parametrize("parameter", SIMPLE)
def test_the_simple_network_is_tried_with(parameter: str, simple: Found) -> None:
    assert shown(simple[0][parameter]) == SIMPLE[parameter]


def test_every_level_makes_the_network_that_it_names_at_the_costs_that_it_tells(simple: Found) -> None:
    own, before = convolutions("simple", 32, ())
    for parameter, factor in simple[0].items():
        for level in levels(factor):
            model, after = convolutions("simple", 32, level.settings)
            changed = {name for name in before if after[name][parameter] != before[name][parameter]}
            others = {key for name in before for key in before[name] if after[name][key] != before[name][key]}
            assert changed == ({"conv2d_1", "conv2d_2"} if parameter == "groups" else set(before)), level
            assert others == {parameter}, level
            assert level.weights == pytest.approx(model.count_params() / own.count_params(), abs=1e-4)
            assert (
                stands("simple", shape=ImageShape.of(32), n_classes=4, settings=NOTHING, texts=level.settings) is None
            )


def test_costs_are_those_of_the_layer_table() -> None:
    factors, _ = of("simple", parameters=("filters", "dilation_rate", "kernel_regularizer"))
    # 3 x 3 windows of 3, 32 and 64 channels, at sides of 32, 16 and 8; then 4 x 4 x 128 values for 4 classes.
    multiply_adds = np.array([9 * 3 * 32, 9 * 32 * 64, 9 * 64 * 128]) @ [32**2, 16**2, 8**2] + 4 * 4 * 128 * 4
    halved = np.array([9 * 3 * 16, 9 * 16 * 32, 9 * 32 * 64]) @ [32**2, 16**2, 8**2] + 4 * 4 * 64 * 4
    doubled = np.array([9 * 3 * 64, 9 * 64 * 128, 9 * 128 * 256]) @ [32**2, 16**2, 8**2] + 4 * 4 * 256 * 4
    assert factors["filters"].first.multiply_adds == pytest.approx(halved / multiply_adds, abs=1e-4)
    assert factors["filters"].opposite[0].multiply_adds == pytest.approx(doubled / multiply_adds, abs=1e-4)
    for name in ("dilation_rate", "kernel_regularizer"):
        assert {(level.multiply_adds, level.weights) for level in levels(factors[name])} == {(1, 1)}
    assert 0.25 < factors["filters"].first.memory < 1  # of pixels there are as many as before


def test_what_one_layer_cannot_take_is_told(simple: Found) -> None:
    assert "left conv2d (groups=2 does not divide the 3 channels" in simple[0]["groups"].reach


# What the user has set, a parameter, and what is tried then.
STARTS = [
    ("simple", ("conv.padding=valid",), "padding", ("valid", "same", [], [])),
    ("simple", ("conv.kernel_size=5",), "kernel_size", ("5x5", "3", ["2"], ["7"])),
    ("simple", ("conv.use_bias=false",), "use_bias", ("false", "true", [], [])),
    ("simple", ("conv.groups=2",), "groups", ("2", "1", [], ["4"])),
    ("simple", ("conv.kernel_regularizer=l2:0.0005",), "kernel_regularizer",
     ("l2:0.0005", "none", [], ["l2:0.001", "l2:0.0001"])),
    ("simple", ("conv.activation=silu",), "activation", ("silu", "relu", ["gelu", "elu"], ["leaky_relu"])),
    ("narrowresnet", ("net.activation=elu",), "activation", ("elu", "silu", ["gelu"], ["leaky_relu"])),
    ("narrowresnet", (), "kernel_initializer", ("he_normal", "glorot_uniform", ["orthogonal"], [])),
    ("narrowresnet", (), "strides", ("2x2", "stage4_1_conv.strides=1", [], [])),
]  # fmt: skip


@pytest.mark.parametrize(("net", "given", "parameter", "expected"), STARTS)
def test_the_starting_point_is_the_own_value(
    net: str, given: tuple[str, ...], parameter: str, expected: tuple[str, str, list[str], list[str]]
) -> None:
    factors, _ = of(net, set=given, parameters=(parameter,))
    assert shown(factors[parameter]) == expected


def test_a_factor_on_the_filters_is_one_on_what_the_user_has_set() -> None:
    given = ("conv.filters=x2", "conv2d_1.filters=10")
    factors, _ = of("simple", set=given, parameters=("filters",))
    settings = parse_settings(given).overlaid(parse_settings(factors["filters"].first.settings)).texts()
    _, after = convolutions("simple", 32, settings)
    assert [each["filters"] for each in after.values()] == [32, 5, 128]  # half of 64, 10 and 256


def test_large_images_take_a_large_first_window() -> None:
    factors, _ = of("simple", 160, parameters=("kernel_size",))
    assert factors["kernel_size"].first.settings == ("conv2d.kernel_size=7",)
    assert [level.settings for level in factors["kernel_size"].further] == [("conv2d.kernel_size=11",)]
    assert [level.settings for level in factors["kernel_size"].opposite] == [("conv2d.kernel_size=5",)]


# The non-linearity.
def test_behind_a_normalisation_the_networks_non_linearity_is_varied() -> None:
    factors, _ = of("narrowresnet", parameters=("activation",))
    factor = factors["activation"]
    assert (factor.own, factor.first.settings) == ("relu", ("net.activation=silu",))
    model, after = convolutions("narrowresnet", 32, factor.first.settings)
    assert {config["activation"] for config in after.values()} == {"linear"}
    assert not [layer for layer in model.layers if type(layer).__name__ == "ReLU"]
    acting = [getattr(getattr(layer, "activation", None), "__name__", "") for layer in model.layers]
    assert acting.count("silu") == 9  # behind the stem, and twice in each of four blocks


OWN = """
import keras
from keras import layers

def separate(input_shape, n_classes):
    return stack(input_shape, n_classes, None, "relu", "relu")

def free(input_shape, n_classes, *, activation="relu"):
    return stack(input_shape, n_classes, None, activation, activation)

def mixed(input_shape, n_classes):
    return stack(input_shape, n_classes, "elu", None, "relu")

def stack(input_shape, n_classes, inner, one, two):
    pixels = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(4, 3, activation=inner, name="first")(x)
    x = layers.Activation(one)(layers.BatchNormalization()(x)) if one else x
    x = layers.Conv2D(8, 3, strides=2, name="second")(x)
    x = layers.ReLU()(x) if two == "relu" else layers.Activation(two)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax")(x))
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    return path


def test_a_non_linearity_that_no_setting_reaches_is_settled_by_rule(mine: Path) -> None:
    _, settled = of(find_own(f"{mine}:separate"), parameters=("activation",))
    assert settled["activation"].own == "relu"
    assert "the non-linearity (relu) is layers of the network's own" in settled["activation"].why


@pytest.mark.parametrize(
    ("function", "own", "settings"),
    [("free", "relu", ("net.activation=silu",)), ("mixed", "elu", ("first.activation=silu",))],
)
def test_a_non_linearity_of_ones_own_network_is_varied_where_it_is(
    function: str, own: str, settings: tuple[str, ...], mine: Path
) -> None:
    factors, _ = of(find_own(f"{mine}:{function}"), parameters=("activation",))
    assert (factors["activation"].own, factors["activation"].first.settings) == (own, settings)


# What rules settle.
def test_a_normalised_network_has_no_use_for_biases() -> None:
    names = ("use_bias", "bias_initializer", "bias_regularizer", "bias_constraint")
    factors, settled = of("resnet", parameters=names)
    assert not factors
    assert list(settled) == list(names)
    assert "normalisation" in settled["use_bias"].why


@pytest.mark.usefixtures("channels_first")
def test_the_layout_is_measured_only_where_it_is_named() -> None:
    _, by_rule = of("simple", parameters=PARAMETERS[4:5] + PARAMETERS[:4] + PARAMETERS[5:])
    assert "the order of numbers in memory and not the network" in by_rule["data_format"].why
    for wish in ({"parameters": ("data_format",)}, {"parameters": (), "levels": {"data_format": ("channels_first",)}}):
        factors, _ = of("simple", **wish)
        assert factors["data_format"].first.settings == ("conv.data_format=channels_first",)


def test_a_layout_that_the_backend_refuses_is_settled_by_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    def works(layout: str, *, grouped: bool = False) -> bool:
        return layout == "channels_last"

    monkeypatch.setattr("convwise.nets.backend.layout_works", works)
    monkeypatch.setattr("convwise.nets.convolution.layout_works", works)
    _, settled = of("simple")
    assert "no convolution with data_format=channels_first" in settled["data_format"].why
    _, settled = of("simple", parameters=("data_format",))
    assert "the backend has no such convolution" in settled["data_format"].why


def test_padding_of_windows_without_an_edge_is_no_change() -> None:
    _, before = convolutions("squeezenet", 64, ())
    _, after = convolutions("squeezenet", 64, ("conv.padding=valid",))
    changed = [name for name in before if before[name]["padding"] != after[name]["padding"]]
    assert {before[name]["kernel_size"] for name in changed} == {(1, 1)}
    factors, _ = of("squeezenet", 64, parameters=("padding",))  # so it is the other way that is tried
    assert shown(factors["padding"]) == ("valid", "same", [], [])
    assert factors["padding"].reach.startswith("changed conv1; ")


# Geometry.
def test_a_level_that_cannot_stand_gives_way_to_a_milder_one() -> None:
    given = ("conv.padding=valid",)
    own = parse_settings(given)
    for side, built in (("5", False), ("4", True)):
        why = stands("simple", shape=ImageShape.of(32), n_classes=4, settings=own, texts=(f"conv.kernel_size={side}",))
        assert (why is None) == built
    factors, settled = of("simple", set=given, parameters=("kernel_size", "dilation_rate"))
    # With a window of 7 the last layer, of a map of 3 x 3, could not keep the padding that was asked for.
    assert shown(factors["kernel_size"]) == ("3x3", "4", [], ["2"])
    assert "zero or negative" in settled["dilation_rate"].why


def test_a_value_that_a_layer_cannot_take_is_no_point_of_the_curve_are_no_point_of_the_curve() -> None:
    factors, _ = of("simple", set=("conv2d_2.filters=6",), parameters=("groups",))
    assert "changed conv2d_1, conv2d_2" in factors["groups"].reach
    assert factors["groups"].further == ()  # 4 does not divide 6


def test_what_stands_alone_may_not_stand_together() -> None:
    def why(*texts: str) -> str | None:
        return stands("simple", shape=ImageShape.of(32), n_classes=4, settings=NOTHING, texts=texts)

    assert why("conv.padding=valid") is None
    assert why("conv.kernel_size=5") is None
    assert "zero or negative" in (why("conv.padding=valid", "conv.kernel_size=5") or "")
    assert why("conv.use_bias=false", "conv.bias_initializer=ones") is None  # without room, and passed over
    assert "another value already" in (why("conv.groups=2", "conv.groups=4") or "")


# Levels by wish.
def test_levels_replace_the_usual_ones_and_the_rest_enters_where_the_first_gains() -> None:
    factors, _ = of(
        "simple", parameters=("filters",), levels={"kernel_size": ("3", "5", "7"), "filters": ("x2",), "batch": ("8",)}
    )
    assert shown(factors["kernel_size"]) == ("3x3", "5", ["7"], [])
    assert shown(factors["filters"]) == ("32/64/128", "x2", [], [])
    assert shown(factors["batch"]) == ("32", "8", [], [])


@pytest.mark.parametrize(
    ("parameter", "values", "named"),
    [
        ("kernel_size", ("banana",), "levels=kernel_size=banana"),
        ("kernel_size", ("5", "banana"), "levels=kernel_size=banana"),
        ("strides", ("net.pooling=sideways",), "levels=strides=net.pooling=sideways"),
        ("batch", ("1.5",), "levels=batch=1.5: batch=1.5: it must be a whole number"),
        ("learning_rate", ("-1",), "levels=learning_rate=-1"),
        ("augmentation", ("some",), "choose one of none, usual, stronger"),
        ("window", ("3",), "no such parameter"),
    ],
)
def test_a_level_that_cannot_stand_is_refused_by_its_name(parameter: str, values: tuple[str, ...], named: str) -> None:
    with pytest.raises(RequestError, match=named):
        of("simple", parameters=(), levels={parameter: values})


def test_factors_come_back_from_json(simple: Found) -> None:
    factors, _ = of("simple", parameters=("augmentation", "size"))
    for factor in (*simple[0].values(), *factors.values()):
        assert Factor.from_dict(factor.to_dict()) == factor


# Stages.
STAGES = {
    "narrowresnet": ("filters", ["stem", "stage1", "stage2", "stage3", "stage4"]),
    "simple": ("kernel_size", ["conv2d", "conv2d_1", "conv2d_2"]),
    "vgg": ("groups", ["stage1", "stage2", "stage3", "stage4", "stage5"]),
}


@pytest.mark.parametrize("net", STAGES)
def test_by_stage_a_level_changes_its_stage_and_no_other(net: str) -> None:
    parameter, expected = STAGES[net]
    factors, _ = of(net, 48, parameters=(parameter,), by_stage=True)
    assert list(factors) == [f"{parameter}@{stage}" for stage in expected]
    _, before = convolutions(net, 48, ())
    for stage, factor in zip(expected, factors.values(), strict=True):
        _, after = convolutions(net, 48, factor.first.settings)
        both = before.keys() & after.keys()  # a shortcut may come or go with the number of channels
        changed = {name for name in both if after[name][parameter] != before[name][parameter]}
        inside = {name for name in before if name == stage or (name.startswith(f"{stage}_") and net != "simple")}
        assert changed
        assert changed <= inside
        assert levels(factor) == (factor.first,)


def test_stages_in_which_nothing_changes_are_left_out() -> None:
    factors, _ = of("narrowresnet", parameters=("strides", "activation", "size"), by_stage=True)
    # The first stage does not shrink the map; the non-linearity is one for the network, the size for the training.
    assert list(factors) == [
        *(f"strides@{stage}" for stage in ("stem", "stage2", "stage3", "stage4")), "activation", "size",
    ]  # fmt: skip


def test_stages_of_ones_own_network_are_its_maps(tmp_path: Path) -> None:
    path = tmp_path / "plain.py"
    path.write_text(OWN.replace(', name="first"', "").replace(', name="second"', ""))
    factors, _ = of(find_own(f"{path}:separate"), parameters=("filters",), by_stage=True)
    # 32 px less two; then every second one of these 30, less the edge.
    assert [factor.first.settings for factor in factors.values()] == [("map30.filters=x0.5",), ("map14.filters=x0.5",)]


# Weights to start from.
def test_what_pretrained_weights_fix_is_settled_and_the_rest_keeps_their_shapes() -> None:
    factors, settled = of("squeezenet", 64, pretrained=True)
    fixed = {"filters", "kernel_size", "groups", "use_bias", "kernel_initializer", "bias_initializer"}
    assert set(settled) == fixed | {"data_format"}
    assert all("weights" in settled[name].why for name in fixed)
    own, _ = convolutions("squeezenet", 64, ())
    for factor in factors.values():
        for level in (factor.first, levels(factor)[-1]):  # building all takes a minute
            model, _ = convolutions("squeezenet", 64, level.settings)
            assert [tuple(weight.shape) for weight in model.weights] == [tuple(weight.shape) for weight in own.weights]


def test_a_combination_that_pretrained_weights_do_not_fit_cannot_stand() -> None:
    texts = ("conv1.filters=8",)
    assert stands("squeezenet", shape=ImageShape.of(64), n_classes=4, settings=NOTHING, texts=texts) is None
    why = stands("squeezenet", shape=ImageShape.of(64), n_classes=4, settings=NOTHING, texts=texts, pretrained=True)
    assert "conv1 has 3x3x3x64" in (why or "")


def test_a_network_of_keras_leaves_the_training_to_vary() -> None:
    factors, settled = of("MobileNetV2", 32, parameters=(*PARAMETERS, "learning_rate", "size"), pretrained=True)
    assert list(factors) == ["learning_rate", "size"]
    assert list(settled) == list(PARAMETERS)
    assert {rule.why for rule in settled.values()} == {"net=MobileNetV2 is Keras's own and takes no settings"}


# The training.
RECIPE: dict[str, tuple[Mapping[str, Any], str, tuple[str, str, list[str], list[str]]]] = {
    "rate": ({"learning_rate": 0.006}, "learning_rate", ("0.006", "0.003", ["0.0015"], ["0.012"])),
    "the network's own rate": ({}, "learning_rate", ("0.002", "0.001", ["0.0005"], ["0.004"])),
    "size": ({}, "size", ("32", "48", ["64"], ["24"])),
    "augmented": ({}, "augmentation", ("the recipe's", "none", [], ["stronger"])),
    "as it is": ({"augmentation": {}}, "augmentation", ("none", "usual", ["stronger"], [])),
    "decay": ({}, "weight_decay", ("0.02", "0.1", ["0.3"], ["0"])),
    "strong decay": ({"weight_decay": 0.5}, "weight_decay", ("0.5", "0.1", ["0"], ["1"])),
    "no decay": ({"weight_decay": 0}, "weight_decay", ("0", "0.02", ["0.1"], [])),
    "batch": ({}, "batch", ("32", "64", ["128"], ["16"])),
    "smoothed": ({}, "label_smoothing", ("0.05", "0", [], ["0.1"])),
    "not smoothed": ({"label_smoothing": 0}, "label_smoothing", ("0", "0.05", ["0.1"], [])),
}


@pytest.mark.parametrize("case", RECIPE)
def test_the_training_is_tried_with(case: str) -> None:
    changes, parameter, expected = RECIPE[case]
    recipe = Recipe.from_dict({**FAST.to_dict(), **changes})
    factors, _ = of("simple", recipe=recipe, parameters=(parameter,))
    assert shown(factors[parameter]) == expected
    for level in levels(factors[parameter]):
        other = Recipe.from_dict({**recipe.to_dict(), **level.changes})  # the recipe takes it, in plain values
        key = parameter
        assert level.settings == ()
        assert list(level.changes) == [key]
        if parameter != "augmentation":
            assert getattr(other, key) == pytest.approx(float(level.value))


def test_a_larger_image_and_a_larger_batch_cost_what_the_layers_cost() -> None:
    factors, _ = of("narrowresnet", 32, parameters=("size", "batch", "learning_rate"))
    size, batch = factors["size"].first, factors["batch"].first
    assert (size.weights, batch.weights, batch.multiply_adds) == (1, 1, 1)
    assert size.multiply_adds == pytest.approx(1.5**2, abs=0.01)  # a half more on either side
    assert 1 < batch.memory < 2  # the weights and their gradients stay as many
    assert factors["learning_rate"].first.memory == 1


def test_the_largest_image_gives_way_to_a_smaller_one() -> None:
    factors, _ = of("stridednet", 1024, recipe=Recipe(size=1024), parameters=("size",))
    assert shown(factors["size"]) == ("1024", "768", [], [])


def test_stronger_is_further_in_all_that_the_recipe_does_and_mirrors_nothing_else() -> None:
    plain = RECIPES["plain"]
    factors, _ = of("simple", recipe=plain, parameters=("augmentation",))
    usual = factors["augmentation"].first.changes["augmentation"]
    assert not usual["horizontal_flip"]  # in this recipe a direction may tell the class
    factors, _ = of("simple", parameters=("augmentation",))
    none, stronger = (level.changes["augmentation"] for level in levels(factors["augmentation"]))
    own = FAST.to_dict()["augmentation"]
    assert stronger["rotation_degrees"] == 2 * own["rotation_degrees"]
    assert 1 - stronger["smallest_crop"] == pytest.approx(2 * (1 - own["smallest_crop"]))
    assert {key: stronger[key] for key in ("zoom", "shift", "shear_degrees", "horizontal_flip")} == {
        key: own[key] for key in ("zoom", "shift", "shear_degrees", "horizontal_flip")
    }
    assert not FAST.augmentation.__class__.from_dict(none).changes_anything


@pytest.mark.slow
@pytest.mark.parametrize("net", ["stridednet", "allconv", "narrowresnet", "squeezenet", "vgg", "inception", "dilated"])
def test_every_network_can_be_studied(net: str) -> None:
    names = ("filters", "padding", "strides", "activation", "kernel_initializer", "use_bias")
    factors, settled = of(net, 64, parameters=names)
    assert {"kernel_initializer", "activation"} <= set(factors)
    assert len(factors) + len(settled) == len(names)
    assert all(rule.why for rule in settled.values())
