"""The one way to walk a folder: what is passed over, what is followed, and what could not be entered."""

import os
import stat
from collections.abc import Iterator
from typing import NamedTuple

from convwise.places import reason_of

# What systems and archivers leave behind; compared in lower case.
_LEFT_BEHIND = frozenset(
    {
        "@eadir", "#recycle", "@recycle", "__macosx", "__pycache__", "$recycle.bin", "recycler", "lost+found",
        "system volume information", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    }
)  # fmt: skip

Identity = tuple[int, int]


class Found(NamedTuple):
    """A file below the folder, by its relative path with forward slashes.

    `status` is None for a link that leads nowhere and where the system does not tell. With a `reason` it is a folder
    that could not be entered, or no regular file: there is nothing to read.
    """

    path: str
    status: os.stat_result | None
    reason: str = ""


def passed_over(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or left behind by a system: never a picture or a class."""
    return name.startswith(".") or name.lower() in _LEFT_BEHIND


def walk(folder: str | os.PathLike[str], above: tuple[Identity, ...] = ()) -> Iterator[Found]:
    """Every file below `folder`, in no order; files that are to be passed over are told, such folders are not.

    Links are followed, except back to a folder that they come from: to one on the way here, or in `above`. A folder
    that cannot be entered is told with the reason, the first one under the path "".
    """
    waiting = [(os.fspath(folder), "", above)]  # no recursion: paths may be thousands of folders deep
    while waiting:
        place, path, above = waiting.pop()
        try:
            above = (*above, identity(place))
            with os.scandir(place) as listed:
                entries = list(listed)
        except OSError as problem:
            yield Found(path, None, f"the folder cannot be entered ({reason_of(problem)})")
            continue
        for entry in entries:
            name = f"{path}/{entry.name}" if path else entry.name
            try:
                status = entry.stat()
            except OSError:
                yield Found(name, None)
                continue
            if stat.S_ISREG(status.st_mode):
                yield Found(name, status)
            elif not stat.S_ISDIR(status.st_mode):
                yield Found(name, status, "no regular file")  # opening a pipe would wait for ever
            elif not passed_over(entry.name) and (status.st_dev, status.st_ino) not in above:
                waiting.append((entry.path, name, above))


def folders_and_files(folder: str | os.PathLike[str]) -> tuple[list[str], list[str]]:
    """The sorted names of the folders straight in `folder`, and of all else. Raises OSError."""
    with os.scandir(folder) as listed:
        entries = [(entry.name, _is_folder(entry)) for entry in listed if not passed_over(entry.name)]
    return sorted(name for name, inner in entries if inner), sorted(name for name, inner in entries if not inner)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link into a place that is closed: who enters it will be told
        return True


def identity(path: str | os.PathLike[str]) -> Identity:
    """What two paths of the same folder have in common."""
    status = os.stat(path)  # noqa: PTH116 - walked paths are texts
    return status.st_dev, status.st_ino
