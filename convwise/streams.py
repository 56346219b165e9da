"""The standard streams of a command: closed, full or of a small alphabet, they end in one line and never in a crash."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from convwise.errors import ConvwiseError

_IN_ASCII = {"–": "-", "—": "-", "…": "...", "×": "x", "±": "+-", "·": "|"}
_DEGRADED = "convwise-degraded"


class StreamError(ConvwiseError):
    """Standard output takes no more."""


@contextmanager
def safe_streams() -> Iterator[None]:
    """Within the block, `sys.stdout` raises StreamError where it cannot be written, and `sys.stderr` swallows it.

    A closed descriptor is occupied, so that no file that is opened later becomes standard output by accident. What an
    encoding cannot spell is written in ASCII. At the end all is flushed, and what could not be is dropped.
    """
    codecs.register_error(_DEGRADED, _degraded)
    closed = _occupy_closed_descriptors()
    before = sys.stdout, sys.stderr
    output = _Output(_buffer(sys.stdout, 1), encoding=_encoding(sys.stdout), errors=_DEGRADED)
    output.is_closed = 1 in closed
    told = _Told(_buffer(sys.stderr, os.dup(2)), encoding=_encoding(sys.stderr), errors=_DEGRADED, line_buffering=True)
    sys.stdout, sys.stderr = output, told
    try:
        yield
    finally:
        told.flush()
        _give_up_on(output)
        sys.stdout, sys.stderr = before


class _Output(io.TextIOWrapper):
    """Standard output. Text that cannot be written is an error of one line; a reader that has gone is none."""

    is_closed = False

    def write(self, text: str) -> int:
        """Raises StreamError, or BrokenPipeError where the reader has gone."""
        with self._told():
            return super().write(text)

    def flush(self) -> None:
        """The same, for what is still waiting."""
        if not self.is_closed:
            with self._told():
                super().flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        if self.is_closed:
            raise StreamError("standard output is closed: nothing can be printed")
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as problem:
            raise StreamError(f"standard output cannot be written: {problem.strerror or problem}") from None


class _Told(io.TextIOWrapper):
    """Standard error. What cannot be told is not told: no work ends for it."""

    def write(self, text: str) -> int:
        """The length of the text, written or not."""
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        """As far as that is possible."""
        with suppress(OSError):
            super().flush()


def _occupy_closed_descriptors() -> set[int]:
    """The closed ones among 0, 1 and 2, each now the null device."""
    closed = set()
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            closed.add(descriptor)
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
    return closed


def _buffer(stream: TextIO | None, descriptor: int) -> io.BufferedWriter:
    """One of our own over the descriptor: the interpreter's stream stays as it is, for afterwards."""
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    return io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False))


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _degraded(problem: UnicodeError) -> tuple[str, int]:
    """ASCII for what the encoding has not: a sign that resembles it, else the character's number."""
    if not isinstance(problem, UnicodeEncodeError):
        raise problem
    text = problem.object[problem.start : problem.end]
    numbered = (char.encode("ascii", "backslashreplace").decode() for char in text)
    return "".join(_IN_ASCII.get(char, code) for char, code in zip(text, numbered, strict=True)), problem.end


def _give_up_on(output: _Output) -> None:
    """Drops what a full or broken stream still holds, by giving it the null device: it is flushed when it is freed."""
    try:
        output.flush()
    except (OSError, StreamError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
        output.is_closed = False
        output.flush()
