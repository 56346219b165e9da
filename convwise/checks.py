"""Checks of values that a user gives: each returns the value, or raises RequestError with name, value and rule.

A message names a parameter as Python does, `name=value`; the command line puts its own flag in that place.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection
from typing import Any, TypeGuard

from convwise.errors import RequestError


def whole(name: str, value: Any, low: int, high: int | None = None) -> int:
    """A whole number from `low` to `high`, or of at least `low`."""
    if type(value) is not int or value < low or (high is not None and value > high):
        rule = f"of at least {low:,}" if high is None else f"from {low:,} to {high:,}"
        raise RequestError(f"{name}={value}: it must be a whole number {rule}")
    return value


def number(name: str, value: Any, low: float, high: float) -> float:
    """A finite number from `low` to `high`."""
    if not _is_number(value) or not low <= value <= high:
        raise RequestError(f"{name}={_plain(value)}: it must be a number from {_plain(low)} to {_plain(high)}")
    return value


def share(name: str, value: Any, *, none: bool = False) -> float:
    """A share of something, above 0 and below 1; with `none`, 0 too."""
    if not _is_number(value) or not 0 <= value < 1 or (value == 0 and not none):
        least = "of at least 0" if none else "above 0"
        raise RequestError(f"{name}={_plain(value)}: it must be a share, a number {least} and below 1")
    return value


def choice(name: str, value: Any, choices: Collection[str]) -> str:
    """One of the names `choices`; a near one is proposed."""
    if not isinstance(value, str) or value not in choices:
        raise RequestError(f"{name}={value}: {did_you_mean(value, choices)}choose one of {', '.join(choices)}")
    return value


def did_you_mean(value: Any, choices: Collection[str]) -> str:
    """A question that names what is nearest, ignoring case, with a space behind it; nothing where nothing is near."""
    by_low = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(str(value).lower(), by_low, n=1)
    return f"did you mean {by_low[near[0]]}? " if near else ""


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


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> str:
    """A number without an exponent where people write none, and without a point where it is whole."""
    return f"{value:,.10g}" if _is_number(value) else str(value)
