"""Settings to draw from: named values of the whole catalogue, and all sixteen parameters at once."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from convwise.conv2d.catalogue import CATALOGUE, Argument
from convwise.conv2d.settings import NAMED, PARAMETERS, Conv2DSettings, Times
from convwise.conv2d.values import Named, kind_of
from convwise.errors import RequestError

# The machine may be busy: no case is judged by its time. The same cases come every time.
generated = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

_TEXTS = "real imag density spectrum fan_in fan_out fan_avg rows columns uniform truncated_normal untruncated_normal"
_CANDIDATES: dict[str, list[Any]] = {
    "number": [None, -1.0, -0.05, 0.0, 1e-4, 5e-4, 0.1, 0.3333, 1.0, 2.5, 3.0, 6.0],
    "whole": [None, 7],
    "axes": [None, 0, 1, 3, -1, (0, 1, 2), (1, 2), (1, -3)],
    "truth": [True, False],
    "text": [None, *_TEXTS.split()],
}


def _values(argument: Argument) -> st.SearchStrategy[Any]:
    if argument.name == "window":
        return st.sampled_from(["hann", None])
    fitting = [value for value in _CANDIDATES[argument.form] if argument.accepts(value)]
    return st.sampled_from([argument.default, argument.default, *fitting])


@st.composite
def named_texts(draw: st.DrawFn, parameter: str) -> str:
    """The text of a value that Keras ships for `parameter`, with arguments within their ranges."""
    catalogue = CATALOGUE[kind_of(parameter)]
    name = draw(st.sampled_from(sorted(catalogue)))
    arguments = {argument.name: draw(_values(argument)) for argument in catalogue[name].arguments}
    try:
        return Named(parameter, name, arguments).text
    except RequestError:  # two arguments that do not go together
        return Named(parameter, name, {}).text


def _pairs(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high))


def values_of(parameter: str, *, groups: tuple[int, ...] = (1, 1, 1, 2, 3, 4)) -> st.SearchStrategy[Any]:
    """Well-formed values of one parameter, those that clash with others included."""
    if parameter in NAMED:
        plain = {"activation": "linear", "kernel_initializer": "he_normal", "bias_initializer": "zeros"}
        common = st.just(plain.get(parameter, "none"))
        return st.one_of(common, common, common, named_texts(parameter))
    return {
        "filters": st.integers(1, 8),
        "kernel_size": _pairs(1, 5),
        "strides": st.one_of(st.just((1, 1)), _pairs(1, 3)),
        "padding": st.sampled_from(["valid", "same"]),
        "data_format": st.sampled_from(["channels_last", "channels_first"]),
        "dilation_rate": st.one_of(st.just((1, 1)), st.just((1, 1)), _pairs(1, 3)),
        "groups": st.sampled_from(groups),
        "use_bias": st.booleans(),
    }[parameter]


def complete_settings(*, groups: tuple[int, ...] = (1, 1, 1, 2, 3, 4)) -> st.SearchStrategy[Conv2DSettings]:
    """All sixteen values, legal together or not."""
    return st.builds(Conv2DSettings, **{name: values_of(name, groups=groups) for name in PARAMETERS})


def partial_settings() -> st.SearchStrategy[Conv2DSettings]:
    """Any of the sixteen values, filters also as a factor; without strides and dilation together."""
    factors = st.builds(Times, st.sampled_from([0.25, 0.5, 1.5, 2.0, 3.0]))
    optional = {name: st.one_of(st.none(), values_of(name)) for name in PARAMETERS}
    optional["filters"] = st.one_of(st.none(), st.integers(1, 8), factors)
    optional["strides"] = st.sampled_from([None, (1, 1), (2, 1)])
    optional["dilation_rate"] = st.sampled_from([None, (1, 1)])
    return st.builds(Conv2DSettings, **optional)
