"""A network in the page: its layers, shapes, costs and fields are the layer table's, its numbers are Keras's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convwise.conv2d import parse_settings
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build
from convwise.nets.layer_table.graph import flatten
from convwise.nets.layer_table.records import LayerRow
from convwise.nets.layer_table.table import table_of
from convwise.playground.network import network_of
from tests.playground.cases import Case, check_all, close
from tests.playground.columns import RULES_HERE, columns, findings_case
from tests.playground.engines import by_node


def built(name: str, *settings: str, size: int = 64) -> Any:
    return build(
        name,
        shape=ImageShape.of(size),
        n_classes=4,
        settings=parse_settings(settings),
        seed=0,
        precision="float32",
        numbers=False,
    ).model


def graph_case(model: Any) -> Case:
    """What runs down the column, against the layer table."""
    graph = flatten(model)
    table = table_of(graph)
    network = network_of(graph, name=model.name, with_weights=False)
    picture = {key: network["input"][key] for key in ("height", "width", "channels")}

    def check(answer: Any) -> None:
        assert len(answer["rows"]) == len(table.rows)
        for found, row in zip(answer["rows"], table.rows, strict=True):
            check_row(found, row, graph.layout)
        assert answer["predictingBytes"] == table.totals.inference_peak_bytes

    return Case({"what": "graph", "graph": network, "picture": {**picture, "flat": False}}, check)


def check_row(found: dict[str, Any], row: LayerRow, layout: str) -> None:
    shape = found["shape"]
    flat = [shape["channels"]] if shape["flat"] else [shape["height"], shape["width"], shape["channels"]]
    first = len(row.output_shape) == 3 and (layout == "channels_first" or row.name.endswith("_to_channels_first"))
    if not first and "Conv2D" not in row.type:
        assert flat == list(row.output_shape), row.name
    assert found["weights"] == row.weights, row.name
    assert found["multiplyAdds"] == row.multiply_adds, row.name
    assert found["bytes"] == row.activation_bytes, row.name
    seen = row.receptive_field
    assert (found["field"] is None) == (seen is None), row.name
    if seen is not None:
        assert found["field"]["size"] == list(seen.size), row.name
        assert found["field"]["stride"] == list(seen.stride), row.name
        assert found["field"]["whole"] == seen.whole, row.name


def ask(cases: list[Case], folder: Path) -> None:
    check_all(cases, by_node([case.asked for case in cases], folder))


def test_every_network_has_the_numbers_of_its_layer_table(tmp_path: Path) -> None:
    changed = [("simple", "conv.kernel_size=5x2"), ("narrowresnet", "conv.groups=2"), ("vgg", "conv.padding=same")]
    models = [built(name) for name in NETWORKS] + [built(name, setting) for name, setting in changed]
    models += [built("simple", size=37), built("squeezenet", size=96)]
    ask([graph_case(model) for model in models], tmp_path)


def odd_network() -> Any:
    """Layers that none of convwise's own networks has, with weights that are not the first ones."""
    pixels = keras.Input((20, 23, 3))
    x = layers.Rescaling(1 / 255, offset=-0.5)(pixels)
    x = layers.ZeroPadding2D(((1, 2), (0, 1)))(x)
    x = layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same", activation="relu6")(x)
    x = layers.LeakyReLU(negative_slope=0.1)(layers.BatchNormalization()(x))
    y = layers.Conv2D(6, (2, 3), dilation_rate=(1, 2), padding="same", activation=layers.ELU(0.5))(x)
    x = layers.Multiply()([y, layers.GlobalAveragePooling2D(keepdims=True)(x)])
    x = layers.Concatenate()([layers.Maximum()([x, y]), layers.Subtract()([x, y])])
    x = layers.AveragePooling2D((3, 2), strides=2, padding="same")(layers.Dropout(0.3)(x))
    x = layers.Dense(5, activation="tanh")(x)
    x = layers.ReLU(max_value=0.8, negative_slope=0.2)(x)
    x = layers.Softmax()(layers.Dense(3)(layers.Flatten()(layers.Activation("silu")(x))))
    model = keras.Model(pixels, x)
    random = np.random.default_rng(2)
    model.set_weights([random.uniform(0.05, 0.6, weight.shape) for weight in model.get_weights()])
    return model


def forward_case(model: Any) -> Case:
    """The last layer's numbers for a random picture, by the weights of the model."""
    network = network_of(flatten(model), name=model.name, with_weights=True)
    assert all(node["kind"] != "Unknown" for node in network["nodes"])
    shape = model.input_shape[1:]
    picture = np.random.default_rng(1).uniform(0, 255, shape).astype(np.float32)
    expected = keras.ops.convert_to_numpy(model(picture[None], training=False))[0].ravel()
    asked = {"what": "forward", "graph": network, "numbers": picture.ravel().tolist(), "shape": list(shape)}
    return Case(asked, close(expected.tolist(), 1e-5))


def test_a_network_with_its_weights_gives_what_keras_gives(tmp_path: Path) -> None:
    names = ("simple", "narrowresnet", "squeezenet", "stridednet")
    own = [
        build(
            name,
            shape=ImageShape.of(32),
            n_classes=4,
            settings=parse_settings([]),
            seed=3,
            precision="float32",
        ).model
        for name in names
    ]
    ask([forward_case(model) for model in [odd_network(), *own]], tmp_path)


def test_the_odd_network_has_the_numbers_of_its_layer_table(tmp_path: Path) -> None:
    ask([graph_case(odd_network())], tmp_path)


def doubled(x: Any) -> Any:
    """An activation of one's own."""
    return x * 2


def test_a_layer_without_arithmetic_here_is_said_to_be_unknown() -> None:
    pixels = keras.Input((16, 16, 3))
    x = layers.UpSampling2D()(layers.Conv2D(4, 3, activation=doubled)(pixels))
    network = network_of(flatten(keras.Model(pixels, x)), name="own", with_weights=False)
    assert [node["kind"] for node in network["nodes"]] == ["Unknown", "Unknown"]
    shapes = [{"height": side, "width": side, "channels": 4, "flat": False} for side in (14, 28)]
    expected = {"type": "UpSampling2D", "input_shapes": shapes[:1], "shape": shapes[1], "weights": 0}
    assert network["nodes"][1]["config"] == expected


def test_two_pictures_at_once_are_refused_in_one_line() -> None:
    from convwise.errors import RequestError

    left, right = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    model = keras.Model([left, right], layers.Add()([left, right]))
    with pytest.raises(RequestError, match="networks that take one picture"):
        network_of(flatten(model), name="two", with_weights=False)


def test_what_is_found_about_a_column_is_what_lint_finds(tmp_path: Path) -> None:
    cases = [findings_case(model) for model in columns(60)]
    ask(cases, tmp_path)
    answers = by_node([case.asked for case in cases], tmp_path)
    assert {each["rule"] for answer in answers for each in answer["findings"]} == set(RULES_HERE)


def test_what_is_found_about_every_network_is_what_lint_finds(tmp_path: Path) -> None:
    ask([findings_case(built(name)) for name in NETWORKS], tmp_path)
