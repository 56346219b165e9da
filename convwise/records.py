"""The one door for records: JSON and plain values into frozen dataclasses, with file, key and rule of what is wrong.

Written here and not taken from a library: msgspec lets unknown and repeated keys pass and refuses the lone surrogates
that carry names which are not UTF-8. Only the standard library is imported.
"""

from __future__ import annotations

import dataclasses
import difflib
import math
import re
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from convwise.errors import RequestError
from convwise.files import read_regular, write_text
from convwise.names import json_text
from convwise.places import reason_of
from convwise.strict_json import json_values, short

T = TypeVar("T")
Unbounded = Annotated[float, math.inf]
"""A number that may be infinite, as Python's JSON has it and no other."""

FORMAT = 3
"""The key `format` in the files of runs and studies; 1, where it is missing, and 2 have older names of recipe keys."""
MOST_BYTES = 2**24
MOST_LIST_BYTES = 2**29  # of files with a line for each image or trial
# What no path holds, and surrogates that are no bytes of a file name (these arrive as U+DC80 to U+DCFF).
_NO_TEXT = re.compile("[\0\ud800-\udc7f\udd00-\udfff]")
_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", type(None): "null"}


def read_record(path: Path, make: Callable[[Any], T], *, fix: str, most_bytes: int = MOST_BYTES) -> T:
    """What `make` makes of the file's values. Raises RequestError: the file, the key, the rule, and `fix`."""
    try:
        return make(record_values(_content(path, most_bytes)))
    except (RequestError, ValueError) as problem:
        raise RequestError(f"{path}: {problem}; {fix}") from None


def record_values(text: str) -> Any:
    """The values of JSON without their format. Raises RequestError for no JSON, and for a format not known here."""
    try:
        values = json_values(text)
    except ValueError as problem:
        raise RequestError(f"it is no JSON that can be read ({problem})") from None
    if not isinstance(values, dict) or "format" not in values:
        return values
    found = values.pop("format")
    if type(found) is not int or not 1 <= found <= FORMAT:
        raise RequestError(
            f"format={_told(found)}: this convwise reads formats 1 to {FORMAT}; a newer one may have written it"
        )
    return values


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """JSON with the format's number, atomically."""
    write_text(path, record_text(values))


def record_text(values: Mapping[str, Any]) -> str:
    """JSON with the format's number. Raises ValueError for a number that is not finite."""
    return json_text({"format": FORMAT, **values}) + "\n"


def record_of(
    kind: type[T], values: Any, *, renamed: Mapping[str, str] | None = None, checks_itself: bool = False
) -> T:
    """The dataclass `kind` from its fields by name; those with a default may be missing; `renamed`: old names -> new.

    Values are converted by the types of the fields (see `convert`), but for a dataclass that `checks_itself` whatever
    it is given. Raises RequestError, naming the key.
    """
    fields = {each.name: each for each in dataclasses.fields(kind) if each.init}  # type: ignore[arg-type]
    old = renamed or {}
    values = {old.get(key, key): value for key, value in _table(values, "").items()}
    for key in values:
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise RequestError(f"{short(key)}: there is no such key; {hint}the keys are {', '.join(fields)}")
    hints = _hints(typing.cast(Hashable, kind))
    for name, each in fields.items():
        must = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        if must and name not in values:
            raise _missing(name, hints[name])
    if checks_itself:
        return kind(**values)
    return kind(**{name: convert(value, hints[name], name) for name, value in values.items()})


def convert(value: Any, kind: Any, key: str = "") -> Any:
    """The value as the type `kind` has it; `key` is its name in messages. Raises RequestError where it does not fit.

    `kind`: bool, int, float, str, None and unions of these; literals; lists, tuples and mappings; dataclasses (by their
    `from_dict` where they have one, else by `record_of`), and typed dictionaries, whose further keys are left alone.
    """
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if kind in _WORDS:
        return _plain(value, kind, key)
    if kind is Any:
        return value
    if kind == Unbounded:
        return value if value in (math.inf, -math.inf) else _plain(value, float, key)
    if origin is Literal:
        if value not in inner or isinstance(value, bool | list | dict):
            raise _wrong(key, value, f"one of {', '.join(map(str, inner))}")
        return value
    if origin in (types.UnionType, typing.Union):
        return _one_of(value, inner, key)
    if origin in (list, tuple, Sequence):
        return _several(value, kind, key)
    if origin in (dict, Mapping):
        return {name: convert(each, inner[1], _within(key, name)) for name, each in _table(value, key).items()}
    if typing.is_typeddict(kind):
        return _typed(value, kind, key)
    return _made(value, kind, key)


def _plain(value: Any, kind: Any, key: str) -> Any:
    fits = type(value) is kind or (kind is float and type(value) is int)
    if not fits:
        raise _wrong(key, value, _WORDS[kind])
    if kind is float and not _is_finite(value):
        raise _wrong(key, value, "a number that is finite")
    if kind is str and _NO_TEXT.search(value):
        raise _wrong(key, value, "a text without zero bytes and halves of characters")
    return value


def _one_of(value: Any, kinds: Sequence[Any], key: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    others = [kind for kind in kinds if kind is not type(None)]
    for kind in others[:-1]:
        try:
            return convert(value, kind, key)
        except RequestError:
            continue
    try:
        return convert(value, others[-1], key)
    except RequestError:
        if all(kind in _WORDS for kind in kinds) and type(value) not in kinds:
            raise _wrong(key, value, " or ".join(_WORDS[kind] for kind in kinds)) from None
        raise


def _several(value: Any, kind: Any, key: str) -> Any:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if not isinstance(value, list | tuple):
        raise _wrong(key, value, "a list")
    of = [inner[0]] * len(value) if origin is not tuple or inner[-1] is Ellipsis else list(inner)
    if len(of) != len(value):
        raise _wrong(key, value, f"a list of {len(of)}")
    found = [convert(each, one, f"{key}[{i}]") for i, (each, one) in enumerate(zip(value, of, strict=True))]
    return tuple(found) if origin is tuple else found


def _typed(value: Any, kind: Any, key: str) -> Any:
    values, hints = _table(value, key), _hints(kind)
    for name in hints:
        if name in kind.__required_keys__ and name not in values:
            raise _missing(_within(key, name), hints[name])
    return values | {
        name: convert(values[name], hint, _within(key, name)) for name, hint in hints.items() if name in values
    }


def _made(value: Any, kind: Any, key: str) -> Any:
    if isinstance(value, kind):
        return value
    values = _table(value, key)
    try:
        return kind.from_dict(values) if hasattr(kind, "from_dict") else record_of(kind, values)
    except (RequestError, ValueError) as problem:
        raise RequestError(_within(key, str(problem))) from None


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _table(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _wrong(key, value, "keys and values")
    for name in value:
        _plain(name, str, _within(key, "a key"))
    return dict(value)


def _within(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _missing(key: str, kind: Any) -> RequestError:
    return RequestError(f"{key}: it is missing; it must be {_WORDS.get(kind, 'there')}")


def _wrong(key: str, value: Any, rule: str) -> RequestError:
    return RequestError(
        f"{key}={_told(value)}: it must be {rule}" if key else f"it must hold {rule}, not {_told(value)}"
    )


def _told(value: Any) -> str:
    """The value as JSON has it, in short; of lists and tables only that they are."""
    if isinstance(value, Mapping):
        return "{...}" if value else "{}"
    if isinstance(value, list | tuple):
        return "[...]" if value else "[]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return short(repr(value))


def _content(path: Path, most_bytes: int) -> str:
    try:
        return read_regular(path, most_bytes).decode("utf-8")
    except FileNotFoundError:
        raise RequestError("it is missing") from None
    except OSError as problem:
        raise RequestError(f"it cannot be read ({reason_of(problem)})") from None
    except UnicodeDecodeError:
        raise RequestError("it is no UTF-8 text") from None


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False
