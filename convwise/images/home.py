"""Where convwise keeps what it can make again: its caches. Files appear there whole or not at all."""

import errno
import os
import platform
import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from convwise.errors import ConvwiseError

_STALE_SECONDS = 7 * 86400


def home() -> Path:
    """The folder CONVWISE_HOME names, else `convwise` in the platform's cache folder; made if it is missing."""
    named = os.environ.get("CONVWISE_HOME")
    if named:
        folder = Path(named).expanduser()
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "convwise" / "cache"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches" / "convwise"
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "convwise"
    with clear_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise _not_writable(folder)
    return folder.absolute()


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """Say in one line, as a ConvwiseError, why the cache folder could not be written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ConvwiseError(
                f"disk full while writing the cache in {folder}: free some space, or set the environment variable "
                "CONVWISE_HOME to a folder on a larger disk"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise _not_writable(folder) from error
        raise ConvwiseError(
            f"cannot write the cache in {folder}: {error.strerror or error}; the environment variable CONVWISE_HOME "
            "chooses another folder"
        ) from error


def _not_writable(folder: Path) -> ConvwiseError:
    return ConvwiseError(
        f"cache folder {folder} is not writable: set the environment variable CONVWISE_HOME to a folder that is"
    )


def temporary_name(folder: Path) -> Path:
    """A name in `folder` that no other process uses, and that tells later ones which process it belonged to."""
    return folder / f"tmp~{platform.node()}~{os.getpid()}~{uuid.uuid4().hex[:8]}"


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes its name when all is on the disk, and vanishes if anything goes wrong."""
    with clear_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a whole file through `atomic_file`."""
    with atomic_file(path) as file:
        file.write(content)


def remove_leftovers(folder: Path) -> None:
    """Remove what dead processes left under temporary names: at once on this machine, after a week on others."""
    for entry in folder.glob("tmp~*"):
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
