"""Named values: texts, refusals, and Keras's serialized form both ways."""

from __future__ import annotations

from typing import Any

import keras
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convwise.conv2d.settings import NAMED
from convwise.conv2d.values import Named, kind_of
from convwise.errors import RequestError
from tests.conv2d.generated import generated, named_texts

DESERIALIZE: dict[str, Any] = {
    "initializer": keras.initializers.get,
    "regularizer": keras.regularizers.get,
    "constraint": keras.constraints.get,
    "activation": keras.activations.get,
}


@pytest.mark.parametrize(
    ("parameter", "text", "canonical"),
    [
        ("kernel_regularizer", "l2:5e-4", "l2:0.0005"),
        ("kernel_regularizer", "L2", "l2:0.01"),
        ("kernel_regularizer", "l1l2:l2=0.001:l1=0.0001", "l1_l2:0.0001:0.001"),
        ("kernel_constraint", "max_norm:max_value=3", "max_norm:3"),
        ("kernel_constraint", "MaxNorm:3:0,1,2", "max_norm:3:axis=0,1,2"),
        ("kernel_constraint", "min_max_norm:0:1:0.9:0", "min_max_norm:0:1:0.9"),
        ("kernel_constraint", "min_max_norm:0:1:axis=1", "min_max_norm:0:1:axis=1"),
        ("kernel_initializer", "HeNormal", "he_normal"),
        ("kernel_initializer", "he_normal:seed=3", "he_normal:seed=3"),
        ("kernel_initializer", "variance_scaling:2:fan_in:normal", "variance_scaling:2:fan_in:truncated_normal"),
        ("bias_initializer", " zero ", "zeros"),
        ("bias_initializer", "constant:0.1", "constant:0.1"),
        ("activation", "swish", "silu"),
        ("activation", "leaky_relu:0.2", "leaky_relu"),
        ("activation", "leaky_relu:0.1", "leaky_relu:0.1"),
        ("activation", "relu:max_value=6", "relu:max_value=6"),
    ],
)
def test_all_ways_to_write_a_value_have_one_text(parameter: str, text: str, canonical: str) -> None:
    read = Named.read(parameter, text)
    assert read is not None
    assert read.text == canonical
    assert Named.read(parameter, canonical) == read


@pytest.mark.parametrize(
    ("parameter", "text", "says"),
    [
        ("kernel_initializer", "he_norml", "did you mean he_normal"),
        ("kernel_regularizer", "ridge", "did you mean"),
        ("kernel_regularizer", "l2:-0.1", "l2=-0.1: it must be a number, 0 or more"),
        ("kernel_regularizer", "l2:much", "l2 must be a number, 0 or more"),
        ("kernel_regularizer", "l2:nan", "must be a number"),
        ("kernel_regularizer", "l2:0.1:0.2", "'0.2' has no place; l2 takes l2"),
        ("kernel_regularizer", "l2:factor=0.1", "no place"),
        ("kernel_regularizer", "l1_l2:l2=0.1:0.2", "'0.2' has no place"),
        ("kernel_regularizer", "l2:0.1:l2=0.2", "no place"),
        ("kernel_regularizer", "", "no value"),
        ("kernel_constraint", "min_max_norm:2:1", "min_value must not be above max_value"),
        ("kernel_constraint", "min_max_norm:0:1:1.5", "from 0 to 1"),
        ("kernel_constraint", "max_norm:3:axis=4", "an axis from -4 to 3"),
        ("kernel_constraint", "non_neg:1", "non_neg takes no arguments"),
        ("kernel_initializer", "he_normal:3", "by name only"),
        ("kernel_initializer", "variance_scaling:0", "above 0"),
        ("kernel_initializer", "variance_scaling:1:fan", "one of fan_in, fan_out, fan_avg"),
        ("activation", "gelu:true", "Conv2D keeps gelu by its name alone, so approximate cannot be given"),
        ("activation", "leaky_relu:-1", "0 or more"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_with_the_rule(parameter: str, text: str, says: str) -> None:
    with pytest.raises(RequestError) as problem:
        Named.read(parameter, text)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_an_argument_that_a_name_does_not_have_is_refused() -> None:
    with pytest.raises(RequestError, match="no argument 'l3'"):
        Named("kernel_regularizer", "l2", {"l3": 0.1})


@generated
@given(st.data())
def test_every_text_survives_the_record_and_keras(data: st.DataObject) -> None:
    parameter = data.draw(st.sampled_from(NAMED))
    text = data.draw(named_texts(parameter))
    read = Named.read(parameter, text)
    assert read is not None
    assert read.text == text
    made = DESERIALIZE[kind_of(parameter)](read.to_keras())
    serialized = made.__name__ if kind_of(parameter) == "activation" and isinstance(read.to_keras(), str) else None
    if read.name == "identity":
        return  # Keras writes no gain for it, see below
    again = Named.from_keras(parameter, serialized or keras.saving.serialize_keras_object(made))
    assert again == read


def test_a_seed_object_is_left_out_and_a_whole_seed_is_kept() -> None:
    for seed, text in ((keras.random.SeedGenerator(3), "he_normal"), (3, "he_normal:seed=3")):
        config = keras.initializers.serialize(keras.initializers.HeNormal(seed=seed))
        read = Named.from_keras("kernel_initializer", config)
        assert read is not None
        assert read.text == text


def test_a_factor_that_keras_rounds_to_float32_is_read_as_it_was_written() -> None:
    for made, text in (
        (keras.regularizers.L1(0.01), "l1:0.01"),
        (keras.regularizers.OrthogonalRegularizer(0.3), "orthogonal_regularizer:0.3:rows"),
    ):
        read = Named.from_keras("kernel_regularizer", keras.regularizers.serialize(made))
        assert read is not None
        assert read.text == text


def test_keras_forgets_the_gain_of_an_identity_so_that_it_is_read_as_1() -> None:
    config = keras.initializers.serialize(keras.initializers.Identity(gain=2.0))
    assert config["config"] == {}
    read = Named.from_keras("kernel_initializer", config)
    assert read is not None
    assert read.text == "identity:1"


@keras.saving.register_keras_serializable(package="test")
class HeNormal(keras.initializers.Initializer):
    """A class of the user's own with a name of Keras's."""

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        return keras.ops.ones(shape, dtype)


def test_what_keras_does_not_ship_is_refused() -> None:
    for config in (
        keras.initializers.serialize(HeNormal()),
        keras.initializers.serialize(keras.initializers.Constant([1.0, 2.0])),
        {"no": "class"},
        7,
    ):
        with pytest.raises(RequestError):
            Named.from_keras("kernel_initializer", config)
