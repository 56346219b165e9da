"""Conv2DSettings: the sixteen values under Keras's own names, and their text forms on the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, fields

from convwise.errors import RequestError

Pair = tuple[int, int]

_WHOLE = "a whole number above 0, such as 3"
_PAIR = "a whole number above 0 or two of them, such as 3 or 5x3"


@dataclass(frozen=True)
class Conv2DSettings:
    """One value per parameter of `keras.layers.Conv2D`; `None` where a network's own choice stands.

    Sizes are (height, width). Names of activations, initializers, regularizers and constraints take their
    arguments after colons: `l2:0.0005`, `max_norm:3`, `constant:0.1`. The name "none" asks for Keras's `None`.
    """

    filters: int | None = None
    kernel_size: Pair | None = None
    strides: Pair | None = None
    padding: str | None = None
    data_format: str | None = None
    dilation_rate: Pair | None = None
    groups: int | None = None
    activation: str | None = None
    use_bias: bool | None = None
    kernel_initializer: str | None = None
    bias_initializer: str | None = None
    kernel_regularizer: str | None = None
    bias_regularizer: str | None = None
    activity_regularizer: str | None = None
    kernel_constraint: str | None = None
    bias_constraint: str | None = None

    def __post_init__(self) -> None:
        for name in ("filters", "groups"):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < 1):
                raise RequestError(f"conv.{name}={value}: it must be {_WHOLE}")
        for name in ("kernel_size", "strides", "dilation_rate"):
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, list):  # as JSON gives a pair back
                value = tuple(value)
                object.__setattr__(self, name, value)
            if type(value) is not tuple or len(value) != 2 or any(type(v) is not int or v < 1 for v in value):
                raise RequestError(f"conv.{name}={value}: it must be {_PAIR}")
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in allowed:
                raise RequestError(f"conv.{name}={value}: choose one of {', '.join(allowed)}")
        if self.strides and self.dilation_rate and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise RequestError(
                "conv.strides and conv.dilation_rate are both above 1: Keras allows one of them; drop one"
            )

    def given(self) -> dict[str, object]:
        """The parameters that are set, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}


PARAMETERS: tuple[str, ...] = tuple(f.name for f in fields(Conv2DSettings))
_CHOICES = {"padding": ("valid", "same"), "data_format": ("channels_last", "channels_first")}


def parse_settings(texts: Iterable[str]) -> Conv2DSettings:
    """`["conv.kernel_size=5x3", "conv.use_bias=false"]` -> settings.

    Raises RequestError for a text without `conv.` or `=`, an unknown parameter or a value out of its range.
    """
    values: dict[str, object] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        scope, dot, name = target.strip().partition(".")
        if not equals or not dot or scope != "conv":
            raise RequestError(f"--set {text}: write conv.PARAMETER=VALUE, for example conv.kernel_size=5")
        if name not in PARAMETERS:
            near = difflib.get_close_matches(name, PARAMETERS, n=2) or PARAMETERS
            raise RequestError(f"--set {text}: Conv2D has no parameter {name!r}; did you mean {' or '.join(near)}?")
        values[name] = _parse_value(name, value.strip())
    return Conv2DSettings(**values)  # type: ignore[arg-type]


def _parse_value(name: str, text: str) -> object:
    if name in ("filters", "groups"):
        return _whole(name, text, _WHOLE)
    if name in ("kernel_size", "strides", "dilation_rate"):
        parts = text.lower().split("x")
        if len(parts) > 2:
            raise RequestError(f"conv.{name}={text}: it must be {_PAIR}")
        numbers = [_whole(name, part, _PAIR) for part in parts]
        return (numbers[0], numbers[-1])
    if name == "use_bias":
        if text.lower() not in ("true", "false"):
            raise RequestError(f"conv.use_bias={text}: it must be true or false")
        return text.lower() == "true"
    if not text:
        raise RequestError(f"conv.{name}= has no value; write none for Keras's None")
    return text


def _whole(name: str, text: str, rule: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise RequestError(f"conv.{name}={text}: it must be {rule}") from None
