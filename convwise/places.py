"""Places that a user names: looked at before the work; one line for what the system cannot hold or will not show."""

import os
import stat
from pathlib import Path
from typing import Literal

from convwise.errors import RequestError
from convwise.files import TEMPORARY, temporary_name

Kind = Literal["file", "folder", "special"]
_SHORT = 80  # characters of a path in a message about a path that is too long


def named(path: str | Path, what: str) -> Path:
    """The path with a leading `~` expanded; `what` names it in messages. Raises RequestError for what is no path."""
    text = os.fspath(path)
    if not text:
        raise RequestError(f"{what}='': it is empty, like a shell variable that is not set; name something")
    if "\0" in text:
        raise RequestError(f"{what}={text}: no path holds a zero byte; name another")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        if os.path.lexists(text):  # a file may be called ~this
            return Path(text)
        raise RequestError(f"{what}={text}: there is no such user; write ./{text} for a file of that name") from None


def kind_of(path: Path, what: str) -> Kind | None:
    """What is there, None for nothing. Raises RequestError where the system does not tell: no permission, too long."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        text = str(path)
        text = text if len(text) <= _SHORT else f"{text[:_SHORT]}... ({len(text)} characters)"
        raise RequestError(f"{what}={text}: it cannot be looked at ({reason_of(problem)}); name another") from None
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "special"


def reason_of(problem: OSError) -> str:
    """The system's words, as part of a sentence."""
    text = problem.strerror or str(problem) or type(problem).__name__
    return text[:1].lower() + text[1:]


def file_to_write(path: str | Path, what: str) -> Path:
    """Where a file will be written; one that is there will be replaced. Raises RequestError where that cannot be."""
    target = _to_keep(path, what)
    kind = kind_of(target, what)
    if kind is not None and kind != "file":
        raise RequestError(f"{what}={target}: it is a {'folder' if kind == 'folder' else 'device'}; name a file")
    if kind_of(target.parent, what) != "folder":
        raise RequestError(f"{what}={target}: there is no folder {target.parent}; make it first")
    _try_to_write(target.parent, what, target)
    return target


def folder_to_fill(path: str | Path, what: str) -> Path:
    """Where files will be written into a folder that may be there. Raises RequestError where that cannot be."""
    target = named(path, what)
    _try_to_write(_nearest(target, what), what, target)
    return target


def folder_to_make(path: str | Path, what: str) -> Path:
    """Where a folder will appear, whole, in one that is there or will be made. Raises RequestError where it cannot."""
    target = _to_keep(path, what)
    kind_of(target, what)
    _try_to_write(_nearest(target.parent, what), what, target)
    return target


def _to_keep(path: str | Path, what: str) -> Path:
    target = named(path, what)
    if target.name.startswith(TEMPORARY):
        raise RequestError(f"{what}={path}: {TEMPORARY} begins what is half-written, and is cleaned up; name another")
    return target


def _nearest(folder: Path, what: str) -> Path:
    """The folder itself or the closest one above it that is there."""
    place = folder
    while (kind := kind_of(place, what)) is None and place != place.parent:
        place = place.parent
    if kind != "folder":
        raise RequestError(f"{what}={folder}: {place} is no folder; name another place")
    return place


def _try_to_write(folder: Path, what: str, target: Path) -> None:
    # Permissions tell less than a trial does: of network drives, read-only systems and the superuser.
    probe = temporary_name(folder)
    try:
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as problem:
        raise RequestError(
            f"{what}={target}: nothing can be written to {folder} ({reason_of(problem)}); name another place"
        ) from None
