"""JSON as records have it: each key once, numbers finite, nesting bounded; Python's own reader takes more."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

_MOST_DEPTH = 16
_MOST_DIGITS = 20
_SHORT = 60  # characters of a value in a message


def json_values(text: str, *, finite: bool = True) -> Any:
    """What JSON says. Raises ValueError for anything that is not JSON, and for what no record needs.

    That is: a key that stands twice, numbers without end (`finite`) or of more than 20 digits, lists within lists
    beyond 16 levels.
    """
    constant = _infinite if finite else float
    try:
        values = json.loads(
            text, object_pairs_hook=_each_once, parse_constant=constant, parse_float=_number, parse_int=_whole
        )
        deep = _is_deep(values)
    except RecursionError:
        deep = True
    if deep:
        raise ValueError(f"it is nested more than {_MOST_DEPTH} levels deep")
    return values


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {short(repr(twice))} stands twice")
    return found


def _infinite(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{short(text)} is too large")
    return found


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits is too large")
    return int(text)


def _is_deep(value: Any) -> bool:
    """Whether lists and tables lie within one another beyond what records need; told without recursion."""
    level = [value]
    for _ in range(_MOST_DEPTH):
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [each for several in inner for each in several]
    return any(isinstance(each, dict | list) for each in level)


def short(text: str) -> str:
    """The text, or how it begins: as a value in a message."""
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}..."
