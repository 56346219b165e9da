"""The sixteen settings: text forms, refusals, JSON, and Keras's configuration both ways."""

from __future__ import annotations

import inspect
import json
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given

from convwise.conv2d import PARAMETERS, Conv2DSettings, Times
from convwise.conv2d.settings import DEFAULTS
from convwise.errors import RequestError
from tests.conv2d.generated import complete_settings, generated, partial_settings


def test_the_parameters_are_those_of_keras_in_its_order() -> None:
    signature = inspect.signature(keras.layers.Conv2D.__init__).parameters
    own = [name for name in signature if name not in ("self", "kwargs")]
    assert list(PARAMETERS) == own
    assert len(PARAMETERS) == 16


def test_texts_become_values() -> None:
    settings = Conv2DSettings.from_texts(
        {"kernel_size": "5x3", "strides": "2", "use_bias": "False", "kernel_regularizer": "l2:5e-4", "filters": "x0.5"}
    )
    assert settings.given() == {
        "filters": Times(0.5),
        "kernel_size": (5, 3),
        "strides": (2, 2),
        "use_bias": False,
        "kernel_regularizer": "l2:0.0005",
    }


def test_one_number_lists_and_numpy_numbers_stand_for_sizes() -> None:
    expected = Conv2DSettings(kernel_size=(5, 5), filters=4)
    values: list[Any] = [5, [5, 5], np.int64(5), (np.int32(5), 5)]
    for value in values:
        assert Conv2DSettings(kernel_size=value, filters=np.int64(4)) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("kernel_size", "0", "above 0"),
        ("kernel_size", "3x3x3", "two of them"),
        ("kernel_size", "3,3", "two of them"),
        ("strides", "-1", "above 0"),
        ("filters", "many", "whole number"),
        ("filters", "x0", "above 0"),
        ("filters", "xx", "x0.5"),
        ("filters", "xnan", "above 0"),
        ("filters", "2.5", "whole number"),
        ("groups", "x2", "whole number"),
        ("padding", "full", "valid, same"),
        ("data_format", "NHWC", "channels_last, channels_first"),
        ("use_bias", "1", "true or false"),
        ("activation", "", "no value"),
        ("kernel_initializer", "none", "glorot_uniform"),
        ("kernel_sise", "3", "did you mean kernel_size"),
    ],
)
def test_a_bad_value_is_refused_in_one_line(name: str, text: str, says: str) -> None:
    with pytest.raises(RequestError) as problem:
        Conv2DSettings.from_texts({name: text})
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize("value", [True, 3.0, "3", None, (3, True)])
def test_a_size_of_another_type_is_refused(value: Any) -> None:
    if value is None:
        assert Conv2DSettings(kernel_size=value).given() == {}
        return
    with pytest.raises(RequestError, match="kernel_size"):
        Conv2DSettings(kernel_size=value)


def test_a_factor_rounds_half_up_and_never_to_nothing() -> None:
    assert [Times(0.5).applied_to(n) for n in (1, 2, 3, 5)] == [1, 1, 2, 3]
    assert Times(0.01).applied_to(8) == 1
    assert Times(2).applied_to(32) == 64
    assert str(Times(2)) == "x2"


@generated
@given(partial_settings())
def test_settings_survive_texts_and_json(settings: Conv2DSettings) -> None:
    assert Conv2DSettings.from_texts(settings.texts()) == settings
    assert Conv2DSettings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@generated
@given(complete_settings())
def test_settings_survive_keras_where_it_takes_them(settings: Conv2DSettings) -> None:
    assert Conv2DSettings.from_keras(settings.to_keras()) == settings
    assert Conv2DSettings.from_keras(json.loads(json.dumps(settings.to_keras()))) == settings
    try:
        layer = keras.layers.Conv2D.from_config(settings.to_keras())
    except (TypeError, ValueError):
        return  # the combinations that Keras refuses are the business of the rules
    if "identity" in f"{settings.kernel_initializer} {settings.bias_initializer}":
        return  # Keras writes no gain for it
    assert Conv2DSettings.from_keras(layer.get_config()) == settings
    assert layer.get_config() | settings.to_keras() | _with_all_arguments(layer, settings) == layer.get_config()


def _with_all_arguments(layer: Any, settings: Conv2DSettings) -> dict[str, Any]:
    """Keras writes seeds and fan axes of None too, and an activation layer with a name and a type."""
    written, own = layer.get_config(), settings.to_keras()
    whole = {}
    for name, value in own.items():
        if isinstance(value, dict):
            kept = {key: written[name]["config"][key] for key in value["config"]}
            assert kept.keys() == value["config"].keys()
            whole[name] = written[name]
            for key, number in value["config"].items():  # L1 and orthogonal factors come back as float32
                assert kept[key] == (pytest.approx(number, rel=1e-7) if isinstance(number, float) else number)
    return whole


def test_from_keras_reads_any_convolution_whole() -> None:
    layer = keras.layers.Conv2D(
        8,
        (3, 5),
        activation=keras.layers.LeakyReLU(negative_slope=0.25),
        kernel_initializer=keras.initializers.HeNormal(seed=keras.random.SeedGenerator(1)),
        bias_initializer=keras.initializers.Constant(0.1),
        kernel_regularizer=keras.regularizers.L1L2(1e-4, 1e-3),
        kernel_constraint=keras.constraints.MaxNorm(3, axis=[0, 1, 2]),
        name="stem",
        dtype="float32",
    )
    assert Conv2DSettings.from_keras(layer.get_config()) == Conv2DSettings(
        filters=8,
        kernel_size=(3, 5),
        activation="leaky_relu:0.25",
        kernel_initializer="he_normal",
        bias_initializer="constant:0.1",
        kernel_regularizer="l1_l2:0.0001:0.001",
        kernel_constraint="max_norm:3:axis=0,1,2",
    ).with_defaults(data_format="channels_last")


def test_an_initializer_of_none_is_glorot_uniform_as_keras_draws_it() -> None:
    layer = keras.layers.Conv2D(64, 1, kernel_initializer=None, bias_initializer=None)
    layer.build((1, 4, 4, 16))
    bias = keras.ops.convert_to_numpy(layer.bias)
    assert bias.std() > 0  # not zeros, although Conv2D's documentation says so
    assert np.abs(bias).max() <= np.sqrt(6 / (64 + 64))  # glorot's limit: Keras takes 64 for both fans of one axis
    read = Conv2DSettings.from_keras(layer.get_config())
    assert (read.kernel_initializer, read.bias_initializer) == ("glorot_uniform", "glorot_uniform")


def test_the_defaults_are_those_of_keras() -> None:
    config = keras.layers.Conv2D(4, 3, data_format="channels_last").get_config()
    complete = Conv2DSettings(filters=4, kernel_size=(3, 3)).with_defaults()
    assert Conv2DSettings.from_keras(config) == complete
    assert set(DEFAULTS) == set(PARAMETERS) - {"filters", "kernel_size"}
    assert complete.with_defaults(data_format="channels_first") == complete


def test_what_cannot_be_completed_or_handed_to_keras_says_so() -> None:
    with pytest.raises(RequestError, match="no default"):
        Conv2DSettings(filters=Times(2), kernel_size=(3, 3)).with_defaults()
    with pytest.raises(RequestError, match="factor"):
        Conv2DSettings(filters=Times(2)).to_keras()
    with pytest.raises(RequestError, match="lora_rank"):
        Conv2DSettings.from_keras(keras.layers.Conv2D(4, 3, lora_rank=2).get_config())
