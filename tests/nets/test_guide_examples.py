"""The guide's examples are what a convolution really answers, checked against NumPy, SciPy and closed forms."""

from typing import Any

import numpy as np
import pytest
from scipy import signal

from convwise.conv2d import PARAMETERS
from convwise.errors import RequestError
from convwise.nets.guide.examples import edge_kernel, gray, guide_example, mean_kernel, picture
from convwise.nets.guide.records import Case, Example

QUICK = tuple(name for name in PARAMETERS if not name.endswith("regularizer"))


@pytest.fixture(scope="module")
def examples() -> dict[str, Example]:
    return {name: guide_example(name) for name in QUICK}


def _by_label(example: Example) -> dict[str, Case]:
    return {case.label: case for case in example.cases}


def test_every_parameter_has_its_example_with_finite_numbers(examples: dict[str, Example]) -> None:
    for name, example in examples.items():
        assert example.parameter == name
        assert len(example.cases) >= 2
        for case in example.cases:
            arrays: list[Any] = [a for a in (case.maps, case.kernels, *case.series) if a is not None]
            assert arrays
            assert all(np.isfinite(array).all() for array in arrays)
    assert {guide for guide in PARAMETERS if guide not in QUICK} == {
        "kernel_regularizer", "bias_regularizer", "activity_regularizer"
    }  # fmt: skip


@pytest.mark.parametrize("rate", [1, 2, 4])
def test_a_dilated_answer_is_scipy_s_correlation_with_a_kernel_full_of_gaps(
    examples: dict[str, Example], rate: int
) -> None:
    kernel = np.zeros((2 * rate + 1, 2 * rate + 1))
    kernel[::rate, ::rate] = edge_kernel(3, 30)
    expected = signal.correlate2d(gray(picture(64)) - 0.5, kernel, mode="valid")
    maps = _by_label(examples["dilation_rate"])[f"dilation_rate={rate}"].maps
    assert maps is not None
    np.testing.assert_allclose(maps[:, :, 0], expected, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_a_strided_answer_is_every_nth_value_of_the_whole_one(examples: dict[str, Example], stride: int) -> None:
    expected = signal.correlate2d(gray(picture(96)), mean_kernel(3), mode="valid")[::stride, ::stride]
    maps = _by_label(examples["strides"])[f"strides={stride}"].maps
    assert maps is not None
    np.testing.assert_allclose(maps[:, :, 0], expected, atol=1e-5)


def test_same_equals_valid_wherever_no_zero_has_reached(examples: dict[str, Example]) -> None:
    valid, same = examples["padding"].cases
    for depth, (small, large) in enumerate(zip(valid.series, same.series, strict=True), start=1):
        reach = 3 * depth
        np.testing.assert_allclose(large[reach:-reach, reach:-reach], small, atol=1e-5)
        assert large[0, 0] < 0.6 * small[0, 0]


def test_both_layouts_give_one_answer(examples: dict[str, Example]) -> None:
    last, first, _ = examples["data_format"].cases
    assert last.maps is not None
    assert first.maps is not None
    np.testing.assert_allclose(last.maps, first.maps, atol=1e-5)


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_groups_connect_in_blocks(examples: dict[str, Example], groups: int) -> None:
    connected = _by_label(examples["groups"])[f"groups={groups}"].kernels
    assert connected is not None
    np.testing.assert_array_equal(connected[:, :, 0] != 0, np.kron(np.eye(groups), np.ones((8 // groups,) * 2)) > 0)


def test_batch_normalisation_takes_every_bias_out(examples: dict[str, Example]) -> None:
    normalised = [case.maps[:, :, 1] for case in examples["use_bias"].cases if case.maps is not None]
    assert len(normalised) == 3
    for other in normalised[1:]:
        np.testing.assert_allclose(other, normalised[0], atol=1e-4)


def test_he_keeps_the_spread_that_the_others_lose_or_blow_up(examples: dict[str, Example]) -> None:
    grown = {case.label: case.series[-1].std() / case.series[0].std() for case in examples["kernel_initializer"].cases}
    assert 0.5 < grown["he_normal"] < 2
    assert grown["glorot_uniform"] < 0.2
    assert grown["random_normal:0:0.02"] < 1e-3
    assert grown["random_normal:0:0.12"] > 4


def test_lengths_after_a_limit_are_those_of_its_formula(examples: dict[str, Example]) -> None:
    after = {case.label: (case.series[2], case.series[3]) for case in examples["kernel_constraint"].cases}
    formulas = {
        "UnitNorm(axis=[0, 1, 2])": np.ones_like,
        "MaxNorm(2, axis=[0, 1, 2])": lambda lengths: np.minimum(lengths, 2),
        "MinMaxNorm(1.5, 2.5, axis=[0, 1, 2])": lambda lengths: np.clip(lengths, 1.5, 2.5),
    }
    for label, formula in formulas.items():
        np.testing.assert_allclose(after[label][1], formula(after[label][0]), atol=1e-4)


@pytest.mark.slow
def test_a_priced_bias_ends_where_the_closed_form_says() -> None:
    # The smallest (b - 1)^2 + factor b^2 is at b = 1 / (1 + factor).
    ends = {case.label: case.series[0][-1] for case in guide_example("bias_regularizer").cases}
    for label, factor in (("none", 0.0), ("l2:0.0005", 0.0005), ("l2:0.01", 0.01), ("l2:0.1", 0.1)):
        assert ends[label] == pytest.approx(1 / (1 + factor), abs=2e-3)


@pytest.mark.slow
def test_prices_do_what_the_figures_say() -> None:
    truth, none, _, strong, sparse = (case.series[0] for case in guide_example("kernel_regularizer").cases)
    assert (strong**2).sum() < (none**2).sum()
    small = 0.02 * np.abs(truth).max()
    assert (np.abs(sparse) < small).mean() > 2 * (np.abs(none) < small).mean()
    zeros = [float((case.maps == 0).mean()) for case in guide_example("activity_regularizer").cases]  # type: ignore[union-attr]
    assert zeros[0] < zeros[1] < zeros[2]


def test_the_same_arrays_come_out_again() -> None:
    for name in ("kernel_initializer", "bias_constraint", "filters"):
        for one, other in zip(guide_example(name).cases, guide_example(name).cases, strict=True):
            for a, b in zip(
                (one.maps, one.kernels, *one.series), (other.maps, other.kernels, *other.series), strict=True
            ):
                assert (a is None and b is None) or np.array_equal(a, b)


def test_an_unknown_parameter_has_no_example() -> None:
    with pytest.raises(RequestError, match="strides"):
        guide_example("stride")
