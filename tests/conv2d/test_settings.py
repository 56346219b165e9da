"""The sixteen settings: text forms and refusals."""

import pytest

from convwise.conv2d import PARAMETERS, Conv2DSettings, parse_settings
from convwise.errors import RequestError


def test_there_are_sixteen_parameters() -> None:
    assert len(PARAMETERS) == 16


def test_texts_become_values() -> None:
    settings = parse_settings(
        ["conv.kernel_size=5x3", "conv.strides=2", "conv.use_bias=false", "conv.kernel_regularizer=l2:0.0005"]
    )
    assert settings.given() == {
        "kernel_size": (5, 3),
        "strides": (2, 2),
        "use_bias": False,
        "kernel_regularizer": "l2:0.0005",
    }


def test_settings_survive_json() -> None:
    settings = Conv2DSettings(kernel_size=[5, 3], groups=2)  # type: ignore[arg-type]
    assert settings == Conv2DSettings(kernel_size=(5, 3), groups=2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kernel_size=3", "conv.PARAMETER=VALUE"),
        ("conv.kernel_sise=3", "did you mean kernel_size"),
        ("conv.kernel_size=0", "above 0"),
        ("conv.kernel_size=3x3x3", "two of them"),
        ("conv.filters=many", "whole number"),
        ("conv.padding=full", "valid, same"),
        ("conv.use_bias=1", "true or false"),
        ("conv.activation=", "no value"),
    ],
)
def test_a_bad_setting_is_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says) as problem:
        parse_settings([text])
    assert "\n" not in str(problem.value)


def test_strides_and_dilation_together_are_refused() -> None:
    with pytest.raises(RequestError, match="dilation_rate"):
        parse_settings(["conv.strides=2", "conv.dilation_rate=2"])
