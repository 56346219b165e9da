"""Which files a folder of class folders holds: names, classes, subsets and stamps. Opens none of them."""

import difflib
import os
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.images.index import UnreadableFile
from convwise.images.sides import SIDE_OF, Top, sides_of
from convwise.images.sniffing import IMAGE_SUFFIXES
from convwise.images.walking import folders_and_files, identity, walk
from convwise.places import kind_of, named, reason_of

_CLOCK_TICK_NS = 20_000_000
"""Two changes within a file system's clock tick leave the same stamp; so young a stamp proves nothing."""


@dataclass(frozen=True)
class Listing:
    """The regular files below the class folders, sorted by path, and what is known without opening them."""

    root: str
    paths: tuple[str, ...]  # relative, with forward slashes
    classes: tuple[str, ...]  # per file
    subsets: tuple[str, ...]  # per file: "", "train", "validation" or "test"
    stamps: NDArray[np.int64]  # (n, 3): bytes, modified and changed (ns); -1 where a stamp proves nothing
    class_names: tuple[str, ...]  # every class folder chosen, with images or without
    n_outside: int  # files that lie in no class folder
    selection: str  # what was asked for, by which a later request of the same is known
    closed: tuple[UnreadableFile, ...] = ()  # folders that could not be entered, and what is no regular file
    notes: tuple[str, ...] = ()  # what is to be said about how the folder was understood


def list_files(folder: str | Path, *, classes: Sequence[str] | None = None, exclude: Sequence[str] = ()) -> Listing:
    """List a folder with one sub-folder per class, or with train/, validation/ and test/ of these (see `sides_of`).

    What is passed over, and which links are followed: see `walk`. `classes` and `exclude` choose among the class
    folders. Raises RequestError where the folder has no such form.
    """
    kind = kind_of(named(folder, "data"), "folder")
    if kind != "folder":
        held = "does not exist" if kind is None else "is a file"
        raise RequestError(f"data={folder}: {held}; name a folder with one sub-folder per class")
    root = Path(os.path.realpath(named(folder, "data")))
    try:
        found = _class_folders(root)
    except OSError as error:
        raise RequestError(
            f"data={folder}: cannot be listed ({reason_of(error)}); give yourself the permission"
        ) from None
    if not found.places:
        held = "holds files but no sub-folders" if found.n_outside else "is empty"
        raise RequestError(f"data={folder}: {held}; put the images into one sub-folder per class")
    chosen = _choose({name for _, name, _ in found.places}, classes, exclude)

    now = time.time_ns()
    paths: list[str] = []
    owners: list[tuple[str, str]] = []  # one pair per class folder, shared by its files
    stamps = array("q")  # a number costs 8 bytes here and 32 in a list
    closed: list[UnreadableFile] = []
    top = identity(root)
    for subset, name, path in found.places:
        if name in chosen:
            prefix = os.path.relpath(path, root).replace(os.sep, "/")
            for entry in walk(path, (top,)):
                file = f"{prefix}/{entry.path}".rstrip("/")
                if entry.reason:
                    closed.append(UnreadableFile(file, entry.reason))
                    continue
                paths.append(file)
                stamps.extend(_stamp(entry.status, now))
            owner = (subset, name)
            owners.extend(owner for _ in range(len(paths) - len(owners)))
    order = sorted(range(len(paths)), key=paths.__getitem__)
    return Listing(
        root=str(root),
        paths=tuple(paths[row] for row in order),
        classes=tuple(owners[row][1] for row in order),
        subsets=tuple(owners[row][0] for row in order),
        stamps=np.frombuffer(stamps, np.int64).reshape(-1, 3)[order] if order else np.empty((0, 3), np.int64),
        class_names=tuple(sorted(chosen)),
        n_outside=found.n_outside,
        selection=repr((None if classes is None else sorted(classes), sorted(exclude))),
        closed=tuple(sorted(closed, key=lambda file: file.path)),
        notes=found.notes,
    )


@dataclass(frozen=True)
class _Classes:
    """(side, class name, path) of every class folder, the number of files beside them, what is to be said."""

    places: list[tuple[str, str, str]]
    n_outside: int
    notes: tuple[str, ...]


def _class_folders(root: Path) -> _Classes:
    names, files = folders_and_files(root)
    n_outside, tops, shut = len(files), [], []
    for name in names:
        try:
            below, inside = folders_and_files(root / name)
        except OSError as problem:
            shut.append(f"{name}/ ({reason_of(problem)})")  # as a class it is listed among the unreadable
            below, inside = [], []
        n_pictures = sum(file.rpartition(".")[2].lower() in IMAGE_SUFFIXES for file in inside)
        tops.append(Top(name, tuple(below), n_pictures))
        n_outside += len(inside)
    if shut and all(name.lower() in SIDE_OF for name in names):
        raise RequestError(f"data={root}: {', '.join(shut)} cannot be entered; give yourself the permission")
    sides = sides_of(str(root), tops)
    if sides is None:
        return _Classes([("", name, str(root / name)) for name in names], len(files), ())
    places = [(sides.side_of[top.name], name, str(root / top.name / name)) for top in tops for name in top.below]
    return _Classes(places, n_outside, sides.notes)


def _choose(present: set[str], classes: Sequence[str] | None, exclude: Sequence[str]) -> set[str]:
    for name in [*(classes or ()), *exclude]:
        if name not in present:
            near = difflib.get_close_matches(name, sorted(present), n=3, cutoff=0.5) or sorted(present)[:5]
            raise RequestError(f"class={name!r}: no such class folder; the nearest names are {', '.join(near)}")
    chosen = (present if classes is None else set(classes)) - set(exclude)
    if not chosen:
        raise RequestError("classes: none is left after the exclusions; choose at least one class folder")
    return chosen


def _stamp(status: os.stat_result | None, now: int) -> tuple[int, int, int]:
    if status is None or abs(now - status.st_mtime_ns) < _CLOCK_TICK_NS:
        return (status.st_size if status else 0), -1, -1
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
