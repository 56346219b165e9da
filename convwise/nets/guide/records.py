"""What a real convolution answered for the guide's figures: plain NumPy arrays with labels. No Keras here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]  # of floats


@dataclass(frozen=True)
class Case:
    """One value of a parameter, tried.

    `label`: the setting; `note`: a number that came out, in words. Of the arrays an example fills what it needs:
    `maps` (height, width, channels), `kernels` (height, width, number), `series` (whatever the example's figure says).
    """

    label: str
    note: str = ""
    maps: Array | None = None
    kernels: Array | None = None
    series: tuple[Array, ...] = ()


@dataclass(frozen=True)
class Example:
    """A parameter's values side by side on one picture: `image` (height, width) or (height, width, 3), in 0..1."""

    parameter: str
    image: Array
    cases: tuple[Case, ...]
