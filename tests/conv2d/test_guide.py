"""The guide's texts: complete, right where they compute, and no wider than a terminal."""

import inspect
import math
import re

import numpy as np
import pytest

from convwise.conv2d import PARAMETERS, parse_settings
from convwise.conv2d.guidance.record import Guidance
from convwise.conv2d.guide import CLAIM_NOTE, GUIDE, guide, guide_list, guide_text
from convwise.errors import RequestError


def test_the_guide_has_keras_s_sixteen_parameters_in_keras_s_order() -> None:
    assert tuple(GUIDE) == PARAMETERS
    assert len(guide()) == 16
    assert all(guide(name).parameter == name for name in PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_default_is_the_one_of_keras(name: str) -> None:
    import keras

    default = inspect.signature(keras.layers.Conv2D.__init__).parameters[name].default
    expected = "required" if default is inspect.Parameter.empty else str(default)
    assert guide(name).default == expected


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_value_to_try_is_accepted_by_set(name: str) -> None:
    for value in guide(name).values:
        assert parse_settings([f"conv.{name}={value.text}"])


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_value_to_try_builds_a_convolution(name: str, request: pytest.FixtureRequest) -> None:
    import keras

    if name == "data_format":
        request.getfixturevalue("channels_first")
    for value in guide(name).values:
        given = {"filters": 8, "kernel_size": 3, "padding": "same"}
        parsed = parse_settings([f"conv.{name}={value.text}"]).scopes["conv"].to_keras()[name]
        if isinstance(parsed, dict):
            parsed = keras.saving.deserialize_keras_object(parsed)
        layer = keras.layers.Conv2D(**{**given, name: parsed})
        assert layer(np.zeros((1, 16, 16, 8), np.float32)).shape[0] == 1


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_text_fits_80_columns_and_marks_the_claim(name: str) -> None:
    text = guide_text(guide(name))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert CLAIM_NOTE in text
    assert guide(name).summary in text
    assert all(value.text in text for value in guide(name).values)


def test_the_list_is_one_line_a_parameter() -> None:
    lines = guide_list().splitlines()
    assert [line.split()[0] for line in lines] == list(PARAMETERS)
    assert max(map(len, lines)) <= 80


def test_the_guide_is_ascii_text() -> None:
    for guidance in guide():
        assert guide_text(guidance).isascii(), guidance.parameter


@pytest.mark.parametrize(
    ("asked", "near"),
    [("kernel_sise", "kernel_size"), ("stride", "strides"), ("dilation", "dilation_rate"), ("xyz", "filters")],
)
def test_an_unknown_parameter_is_answered_with_the_nearest_names(asked: str, near: str) -> None:
    with pytest.raises(RequestError, match=f"^{asked}: .* {near}"):
        guide(asked)


def test_the_form_of_set_is_understood() -> None:
    assert guide("conv.strides") is guide("strides")


def test_a_record_without_a_source_or_with_a_wide_drawing_is_refused() -> None:
    good = {**{field: getattr(guide("groups"), field) for field in Guidance.__dataclass_fields__}}
    with pytest.raises(ValueError, match="sources is empty"):
        Guidance(**{**good, "sources": ()})
    with pytest.raises(ValueError, match="wider than 76"):
        Guidance(**{**good, "example": "x" * 77})


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def test_the_weights_in_the_filters_example_are_counted_right() -> None:
    numbers = [_number(n) for n in re.findall(r"\d[\d,]*\d(?=\s{3,}|$)", guide("filters").example, re.M)]
    expected = [9 * c * f + f for c in (3, 64) for f in (32, 64)]
    assert [n for n in numbers if n > 100] == expected


def test_the_kernel_size_example_counts_weights_and_layers_right() -> None:
    rows = re.findall(r"^ *(\d+) x \d+ .*?(\d+) +([\d,]+) \| +([\d,]+)$", guide("kernel_size").example, re.M)
    assert [int(row[0]) for row in rows] == [5, 7, 11]
    for size, n_layers, one, several in rows:
        assert 2 * int(n_layers) + 1 == int(size)
        assert _number(one) == int(size) ** 2 * 64 * 64
        assert _number(several) == int(n_layers) * 9 * 64 * 64


def test_the_windows_drawn_for_strides_are_all_that_fit() -> None:
    rows = re.findall(r"^stride (\d) +((?:\[\d+\] ?)+) +(\d)", guide("strides").example, re.M)
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    for stride, windows, n in rows:
        starts = range(0, 9 - 3 + 1, int(stride))
        assert windows.split() == [f"[{s}{s + 1}{s + 2}]" for s in starts]
        assert int(n) == len(starts)


def test_the_taps_drawn_for_dilation_have_the_stated_reach() -> None:
    drawing = guide("dilation_rate").example
    assert [int(reach) for reach in re.findall(r": (\d) x \d", drawing)] == [2 * rate + 1 for rate in (1, 2, 4)]
    assert " x . . . x . . . x" in drawing


def test_the_groups_example_counts_weights_right() -> None:
    rows = re.findall(r"^ +(\d+) +(\d+)[^\d]+([\d,]+) *(?:depthwise)?$", guide("groups").example, re.M)
    assert len(rows) == 4
    for groups, sees, weights in rows:
        assert int(sees) == 64 // int(groups)
        assert _number(weights) == 9 * 64 / int(groups) * 64


def test_the_activation_example_is_what_keras_computes() -> None:
    import keras

    rows = re.findall(r"^(\w+)((?: +-?\d\.\d\d){5})", guide("activation").example, re.M)
    assert rows[0][0] == "none"
    x = np.array([float(n) for n in rows[0][1].split()], np.float32)
    for name, numbers in rows[1:]:
        computed = keras.ops.convert_to_numpy(keras.activations.get(name)(x))
        np.testing.assert_allclose([float(n) for n in numbers.split()], computed, atol=0.0051)
    assert len(rows) == 6


def test_the_initializers_example_has_the_formulas_numbers() -> None:
    example = guide("kernel_initializer").example
    he, glorot = math.sqrt(2 / 576), math.sqrt(2 / 1152)
    for number in (f"{glorot:.4f}", f"{glorot * math.sqrt(3):.4f}", f"{he:.4f}", f"{2 * he / 0.87962566:.4f}"):
        assert number in example


def test_the_bias_example_has_the_normal_distribution_s_shares() -> None:
    found = re.findall(r"bias +(-?\d\.\d) +(\d+) %", guide("bias_initializer").example)
    assert len(found) == 4
    for bias, share in found:
        assert int(share) == round(50 * (1 + math.erf(float(bias) / math.sqrt(2))))


def test_the_prices_in_the_examples_are_computed_right() -> None:
    squares = 9 * 64 * 64 * 2 / (9 * 64)
    assert squares == 128
    example = guide("kernel_regularizer").example
    assert f"{0.0005 * squares:.3f}" in example
    assert f"{(1 - 0.1 * 2 * 0.0005) ** 10_000:.2f}" in example
    assert f"{0.0005 * 64 * 0.1**2:.5f}" in guide("bias_regularizer").example
    assert f"{64 * 64 * 32 * 0.5:,.0f}" in guide("activity_regularizer").example


def test_the_biases_in_the_example_are_what_the_constraints_make_of_them() -> None:
    import keras

    example = guide("bias_constraint").example
    rows = {name: np.array([float(n) for n in numbers.split(",")], np.float32)
            for name, numbers in re.findall(r"^([\w: ]+?) +\(([^)]*)\)", example, re.M)}  # fmt: skip
    before = rows["four biases"]
    limits = {"non_neg": keras.constraints.NonNeg(), "unit_norm": keras.constraints.UnitNorm()}
    limits["max_norm:2"] = keras.constraints.MaxNorm(2)
    for name, limit in limits.items():
        np.testing.assert_allclose(rows[name], keras.ops.convert_to_numpy(limit(before)), atol=0.0051)
