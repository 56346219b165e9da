"""Files appear whole or not at all: written under a temporary name, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from convwise.errors import ConvwiseError


@contextlib.contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A binary file to write into; `path` is replaced when the block ends well and left alone when it does not.

    Raises ConvwiseError, in one line, for a full disk or a folder that cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as problem:
        raise cannot_write(path, problem) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_text(path: Path, text: str) -> None:
    """UTF-8 text, atomically."""
    with write_atomically(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, atomically. A number that is not finite is an error: JSON has none."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def cannot_write(path: Path, problem: OSError) -> ConvwiseError:
    """The one-line error for a write that failed."""
    if problem.errno == errno.ENOSPC:
        return ConvwiseError(f"the disk is full: {path} was not written; make room and go on")
    return ConvwiseError(f"{path} cannot be written: {problem.strerror or problem}")
