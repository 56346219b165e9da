"""The arithmetic of a convolution against closed forms, published figures and a count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.geometry import effective_window, geometry, output_size, same_padding
from convwise.errors import RequestError
from tests.conv2d.numpy_convolution import padding_of


def test_a_dilated_window_spans_what_its_gaps_add() -> None:
    assert [effective_window(3, d) for d in (1, 2, 4)] == [3, 5, 9]
    assert effective_window(1, 7) == 1


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("dilation", [1, 2])
def test_valid_output_is_the_number_of_places_for_the_window(kernel: int, stride: int, dilation: int) -> None:
    for size in range(1, 12):
        places = [start for start in range(0, size, stride) if start + dilation * (kernel - 1) < size]
        assert output_size(size, kernel, stride=stride, dilation=dilation) == len(places)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 7])
def test_same_padding_is_that_of_tensorflows_two_cases(kernel: int, stride: int) -> None:
    for size in range(1, 15):
        before, after = same_padding(size, kernel, stride=stride)
        assert (before, after) == padding_of(size, kernel, stride, "same")
        padded = size + before + after
        assert output_size(padded, kernel, stride=stride) == output_size(size, kernel, stride=stride, padding="same")


def test_alexnets_first_layer_has_its_known_numbers() -> None:
    # Krizhevsky et al. 2012: 96 kernels of 11x11x3, stride 4, on 227x227 pixels give 55x55.
    asked = Conv2DSettings(filters=96, kernel_size=(11, 11), strides=(4, 4)).with_defaults()
    found = geometry(asked, height=227, width=227, channels=3)
    assert found.output_size == (55, 55)
    assert found.weights == 34_944
    assert found.multiply_adds == 105_415_200
    assert found.output_shape("channels_first") == (96, 55, 55)


def test_groups_divide_weights_and_multiply_adds_and_a_bias_adds_one_per_filter() -> None:
    plain = Conv2DSettings(filters=8, kernel_size=(3, 5), use_bias=False).with_defaults()
    grouped = Conv2DSettings(filters=8, kernel_size=(3, 5), use_bias=True, groups=4).with_defaults()
    one, four = (geometry(asked, height=9, width=9, channels=4) for asked in (plain, grouped))
    assert one.weights == np.prod((3, 5, 4, 8))
    assert four.weights == one.weights // 4 + 8
    assert one.multiply_adds == 4 * four.multiply_adds
    assert four.receptive_field == (3, 5)


def test_incomplete_settings_are_refused() -> None:
    with pytest.raises(RequestError, match="with_defaults"):
        geometry(Conv2DSettings(filters=3), height=5, width=5, channels=1)
