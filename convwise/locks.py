"""A folder worked on by one process at a time: a lock of the system's, which it drops when its holder dies."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from convwise.errors import RequestError
from convwise.files import cannot_write

_LISTED = Path("/proc/locks")  # Linux
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)  # some network file systems have none


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Holds `folder`, a `what` such as "run", for this process.

    Raises RequestError where another one works on it, ConvwiseError where nothing can be written there.
    """
    path = folder / "lock"
    try:
        file = path.open("ab")
    except OSError as problem:
        raise cannot_write(path, problem) from None
    with file:
        try:
            _lock(file)
        except OSError as problem:
            if problem.errno not in _NO_LOCKS_HERE:
                raise RequestError(f"{what}={folder}: another process is working on it; wait for it") from None
        yield


def held(folder: Path) -> bool | None:
    """Whether a process works on `folder`, found out without taking the lock; None where the system does not say."""
    try:
        status = (folder / "lock").stat()
        listed = _LISTED.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return False if _LISTED.exists() else None
    except OSError:
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    # `1: FLOCK  ADVISORY  WRITE 4711 08:01:131074 0 EOF`; a line with -> is of a process that waits.
    return any(place in line.split() and "->" not in line for line in listed.splitlines())


def _lock(file: IO[bytes]) -> None:
    """Raises OSError where another process has it. The lock goes when the file is closed."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
