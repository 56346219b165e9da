"""Checks of values that a user gives: each returns the value, or raises RequestError with name, rule and value."""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from typing import Any

from convwise.errors import RequestError


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    if type(value) is not int or not low <= value <= high:
        raise RequestError(f"{name}={value}: it must be a whole number from {low} to {high}")
    return value


def number(name: str, value: Any, low: float, high: float) -> float:
    """A finite number from `low` to `high`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise RequestError(f"{name}={value}: it must be a number from {low:g} to {high:g}")
    return value


def share(name: str, value: Any) -> float:
    """A share of something: a number above 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1 or math.isnan(value):
        raise RequestError(f"{name}={value}: it must be a share, a number above 0 and below 1")
    return value


def choice(name: str, value: Any, choices: Collection[str]) -> str:
    """One of the names `choices`."""
    if not isinstance(value, str) or value not in choices:
        raise RequestError(f"{name}={value}: choose one of {', '.join(choices)}")
    return value


def true_or_false(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise RequestError(f"{name}={value}: it must be true or false")
    return value


def text(name: str, value: Any) -> str:
    """A text that is not empty, or a path as one."""
    if not isinstance(value, str | os.PathLike):
        raise RequestError(f"{name}={value!r}: it must be a text")
    plain = os.fspath(value)
    if not isinstance(plain, str) or not plain.strip():
        raise RequestError(f"{name}={plain!r}: it is empty; name something, or leave {name} out")
    return plain
