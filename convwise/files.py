"""Files appear whole or not at all: written under a temporary name, flushed to the disk, then renamed."""

import errno
import io
import math
import os
import platform
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from convwise.errors import ConvwiseError
from convwise.names import json_text

_STALE_SECONDS = 7 * 86400
TEMPORARY = "tmp~"  # how temporary names begin


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes its name when all is on the disk, and vanishes if anything goes wrong.

    What killed processes left half-written beside it goes too. Raises OSError, also where something is there that is no
    file: a device must not make room for one.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(mode := path.stat().st_mode):
            raise _not_regular(path, mode)
    remove_leftovers(path.parent)
    temporary = temporary_name(path.parent)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def write_atomically(path: Path) -> Iterator[BinaryIO]:
    """`atomic_file` for what the user asked for: a full disk or a forbidden place is a ConvwiseError of one line."""
    try:
        with atomic_file(path) as file:
            yield file
    except OSError as problem:
        raise cannot_write(path, problem) from None


def write_text(path: Path, text: str) -> None:
    """UTF-8 text, atomically."""
    with write_atomically(path) as file:
        file.write(text.encode())


def write_json(path: Path, value: Any) -> None:
    """Indented JSON, atomically. A number that is not finite is an error: JSON has none."""
    write_text(path, json_text(value) + "\n")


def to_plain(value: Any) -> Any:
    """The value with None for the numbers that JSON has not, and lists for tuples."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: to_plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(each) for each in value]
    return value


def cannot_write(path: Path, problem: OSError) -> ConvwiseError:
    """The one-line error for a write that failed."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return ConvwiseError(f"the disk is full: {path} was not written; make room and go on")
    return ConvwiseError(f"{path} cannot be written: {problem.strerror or problem}")


def temporary_name(folder: Path) -> Path:
    """A name in `folder` that no other process uses, and that tells later ones which process it belonged to."""
    return folder / f"{TEMPORARY}{platform.node()}~{os.getpid()}~{uuid.uuid4().hex[:8]}"


def remove_leftovers(folder: Path) -> None:
    """Remove what dead processes left under temporary names: at once on this machine, after a week on others."""
    for entry in folder.glob(f"{TEMPORARY}*"):
        _, node, pid, _ = (*entry.name.split("~"), "", "", "")[:4]
        try:
            if node == platform.node() and sys.platform != "win32":  # on Windows, signal 0 would kill
                abandoned = not _alive(int(pid))
            else:
                abandoned = time.time() - entry.stat().st_mtime > _STALE_SECONDS
            if abandoned and entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)
            elif abandoned:
                entry.unlink(missing_ok=True)
        except (OSError, ValueError):  # another process is cleaning too, or the name is not ours
            continue


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def open_regular(path: str | Path) -> io.BufferedReader:
    """A regular file to read, and nothing else: a pipe would wait for ever, a device never end. Raises OSError.

    The file is opened without waiting and then asked what it is, so that none can be put in its place in between.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as problem:
        if problem.errno != errno.ENXIO:  # what the system answers for a socket
            raise
        raise _not_regular(path, stat.S_IFSOCK) from None
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    raise _not_regular(path, mode)


def read_regular(path: str | Path, most_bytes: int) -> bytes:
    """The content of a regular file of at most so many bytes. Raises OSError, EFBIG for a larger one."""
    with open_regular(path) as file:
        n_bytes = os.fstat(file.fileno()).st_size
        # One byte more than is allowed: a file may grow, and those of /proc say that they are empty.
        content = file.read(most_bytes + 1) if n_bytes <= most_bytes else b""
    if n_bytes > most_bytes or len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"more than {most_bytes >> 20:,} MiB", str(path))
    return content


def _not_regular(path: str | Path, mode: int) -> OSError:
    if stat.S_ISDIR(mode):
        return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
    return OSError(errno.EINVAL, f"{kinds.get(stat.S_IFMT(mode), 'something else')}, not a regular file", str(path))
