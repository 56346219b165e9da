"""Columns of layers at random, built by Keras: what is found about them in the page is what convwise's lint finds."""

from __future__ import annotations

from random import Random
from typing import Any

import keras
from keras import layers

from convwise.images.image_shape import ImageShape
from convwise.nets.layer_table.graph import flatten
from convwise.nets.lint import lint
from convwise.playground.network import network_of
from tests.playground.cases import Case

RULES_HERE = (
    "receptive_field_beyond_image",
    "taps_on_padding_only",
    "map_never_shrunk",
    "dense_after_flatten",
    "first_window",
    "even_window",
    "units_never_seen",
    "stride_skips_units",
    "linear_between_convolutions",
    "activation_twice",
    "bias_before_batch_norm",
    "bias_parameter_without_bias",
    "l2_outside_range",
    "activity_regularizer",
    "unusual_constraint",
)


def columns(n: int) -> list[Any]:
    """Models of two to eight layers; the same every time."""
    random = Random(8)
    return [column(random) for _ in range(n)]


def column(random: Random) -> Any:
    side = random.choice([9, 20, 31, 140])
    x = pixels = keras.Input((side, side + random.choice([0, 3]), 3))
    for _ in range(random.randint(2, 7)):
        made = layer(random)
        if min(x.shape[1:3]) >= 12 or getattr(made, "padding", "same") == "same":
            x = made(x)
    if random.random() < 0.5:
        x = random.choice([layers.Flatten(), layers.GlobalAveragePooling2D()])(x)
        x = layers.Dense(random.choice([2, 40]))(x)
    return keras.Model(pixels, x)


def layer(random: Random) -> Any:
    kind = random.choice(["conv", "conv", "conv", "pool", "norm", "relu", "drop", "zeros"])
    if kind == "pool":
        size, strides, padding = random.choice([1, 2, 3]), random.choice([1, 2, 3]), random.choice(["valid", "same"])
        return random.choice([layers.MaxPooling2D, layers.AveragePooling2D])(size, strides=strides, padding=padding)
    if kind != "conv":
        plain = {"norm": layers.BatchNormalization, "relu": layers.ReLU, "zeros": layers.ZeroPadding2D}
        return plain[kind]() if kind in plain else layers.Dropout(0.2)
    strides = random.choice([1, 1, 2, 4])
    return layers.Conv2D(
        random.choice([3, 6]),
        (random.choice([1, 2, 3, 5]), random.choice([1, 3, 4])),
        strides=strides,
        dilation_rate=random.choice([1, 2]) if strides == 1 else 1,
        padding=random.choice(["valid", "same"]),
        activation=random.choice([None, None, "relu", "tanh"]),
        use_bias=random.random() < 0.7,
        bias_regularizer=random.choice([None, None, None, "l2"]),
        bias_initializer=random.choice(["zeros", "zeros", "ones"]),
        kernel_regularizer=random.choice([None, keras.regularizers.L2(5e-4), keras.regularizers.L2(0.02)]),
        kernel_constraint=random.choice([None, None, "max_norm"]),
        activity_regularizer=random.choice([None, None, "l1"]),
    )


def findings_case(model: Any) -> Case:
    """Rule, layers where it is about one, severity, sentence and source."""
    height, width, channels = model.input_shape[1:]
    found = [each for each in lint(model, shape=ImageShape(height, width, channels)) if each.rule in RULES_HERE]
    expected = [(each.rule, each.layer, each.severity, each.message, each.source) for each in found]
    network = network_of(flatten(model), name=model.name, with_weights=False)
    names = [node["name"] for node in network["nodes"]]

    def check(answer: Any) -> None:
        mine = [
            (
                each["rule"],
                names[each["layers"][0]] if len(each["layers"]) == 1 else None,
                each["severity"],
                each["message"],
                each["source"],
            )
            for each in answer["findings"]
        ]
        assert sorted(mine, key=str) == sorted(expected, key=str)

    picture = {"height": height, "width": width, "channels": channels, "flat": False}
    return Case({"what": "graph", "graph": network, "picture": picture}, check)
