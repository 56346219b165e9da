"""What a command did, as plain values, and the faults found in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OF_THE_CASE = re.compile(
    r"(/[^\s'\"]*)?/case(?=/)|(?<=[._-])\d[\w.-]*|0x[0-9a-f]+|(?<=tmp~).*|characters? '.*?' in |position \S+"
)
_FRAME = re.compile(r'^\s*File "([^"]+)", line (\d+),? in (.+)$', re.MULTILINE)


@dataclass(frozen=True)
class Outcome:
    """Exit code (None where it never came), both streams as bytes, what escaped, what was written elsewhere."""

    exit_code: int | None
    out: bytes
    err: bytes
    escaped: str = ""  # the traceback of an exception that left `main`
    written_elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One breach of the contract: its sort, and the place or the words by which the same fault is known again."""

    sort: str
    detail: str

    @property
    def place(self) -> str:
        """Of a traceback or a stack, the last frame of ours and the last line; else the words."""
        frames = [found for found in _FRAME.findall(self.detail) if "/convwise/" in found[0]]
        if not frames:
            return _alike((self.detail.strip().splitlines() or [""])[0])
        file, line, function = frames[0] if self.sort == "hang" else frames[-1]
        last = "" if self.sort == "hang" else self.detail.strip().splitlines()[-1]
        return f"{file.rpartition('/convwise/')[2]}:{line} in {function}: {_alike(last)}"


def _alike(text: str) -> str:
    """The words without what differs from case to case."""
    return _OF_THE_CASE.sub("~", text)[:130]
