"""Every initializer, regularizer, constraint and activation that Keras 3 ships, with its arguments: one literal list.

The list is Keras 3.15's. The abstract bases (`Initializer`, `Regularizer`, `Constraint`) do nothing by themselves and
are left out. A test compares the list with the installed Keras, so that a new name or argument is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["initializer", "regularizer", "constraint", "activation"]
Form = Literal["number", "whole", "axes", "truth", "text"]
Shown = Literal["always", "if_other", "by_name"]


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class: its default, what it may be, and how the text form shows it.

    `rule` says in words what `accepts` checks, after the value has been brought into its `form`. `shown`: "always" (the
    name alone would hide what matters), "if_other" (only where it differs from the default), or "by_name" (the same,
    and never without its name: `he_normal:seed=3`, since `he_normal:3` would be read as something else).
    """

    name: str
    default: object
    form: Form
    rule: str
    accepts: Callable[[Any], bool]
    shown: Shown = "always"
    synonyms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """What Keras calls a name (a class, or for activations a function), and its arguments in positional order.

    `layer` is the layer of `keras.layers` that carries the arguments of an activation function: Conv2D keeps an
    activation by its name alone or as a layer, so arguments that no layer takes are `out_of_reach`. `together` is a
    rule over all arguments: its words and its check.
    """

    keras_name: str
    arguments: tuple[Argument, ...] = ()
    layer: str | None = None
    out_of_reach: tuple[str, ...] = ()
    together: tuple[str, Callable[[Mapping[str, Any]], bool]] | None = None


def _number(name: str, default: float | None, shown: Shown = "always", low: float | None = None) -> Argument:
    rule = ("a number" if low is None else f"a number, {low:g} or more") + (", or none" if default is None else "")

    def accepts(value: Any) -> bool:
        return default is None if value is None else low is None or value >= low

    return Argument(name, default, "number", rule, accepts, shown)


def _choice(name: str, default: str, choices: tuple[str | None, ...], shown: Shown = "always") -> Argument:
    rule = "one of " + ", ".join(choice or "none" for choice in choices)
    return Argument(name, default, "text", rule, lambda value: value in choices, shown)


def _are_axes(value: Any) -> bool:
    # The kernel has four axes, (height, width, channels in, filters); the bias has one.
    axes = value if isinstance(value, tuple) else (value,)
    return bool(axes) and all(type(axis) is int and -4 <= axis <= 3 for axis in axes)


def _axis(default: int) -> Argument:
    return Argument("axis", default, "axes", "an axis from -4 to 3, or several such as 0,1,2", _are_axes, "if_other")


_SEED = Argument("seed", None, "whole", "a whole number, or none", lambda value: True, "by_name")
_SCALED = (
    _SEED,
    *(
        Argument(name, None, "axes", "axes such as 0,1,2, or none", lambda v: v is None or _are_axes(v), "by_name")
        for name in ("input_axes", "output_axes")
    ),
)
_SCALE = Argument("scale", 1.0, "number", "a number above 0", lambda value: value is not None and value > 0)
_RATE = Argument(
    "rate", 1.0, "number", "a number from 0 to 1", lambda value: value is not None and 0 <= value <= 1, "if_other"
)
_DISTRIBUTION = replace(
    _choice("distribution", "truncated_normal", ("truncated_normal", "untruncated_normal", "uniform")),
    synonyms={"normal": "truncated_normal"},
)
_WINDOW = Argument("window", "hann", "text", "a window of scipy.signal, or none", lambda value: True, "if_other")
_PERIODIC = Argument("periodic", False, "truth", "true or false", lambda value: value is not None, "if_other")

INITIALIZERS: dict[str, Entry] = {
    "constant": Entry("Constant", (_number("value", 0.0),)),
    "glorot_normal": Entry("GlorotNormal", _SCALED),
    "glorot_uniform": Entry("GlorotUniform", _SCALED),
    "he_normal": Entry("HeNormal", _SCALED),
    "he_uniform": Entry("HeUniform", _SCALED),
    "identity": Entry("Identity", (_number("gain", 1.0),)),
    "lecun_normal": Entry("LecunNormal", _SCALED),
    "lecun_uniform": Entry("LecunUniform", _SCALED),
    "ones": Entry("Ones"),
    "orthogonal": Entry("Orthogonal", (_number("gain", 1.0), _SEED)),
    "random_normal": Entry("RandomNormal", (_number("mean", 0.0), _number("stddev", 0.05, low=0), _SEED)),
    "random_uniform": Entry(
        "RandomUniform",
        (_number("minval", -0.05), _number("maxval", 0.05), _SEED),
        together=("minval must not be above maxval", lambda given: bool(given["minval"] <= given["maxval"])),
    ),
    "stft": Entry(
        "STFT",
        (
            _choice("side", "real", ("real", "imag")),
            _WINDOW,
            _choice("scaling", "density", ("density", "spectrum", None), "if_other"),
            _PERIODIC,
        ),
    ),
    "truncated_normal": Entry("TruncatedNormal", (_number("mean", 0.0), _number("stddev", 0.05, low=0), _SEED)),
    "variance_scaling": Entry(
        "VarianceScaling",
        (
            _SCALE,
            _choice("mode", "fan_in", ("fan_in", "fan_out", "fan_avg")),
            _DISTRIBUTION,
            *_SCALED,
        ),
    ),
    "zeros": Entry("Zeros"),
}

REGULARIZERS: dict[str, Entry] = {
    "l1": Entry("L1", (_number("l1", 0.01, low=0),)),
    "l1_l2": Entry("L1L2", (_number("l1", 0.0, low=0), _number("l2", 0.0, low=0))),
    "l2": Entry("L2", (_number("l2", 0.01, low=0),)),
    "orthogonal_regularizer": Entry(
        "OrthogonalRegularizer", (_number("factor", 0.01, low=0), _choice("mode", "rows", ("rows", "columns")))
    ),
}

CONSTRAINTS: dict[str, Entry] = {
    "max_norm": Entry("MaxNorm", (_number("max_value", 2.0, low=0), _axis(0))),
    "min_max_norm": Entry(
        "MinMaxNorm",
        (_number("min_value", 0.0, low=0), _number("max_value", 1.0, low=0), _RATE, _axis(0)),
        together=(
            "min_value must not be above max_value",
            lambda given: bool(given["min_value"] <= given["max_value"]),
        ),
    ),
    "non_neg": Entry("NonNeg"),
    "unit_norm": Entry("UnitNorm", (_axis(0),)),
}

# The arguments stand in the order of the function, not of the layer.
ACTIVATIONS: dict[str, Entry] = {
    "celu": Entry("celu", out_of_reach=("alpha",)),
    "elu": Entry("elu", (_number("alpha", 1.0, "if_other"),), "ELU"),
    "exponential": Entry("exponential"),
    "gelu": Entry("gelu", out_of_reach=("approximate",)),
    "glu": Entry("glu", out_of_reach=("axis",)),
    "hard_shrink": Entry("hard_shrink", out_of_reach=("threshold",)),
    "hard_sigmoid": Entry("hard_sigmoid"),
    "hard_silu": Entry("hard_silu"),
    "hard_tanh": Entry("hard_tanh"),
    "leaky_relu": Entry("leaky_relu", (_number("negative_slope", 0.2, "if_other", low=0),), "LeakyReLU"),
    "linear": Entry("linear"),
    "log_sigmoid": Entry("log_sigmoid"),
    "log_softmax": Entry("log_softmax", out_of_reach=("axis",)),
    "mish": Entry("mish"),
    "relu": Entry(
        "relu",
        (
            _number("negative_slope", 0.0, "if_other", low=0),
            _number("max_value", None, "if_other", low=0),
            _number("threshold", 0.0, "if_other", low=0),
        ),
        "ReLU",
    ),
    "relu6": Entry("relu6"),
    "selu": Entry("selu"),
    "sigmoid": Entry("sigmoid"),
    "silu": Entry("silu"),
    "soft_shrink": Entry("soft_shrink", out_of_reach=("threshold",)),
    "softmax": Entry("softmax", (_axis(-1),), "Softmax"),
    "softplus": Entry("softplus"),
    "softsign": Entry("softsign"),
    "sparse_plus": Entry("sparse_plus"),
    "sparse_sigmoid": Entry("sparse_sigmoid"),
    "sparsemax": Entry("sparsemax", out_of_reach=("axis",)),
    "squareplus": Entry("squareplus", out_of_reach=("b",)),
    "tanh": Entry("tanh"),
    "tanh_shrink": Entry("tanh_shrink"),
    "threshold": Entry("threshold", out_of_reach=("threshold", "default_value")),
}

CATALOGUE: dict[Kind, dict[str, Entry]] = {
    "initializer": INITIALIZERS,
    "regularizer": REGULARIZERS,
    "constraint": CONSTRAINTS,
    "activation": ACTIVATIONS,
}

# Other names that Keras takes, and `l1l2`, the only one it takes as text for L1L2, whose documentation says `l1_l2`.
ALIASES: dict[Kind, dict[str, str]] = {
    "initializer": {
        "IdentityInitializer": "identity",
        "OrthogonalInitializer": "orthogonal",
        "STFTInitializer": "stft",
        "normal": "random_normal",
        "one": "ones",
        "uniform": "random_uniform",
        "zero": "zeros",
    },
    "regularizer": {"l1l2": "l1_l2"},
    "constraint": {},
    "activation": {"hard_swish": "hard_silu", "swish": "silu"},
}
