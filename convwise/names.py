"""File and class names as text: safe to show whatever bytes they are made of, and read back exactly."""

import json
import re
from collections.abc import Sequence
from typing import Any

# What a terminal obeys, what ends or turns a line, and what no encoding can write (bytes that are not UTF-8 arrive as
# lone surrogates): C0 and C1 controls, line and paragraph separators, marks of direction, surrogates.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_ESCAPE = r"\\x[0-9a-f]{2}|\\u[0-9a-f]{4}"
_TO_PRINT = re.compile(f"[{_UNSAFE}]")
_TO_SHOW = re.compile(rf"[{_UNSAFE}]|\\(?=x[0-9a-f]{{2}}|u[0-9a-f]{{4}})")
_SHOWN = re.compile(_ESCAPE)
_IN_JSON = re.compile(f"[{_UNSAFE}]".replace("\x00-\x1f", ""))  # JSON escapes the first 32 itself


def shown(name: str) -> str:
    r"""The name with `\x1b` for a control, `\xe9` for a byte that is not UTF-8, `\u202e` for others; no two are alike.

    A backslash that would be taken for the start of one of these becomes `\x5c`; every other name is left as it is.
    """
    return _TO_SHOW.sub(_escaped, name)


def read_back(text: str) -> str:
    """The name that `shown` made this of."""
    return _SHOWN.sub(_meant, text)


def printable(text: str) -> str:
    """A message as one line that no terminal obeys: as `shown`, but what is shown already stays as it is."""
    return _TO_PRINT.sub(_escaped, text)


def json_text(value: Any, *, indent: int | None = 2, ascii_only: bool = False) -> str:
    """JSON that every encoding of Unicode can write, no terminal obeys, and `json.loads` reads back to equal text.

    With `ascii_only`, any encoding. Raises ValueError for a number that is not finite: JSON has none.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only, allow_nan=False)
    return _IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, as Python's surrogateescape carries it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"


def _meant(match: re.Match[str]) -> str:
    code = int(match[0][2:], 16)
    return chr(code + 0xDC00) if match[0][1] == "x" and code >= 0x80 else chr(code)


def by_sides(shape: Sequence[int | None]) -> str:
    """`32x32x3`; a side that is open is `any`."""
    return "x".join("any" if side is None else str(side) for side in shape)


def some_of(names: Sequence[str]) -> str:
    """The first five names, and how many more."""
    return f"{', '.join(names[:5])}{f' and {len(names) - 5} more' if names[5:] else ''}"


def counted(number: float, noun: str, plural: str = "") -> str:
    """`1 class`, `1,280 images`, `0.5 points`: the number with the noun in its form."""
    written = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{written} {noun if number == 1 else plural or noun + 's'}"
