"""Records as they should not be: each key taken out, each value of another kind, whole files that are none."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convwise.records import FORMAT

OLD_RECORDS = Path(__file__).parent / "old_records"
"""On `pictures`: a run and a study of format 1; whole-study, one of format 3, with more time after a quick look."""

Place = tuple[str | int, ...]

OTHERS: tuple[Any, ...] = (
    None, True, -1, 0, 2.5, 10**18, 1e300, "", "x", "\udce9", "a\x1b[31m\nzqnl", [], [[1]], ["x", "x"], {},
    {"a": {"b": [1]}},
)  # fmt: skip
"""A value of every kind; whatever stood in a place, most of these are of another."""
NESTED = {"a": {"b": [1]}}
"""What no single value is."""
NO_RECORDS: dict[str, bytes] = {
    "nothing": b"",
    "a zero byte": b"\0",
    "no UTF-8": b'{"a": "\xe9"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "half of it": b'{"seed": 1, "net"',
    "text after it": b'{"seed": 1} x',
    "a list": b"[]",
    "a list of lists": b"[[1], [2]]",
    "null": b"null",
    "a number": b"5",
    "a text": b'"a"',
    "an empty table": b"{}",
    "not a number": b'{"a": NaN}',
    "infinite": b'{"a": -Infinity}',
    "too large": b'{"a": 1e999}',
    "5000 digits": b'{"a": 1' + b"0" * 5000 + b"}",
    "a key twice": b'{"format": 2, "format": 2}',
    "lists within lists": b"[" * 100_000,
    "lists within lists, closed": b"[" * 3000 + b"]" * 3000,
    "tables within tables": b'{"a":' * 900 + b"1" + b"}" * 900,
    "half a character": b'{"a\\ud800": "\\ud800"}',
    "a later format": json.dumps({"format": FORMAT + 1}).encode(),
}


def places_in(values: Any, above: Place = ()) -> Iterator[Place]:
    """Every key, and of lists the first and the last place, with all that lies below."""
    inner: Any = ()
    if isinstance(values, dict):
        inner = values.items()
    elif isinstance(values, list) and values:
        inner = {0: values[0], len(values) - 1: values[-1]}.items()
    for key, value in inner:
        yield (*above, key)
        yield from places_in(value, (*above, key))


def leaves_of(values: Any, above: Place = ()) -> dict[Place, Any]:
    """Each single value with its place; an empty table or list is one."""
    if not isinstance(values, (dict, list, tuple)) or not values:
        return {above: values}
    inner = values.items() if isinstance(values, dict) else enumerate(values)
    return {place: leaf for key, value in inner for place, leaf in leaves_of(value, (*above, key)).items()}


def without(values: Any, place: Place) -> Any:
    """A copy in which that key is missing."""
    found = copy.deepcopy(values)
    del _holder(found, place)[place[-1]]
    return found


def with_other(values: Any, place: Place, other: Any) -> Any:
    """A copy with `other` there."""
    found = copy.deepcopy(values)
    _holder(found, place)[place[-1]] = other
    return found


def value_at(values: Any, place: Place) -> Any:
    """What is there."""
    return _holder(values, place)[place[-1]]


def _holder(values: Any, place: Place) -> Any:
    for key in place[:-1]:
        values = values[key]
    return values


def rewritten(path: Path, values: Any) -> None:
    """The file with these values; of several lines, in the first of them."""
    text = json.dumps(values)
    if path.suffix == ".jsonl":
        text = "\n".join([text, *path.read_text().splitlines()[1:], ""])
    path.write_text(text)


def values_of(path: Path) -> Any:
    """The values in the file; of several lines, in the first of them."""
    text = path.read_text()
    return json.loads(text.splitlines()[0] if path.suffix == ".jsonl" else text)


def without_other_images(result: dict[str, Any]) -> dict[str, Any]:
    """A record of a study without the key that results have had since: what is known for other images."""
    for verdict in result.get("verdicts", ()):
        for level in (verdict["tried"], *verdict["levels"]):
            if level:
                del level["other_images"]
    return result
