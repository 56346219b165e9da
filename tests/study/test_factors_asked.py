"""What a study may be asked to vary, as texts."""

from __future__ import annotations

import pytest

from convwise.conv2d import PARAMETERS
from convwise.errors import RequestError
from convwise.study.asked import StudyRequest
from convwise.study.tried import RECIPE_PARAMETERS, STUDIED, rank_of, read_levels, tried


def test_levels_are_read_by_parameter() -> None:
    found = read_levels(["kernel_size=3,5", " batch = 16 , 64"])
    assert found == {"kernel_size": ("3", "5"), "batch": ("16", "64")}


def test_the_axes_of_a_constraint_are_one_value() -> None:
    """Every first value that a study has of its own can be named."""
    written = "max_norm:3:axis=0,1,2, unit_norm:axis=0,1,2 ,non_neg"
    found = read_levels([f"kernel_constraint={written}"])
    assert found == {"kernel_constraint": ("max_norm:3:axis=0,1,2", "unit_norm:axis=0,1,2", "non_neg")}
    for parameter in PARAMETERS:
        of = tried(parameter, 64)
        for value in (*of.first, *of.rungs, *of.further, *of.opposite):
            assert read_levels([f"{parameter}={value}"]) == {parameter: (value,)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("windows=3", "no such parameter"),
        ("learning=3", "did you mean learning_rate"),
        ("kernel_size", "write PARAMETER=VALUE"),
        ("kernel_size=", "write PARAMETER=VALUE"),
    ],
)
def test_wrong_levels_are_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read_levels([text])


def test_a_study_may_be_asked_for_the_sixteen_and_for_the_training() -> None:
    assert len(STUDIED) == 22
    assert StudyRequest(data="d", parameters=RECIPE_PARAMETERS).parameters == RECIPE_PARAMETERS
    with pytest.raises(RequestError, match="momentum: there is no such parameter to study"):
        StudyRequest(data="d", parameters=("momentum",))


@pytest.mark.parametrize(
    ("parameter", "weak", "strong"),
    [
        ("filters", "x0.25", "x0.5"),
        ("kernel_size", "3x3", "5"),
        ("kernel_size", "conv2d.kernel_size=5", "conv2d.kernel_size=7"),
        ("kernel_regularizer", "none", "l2:0.0000001"),
        ("kernel_regularizer", "l2:1e-06", "l2:0.0001"),
        ("kernel_constraint", "max_norm:3:axis=0,1,2", "max_norm:2"),
        ("bias_constraint", "none", "max_norm:3"),
        ("bias_initializer", "zeros", "constant:0.1"),
        ("learning_rate", "0.003", "0.01"),
    ],
)
def test_values_have_an_order(parameter: str, weak: str, strong: str) -> None:
    lower, higher = rank_of(parameter, weak), rank_of(parameter, strong)
    assert lower is not None
    assert higher is not None
    assert lower < higher


def test_a_value_of_another_kind_has_no_place_in_the_order() -> None:
    assert rank_of("kernel_initializer", "he_normal") is None
