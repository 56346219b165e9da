"""Where convwise keeps what it can make again: its caches. Files appear there whole or not at all."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from convwise.errors import ConvwiseError
from convwise.files import atomic_file
from convwise.places import named


def cache_dir() -> Path:
    """The folder CONVWISE_HOME names, else `convwise` in the platform's cache folder; made if it is missing."""
    own = os.environ.get("CONVWISE_HOME")
    if own:
        folder = named(own, "CONVWISE_HOME")
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


@contextmanager
def cache_file(path: Path) -> Iterator[BinaryIO]:
    """A file of the cache to write: whole or not there, its folder made if missing."""
    with clear_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_file(path) as file:
            yield file


def write_cache_file(path: Path, content: bytes) -> None:
    """Write a whole file through `cache_file`."""
    with cache_file(path) as file:
        file.write(content)


def mark_used(path: Path) -> None:
    """Sets the file's stamp to now, which is how `clean_caches` knows what is still opened; where that is allowed."""
    with suppress(OSError):
        os.utime(path)
