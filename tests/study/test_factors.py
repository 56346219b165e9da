"""Factors follow from the network: what it can take, what reaches which layer, what a rule settles."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.conv2d import PARAMETERS, NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.study.factors import Factor, factors_of, read_levels

NOTHING = NetworkSettings()


def of(net: str, size_px: int = 32, settings: NetworkSettings = NOTHING, **options: object) -> tuple[dict, dict]:
    factors, settled = factors_of(net, shape=ImageShape.of(size_px), n_classes=4, settings=settings, **options)  # type: ignore[arg-type]
    return {factor.parameter: factor for factor in factors}, {rule.parameter: rule for rule in settled}


def test_the_simple_network_has_all_sixteen() -> None:
    factors, settled = of("simple")
    assert list(factors) == list(PARAMETERS)
    assert settled == {}
    assert factors["strides"].alternative.settings == ("net.pooling=strides",)
    assert factors["padding"].own == "same"
    assert factors["padding"].alternative.value == "valid"
    assert factors["filters"].own == "32/64/128"
    assert "left conv2d (groups=2 does not divide the 3 channels" in factors["groups"].reach
    assert {name for name, factor in factors.items() if factor.nested_in} == {
        "bias_initializer", "bias_regularizer", "bias_constraint", "dilation_rate",
    }  # fmt: skip


def test_what_an_alternative_costs_is_told_of_this_network_and_it_alone() -> None:
    factors, _ = of("simple", parameters=("filters", "dilation_rate", "use_bias", "kernel_regularizer", "data_format"))
    # 3 x 3 windows of 3, 32 and 64 channels, at sides of 32, 16 and 8; then 4 x 4 x 128 values for 4 classes.
    windows, head = np.array([9 * 3 * 32, 9 * 32 * 64, 9 * 64 * 128]), 4 * 4 * 128 * 4
    weights = windows.sum() + (32 + 64 + 128) + head + 4
    multiply_adds = windows @ [32**2, 16**2, 8**2] + head
    assert factors["use_bias"].weights == pytest.approx((weights - 224) / weights, abs=1e-4)
    halved = np.array([9 * 3 * 16, 9 * 16 * 32, 9 * 32 * 64]) @ [32**2, 16**2, 8**2] + 4 * 4 * 64 * 4
    assert factors["filters"].multiply_adds == pytest.approx(halved / multiply_adds, abs=1e-4)
    for name in ("dilation_rate", "use_bias", "kernel_regularizer"):
        assert factors[name].multiply_adds == 1
    assert factors["dilation_rate"].weights == factors["data_format"].weights == 1
    assert factors["filters"].memory > of("simple", parameters=("filters",), batch=1)[0]["filters"].memory


def test_a_normalised_network_has_no_use_for_biases() -> None:
    factors, settled = of("resnet")
    assert set(settled) >= {"use_bias", "bias_initializer", "bias_regularizer", "bias_constraint"}
    assert "normalisation" in settled["use_bias"].why
    assert "filters" in factors


def test_the_starting_point_is_the_own_level() -> None:
    factors, _ = of("simple", settings=parse_settings(["conv.padding=valid", "conv.use_bias=false"]))
    assert (factors["padding"].own, factors["padding"].alternative.value) == ("valid", "same")
    assert (factors["use_bias"].own, factors["use_bias"].alternative.value) == ("false", "true")


def test_large_images_take_a_large_first_window() -> None:
    factors, _ = of("simple", 160, parameters=("kernel_size",))
    assert factors["kernel_size"].alternative.settings == ("conv2d.kernel_size=7",)


def test_levels_replace_the_usual_ones_and_the_rest_is_raced() -> None:
    factors, _ = of("simple", parameters=("filters",), levels=read_levels(["kernel_size=3,5,7", "filters=x2"]))
    assert set(factors) == {"filters", "kernel_size"}
    assert factors["kernel_size"].alternative.value == "5"
    assert [level.value for level in factors["kernel_size"].further] == ["7"]
    assert factors["filters"].alternative.value == "x2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("windows=3", "no such parameter"),
        ("kernel_size", "write PARAMETER=VALUE"),
        ("kernel_size=", "write PARAMETER=VALUE"),
    ],
)
def test_wrong_levels_are_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        read_levels([text])


def test_a_level_that_the_network_cannot_take_is_refused() -> None:
    with pytest.raises(RequestError, match="levels=kernel_size=banana"):
        of("simple", parameters=("kernel_size",), levels={"kernel_size": ("banana",)})


def test_factors_come_back_from_json() -> None:
    factors, _ = of("simple", parameters=("filters", "dilation_rate", "strides"))
    for factor in factors.values():
        assert Factor.from_dict(factor.to_dict()) == factor


@pytest.mark.parametrize("net", ["stridednet", "allconv", "narrowresnet", "squeezenet", "vgg", "inception", "dilated"])
def test_every_network_can_be_studied(net: str) -> None:
    factors, settled = of(net, 64, parameters=("filters", "padding", "strides", "kernel_initializer", "use_bias"))
    assert "kernel_initializer" in factors
    assert len(factors) + len(settled) == 5
    assert all(rule.why for rule in settled.values())
