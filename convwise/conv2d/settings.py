"""Conv2DSettings: the sixteen values under Keras's own names, as texts, as JSON and in Keras's serialized form."""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from convwise import checks
from convwise.conv2d.values import Named
from convwise.errors import RequestError

Pair = tuple[int, int]

_WHOLE = "a whole number above 0, such as 3"
_FILTERS = "a whole number above 0, or a factor on each layer's own number, such as x2 or x0.5"
_PAIR = "a whole number above 0 or two of them, such as 3 or 5x3"
_CHOICES = {"padding": ("valid", "same"), "data_format": ("channels_last", "channels_first")}
_PAIRS = ("kernel_size", "strides", "dilation_rate")
_DIGITS = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class Times:
    """A factor on the number of filters that a network gives each of its layers. The text form is `x2`, `x0.5`.

    Args:
        factor: A number above 0.

    Raises:
        RequestError: the factor is not.

    Example:
        >>> from convwise.conv2d import Times
        >>> Times(0.5).applied_to(32)
        16
    """

    factor: float

    def __post_init__(self) -> None:
        factor = self.factor
        if isinstance(factor, bool) or not isinstance(factor, int | float) or not 0 < factor < math.inf:
            raise RequestError(f"filters=x{factor}: the factor must be a number above 0, such as x2 or x0.5")
        object.__setattr__(self, "factor", float(factor))

    def applied_to(self, filters: int) -> int:
        """The number of filters in place of `filters`, rounded half up, at least 1."""
        return max(1, math.floor(filters * self.factor + 0.5))

    def __str__(self) -> str:
        return f"x{repr(self.factor).removesuffix('.0')}"


@dataclass(frozen=True)
class Conv2DSettings:
    """One value per parameter of `keras.layers.Conv2D`; None where a network's own choice stands.

    Sizes are (height, width); one number stands for both. Texts of numbers are read, so that
    `Conv2DSettings(**from_json)` works. Names of activations, initializers, regularizers and constraints take their
    arguments after colons and are kept in one canonical text: `HeNormal` becomes "he_normal", `l2:5e-4` becomes
    "l2:0.0005". What values do to each other and to a map is judged by `convwise.conv2d.rules`.

    Args:
        filters: Number of output channels, at least 1, or a factor on each layer's own number, such as "x2".
        kernel_size: Height and width of the window, at least 1.
        strides: Steps of the window down and across, in rows and columns, at least 1.
        padding: "valid" (none) or "same" (zeros, so that the map keeps its size with strides of 1).
        data_format: Layout of the maps in memory: "channels_last" or "channels_first".
        dilation_rate: Steps between the rows and the columns that the window reads, at least 1.
        groups: Number of parts into which the channels are divided, at least 1.
        activation: Its name, such as "relu" or "leaky_relu:0.2"; "none" is "linear".
        use_bias: Whether a number per filter is added.
        kernel_initializer: First values of the kernel, such as "he_normal".
        bias_initializer: First values of the bias, such as "zeros".
        kernel_regularizer: Penalty on the kernel in the loss, such as "l2:0.0005", or "none".
        bias_regularizer: Penalty on the bias in the loss, or "none".
        activity_regularizer: Penalty on the layer's output in the loss, or "none".
        kernel_constraint: Limit of the kernel after each step, such as "max_norm:2", or "none".
        bias_constraint: Limit of the bias after each step, or "none".

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> import convwise
        >>> convwise.Conv2DSettings(kernel_size=5, kernel_regularizer="l2:5e-4").texts()
        {'kernel_size': '5x5', 'kernel_regularizer': 'l2:0.0005'}
    """

    filters: int | Times | None = None
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
        for name, value in self.given().items():
            object.__setattr__(self, name, _standard(name, value))

    def given(self) -> dict[str, Any]:
        """The parameters that are set, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}

    def with_defaults(self, *, data_format: str = "channels_last") -> Conv2DSettings:
        """All sixteen given: Keras's defaults where none is set. `data_format` is that of the Keras configuration.

        Raises RequestError where `filters` or `kernel_size`, which have no default, are not given as numbers.
        """
        if self.kernel_size is None or not isinstance(self.filters, int):
            raise RequestError(
                f"filters={self.filters}, kernel_size={self.kernel_size}: "
                "Keras has no default for them; give both as numbers"
            )
        return Conv2DSettings(**{**DEFAULTS, "data_format": data_format, **self.given()})

    def named(self, parameter: str) -> Named | None:
        """The record behind a named value, such as `kernel_regularizer`; None where it is not set or "none"."""
        text = getattr(self, parameter)
        return None if text is None else Named.read(parameter, text)

    def texts(self) -> dict[str, str]:
        """The given parameters in their text form: {"kernel_size": "5x3", "use_bias": "false"}."""
        return {name: _text(value) for name, value in self.given().items()}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Conv2DSettings:
        """The inverse of `texts`. Raises RequestError, also for an unknown parameter."""
        for name in texts:
            require_parameter(name)
        values: dict[str, Any] = {name: read_value(name, text) for name, text in texts.items()}
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The given parameters as plain values for JSON: sizes as lists, a factor as "x2"."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in self.given().items()}
        return {name: str(value) if isinstance(value, Times) else value for name, value in plain.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Conv2DSettings:
        """The inverse of `to_dict`. Raises RequestError, also for an unknown parameter."""
        for name in values:
            require_parameter(name)
        return cls(**values)

    def to_keras(self) -> dict[str, Any]:
        """The given parameters as `Conv2D.get_config()` writes them: for `Conv2D.from_config`, and, named values
        through their `deserialize`, for `Conv2D(...)`. Raises RequestError for a factor in place of filters.
        """
        if isinstance(self.filters, Times):
            raise RequestError(
                f"filters={self.filters}: a factor needs the number of filters that a network gives; give it"
            )
        config = self.given()
        for name in NAMED:
            if name in config:
                value = Named.read(name, config[name])
                config[name] = None if value is None else value.to_keras()
        return config

    @classmethod
    def from_keras(cls, config: Mapping[str, Any]) -> Conv2DSettings:
        """All sixteen from any Conv2D's `get_config()`; its other keys (name, dtype, ...) are left aside.

        Keras draws a kernel, and a bias as well, from glorot_uniform where the initializer is None
        (`Layer.add_weight`, contrary to Conv2D's documentation, which says zeros for the bias), and so it is read.
        Raises RequestError for what has no text form: classes of one's own, arrays, low-rank adapters (LoRA).
        """
        if config.get("lora_rank"):
            raise RequestError(
                f"lora_rank={config['lora_rank']}: a low-rank adapter is not one of the sixteen parameters"
            )
        values: dict[str, Any] = {**DEFAULTS, **{name: config[name] for name in PARAMETERS if name in config}}
        for name in NAMED:
            value = Named.from_keras(name, values[name])
            if value is None and name.endswith("initializer"):
                value = Named(name, "glorot_uniform", {})
            values[name] = "none" if value is None else value.text
        values["data_format"] = values["data_format"] or "channels_last"
        return cls(**values)


PARAMETERS: tuple[str, ...] = tuple(f.name for f in fields(Conv2DSettings))
NAMED: tuple[str, ...] = tuple(
    name for name in PARAMETERS if name.endswith(("activation", "initializer", "regularizer", "constraint"))
)
# Keras 3's defaults; filters and kernel_size have none, data_format comes from the Keras configuration.
DEFAULTS: dict[str, Any] = {
    "strides": (1, 1),
    "padding": "valid",
    "data_format": "channels_last",
    "dilation_rate": (1, 1),
    "groups": 1,
    "activation": "linear",
    "use_bias": True,
    "kernel_initializer": "glorot_uniform",
    "bias_initializer": "zeros",
    "kernel_regularizer": "none",
    "bias_regularizer": "none",
    "activity_regularizer": "none",
    "kernel_constraint": "none",
    "bias_constraint": "none",
}


def require_parameter(name: str) -> str:
    """The name itself. Raises RequestError, naming the nearest ones, where Conv2D has no such parameter."""
    if name not in PARAMETERS:
        near = difflib.get_close_matches(name, PARAMETERS, n=2, cutoff=0.5) or PARAMETERS
        raise RequestError(f"{name}: Conv2D has no such parameter; did you mean {' or '.join(near)}?")
    return name


def read_value(name: str, text: str) -> object:
    """The value of the parameter `name` from its text: `5x3`, `true`, `x2`, `l2:0.0005`. Raises RequestError."""
    text = text.strip()
    if name == "use_bias" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name in _PAIRS:
        parts = text.lower().split("x")
        if not all(_DIGITS.fullmatch(part.strip()) for part in parts):
            raise RequestError(f"{name}={text}: it must be {_PAIR}")
        return _standard(name, tuple(int(part) for part in parts) if len(parts) > 1 else int(parts[0]))
    if name in ("filters", "groups") and _DIGITS.fullmatch(text):
        return _standard(name, int(text))
    return _standard(name, text)


def _standard(name: str, value: Any) -> object:
    """The one form of a value that is set; RequestError where it is out of its range."""
    if name in NAMED:
        return _standard_name(name, value)
    if name in _CHOICES:
        return checks.choice(name, value.lower() if isinstance(value, str) else value, _CHOICES[name])
    if name == "use_bias":
        return checks.true_or_false(name, value)
    if name in _PAIRS:
        pair = tuple(value) if isinstance(value, list | tuple) else (value, value)
        if len(pair) != 2 or any(_index(size) < 1 for size in pair):
            raise RequestError(f"{name}={_text(value)}: it must be {_PAIR}")
        return (_index(pair[0]), _index(pair[1]))
    if name == "filters" and isinstance(value, Times):
        return value
    if name == "filters" and isinstance(value, str) and value.lower().startswith("x"):
        try:
            return Times(float(value[1:]))
        except ValueError:
            raise RequestError(f"filters={value}: it must be {_FILTERS}") from None
    if _index(value) < 1:
        raise RequestError(f"{name}={value}: it must be {_FILTERS if name == 'filters' else _WHOLE}")
    return _index(value)


def _standard_name(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{name}={value!r:.60}: it must be a name with its arguments after colons, or none")
    read = Named.read(name, value)
    if read is not None:
        return read.text
    if name.endswith("initializer"):
        raise RequestError(f"{name}=none: weights need first values; write glorot_uniform, which Keras takes for None")
    return "linear" if name == "activation" else "none"


def _index(value: Any) -> int:
    """A whole number of any integer type (NumPy's too) as int; 0, which no parameter takes, for anything else."""
    try:
        return 0 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return 0


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "x".join(map(str, value))
    return str(value)
