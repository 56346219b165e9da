"""What the commands print on standard output."""

from __future__ import annotations

import sys
from typing import Any

from convwise.names import json_text, printable


def print_json(value: Any) -> None:
    """One JSON value."""
    text = json_text(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json_text(value, ascii_only=True)
    sys.stdout.write(text + "\n")


def print_line(text: str) -> None:
    """One line, whatever the names in it."""
    print(printable(text))
