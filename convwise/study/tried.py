"""What a study tries in place of a network's own values: for each parameter a first value, and those that enter later.

Values are texts as `--set` has them. One with "=" in it is a setting of its own, the others are for all convolutions;
{first} is the first convolution, {last_strided} the last one with strides. "5|4" is a value with a milder one in its
place where the network cannot take it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from convwise.conv2d import PARAMETERS
from convwise.errors import RequestError

RECIPE_PARAMETERS = ("learning_rate", "size", "augmentation", "weight_decay", "batch", "label_smoothing")
"""What a study can vary of the training, by name."""
STUDIED = (*PARAMETERS, *RECIPE_PARAMETERS)
"""Everything that a study can vary, in the order of its result."""
_LARGE_PX = 128  # above, the tutorial's advice for the window is about the first layers alone
_MAX_NORM = "max_norm:{}:axis=0,1,2"  # the norm of a whole filter
_LEVEL = re.compile(r"(?:axis=-?\d+(?:,-?\d+)*|[^,])+")  # the commas between the axes of a constraint part no levels


@dataclass(frozen=True)
class Tried:
    """Values of one parameter.

    `first`: the first of these that the network has not, and can take, is tried first. `rungs`: of a parameter with an
    order, the values of its curve; those on either side of the first one enter later. `further` and `opposite`: of a
    parameter without, what enters where the first value gains, and where it loses.
    """

    first: tuple[str, ...]
    rungs: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    opposite: tuple[str, ...] = ()


# Mild and cheap first: half of the filters, because a training is then a third of the work and not the double. The
# values are the guide's.
_TRIED = {
    "filters": Tried(("x0.5|x0.75", "x2|x1.5"), ("x0.25", "x0.5|x0.75", "x2|x1.5")),
    "kernel_size": Tried(("5|4", "3", "2"), ("2", "3", "5|4", "7|6")),
    "strides": Tried(("net.pooling=strides", "{last_strided}.strides=1")),
    "padding": Tried(("valid", "same")),
    "data_format": Tried(("channels_first", "channels_last")),
    "dilation_rate": Tried(("2", "1"), ("1", "2", "3")),
    "groups": Tried(("2", "1"), ("1", "2", "4")),
    "activation": Tried(("silu", "relu"), further=("gelu", "elu"), opposite=("leaky_relu",)),
    "use_bias": Tried(("false", "true")),
    "kernel_initializer": Tried(("he_normal", "glorot_uniform"), further=("orthogonal",)),
    "bias_initializer": Tried(("constant:0.1", "zeros"), ("zeros", "constant:0.01", "constant:0.1", "constant:0.3")),
    "kernel_regularizer": Tried(("l2:0.0005", "none"), ("none", "l2:0.0001", "l2:0.0005", "l2:0.001")),
    "bias_regularizer": Tried(("l2:0.0005", "none"), ("none", "l2:0.0001", "l2:0.0005", "l2:0.001")),
    "activity_regularizer": Tried(("l2:0.000001", "none"), ("none", "l2:0.0000001", "l2:0.000001", "l2:0.00001")),
    "kernel_constraint": Tried(
        (_MAX_NORM.format(3), "none"), ("none", *(_MAX_NORM.format(most) for most in (4, 3, 2)))
    ),
    "bias_constraint": Tried(("max_norm:2", "none"), ("none", "max_norm:3", "max_norm:2", "max_norm:1")),
}
_LARGE_WINDOW = Tried(
    ("{first}.kernel_size=7|{first}.kernel_size=5", "{first}.kernel_size=5", "{first}.kernel_size=3"),
    tuple(f"{{first}}.kernel_size={side}" for side in (3, 5, 7, 11)),
)
_SCALED = {
    "learning_rate": ((0.5, 2), (0.25, 0.5, 2)),
    "size": ((1.5, 1.25, 0.75), (0.75, 1.5, 2)),
    "batch": ((2, 0.5), (0.5, 2, 4)),
}


def tried(parameter: str, size_px: int) -> Tried:
    """What is tried of Conv2D's parameter, for images of that size."""
    return _LARGE_WINDOW if parameter == "kernel_size" and size_px > _LARGE_PX else _TRIED[parameter]


def tried_of_recipe(parameter: str, own: str) -> Tried:
    """What is tried of the recipe's parameter, whose own value is `own`, as a text."""
    if parameter == "augmentation":
        return Tried(("usual",), further=("stronger",)) if own == "none" else Tried(("none",), opposite=("stronger",))
    if parameter == "size":
        return Tried(*(tuple(_scaled(own, factor) for factor in factors) for factors in _SCALED["size"]))
    value = float(own)
    if parameter == "label_smoothing":
        return Tried(("0",), opposite=(f"{2 * value:g}",)) if value else Tried(("0.05",), further=("0.1",))
    if parameter == "weight_decay":
        if value == 0:
            return Tried(("0.02",), ("0.02", "0.1"))
        first = f"{5 * value:g}" if 5 * value <= 1 else f"{0.2 * value:g}"
        return Tried((first,), ("0", first, f"{min(15 * value, 1):g}"))
    firsts, rungs = ([_times(parameter, value, factor) for factor in factors] for factors in _SCALED[parameter])
    return Tried(tuple(firsts), tuple(rungs))


def _scaled(size: str, factor: float) -> str:
    """A size such as "64" or "64x96", each side times the factor."""
    return "x".join(_times("size", int(side), factor) for side in size.split("x"))


def _times(parameter: str, value: float, factor: float) -> str:
    if parameter == "learning_rate":
        return f"{factor * value:g}"
    step = 8 if parameter == "size" and value >= 16 else 1
    return str(max(step, round(factor * value / step) * step))


def rank_of(parameter: str, text: str) -> float | None:
    """Where a value stands in the order of its parameter; None where it has no place there.

    Sizes, factors, constants and strengths count as they are; a bound on a norm is the stronger, the lower it is.
    """
    value = text.rpartition(f"{parameter}=")[2]
    if value in ("none", "zeros"):
        return 0.0
    name, _, rest = value.partition(":")
    number = rest.partition(":")[0] if rest else name.removeprefix("x").partition("x")[0]
    try:
        return 1 / float(number) if name == "max_norm" else float(number)
    except (ValueError, ZeroDivisionError):
        return None


def require_studied(name: str) -> str:
    """The name itself. Raises RequestError, naming the nearest ones, where a study cannot vary such a parameter."""
    if name not in STUDIED:
        near = difflib.get_close_matches(name, STUDIED, n=2, cutoff=0.5) or STUDIED
        raise RequestError(f"{name}: there is no such parameter to study; did you mean {' or '.join(near)}?")
    return name


def read_levels(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`["kernel_size=3,5"]` -> {"kernel_size": ("3", "5")}. Raises RequestError for no parameter and for no level."""
    levels: dict[str, tuple[str, ...]] = {}
    for text in texts:
        parameter, equals, written = text.partition("=")
        require_studied(parameter.strip())
        values = tuple(value.strip() for value in _LEVEL.findall(written) if value.strip())
        if not equals or not values:
            raise RequestError(f"levels={text}: write PARAMETER=VALUE,VALUE, for example kernel_size=3,5")
        levels[parameter.strip()] = values
    return levels
