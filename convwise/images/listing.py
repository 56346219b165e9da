"""Which files a folder of class folders holds: names, classes, subsets and stamps. Opens none of them."""

import difflib
import os
import stat
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError

_SUBSETS = {"train": "train", "validation": "validation", "val": "validation", "valid": "validation", "test": "test"}
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


def list_files(folder: str | Path, *, classes: Sequence[str] | None = None, exclude: Sequence[str] = ()) -> Listing:
    """List a folder with one sub-folder per class, or with train/, validation/ (val/, valid/) and test/ of these.

    Symbolic links are followed; names that begin with a dot, and `__MACOSX`, are passed over. `classes` and
    `exclude` choose among the class folders. Raises RequestError where the folder has no such form.
    """
    root = Path(os.path.realpath(folder))
    if not root.exists():
        raise RequestError(f"folder={str(folder)!r}: does not exist; name a folder with one sub-folder per class")
    if not root.is_dir():
        raise RequestError(f"folder={str(folder)!r}: is a file; name a folder with one sub-folder per class")
    try:
        places, n_outside = _class_folders(root)
    except OSError as error:
        raise RequestError(f"folder={str(folder)!r}: cannot be listed ({error.strerror})") from error
    if not places:
        held = "holds files but no sub-folders" if n_outside else "is empty"
        raise RequestError(f"folder={str(folder)!r}: {held}; put the images into one sub-folder per class")
    chosen = _choose({name for _, name, _ in places}, classes, exclude)

    now = time.time_ns()
    paths: list[str] = []
    owners: list[tuple[str, str]] = []  # one pair per class folder, shared by its files
    stamps = array("q")  # a number costs 8 bytes here and 32 in a list
    top = _identity(root)
    for subset, name, path in places:
        if name in chosen:
            prefix = os.path.relpath(path, root).replace(os.sep, "/")
            for file, status in _walk(path, prefix, (top, _identity(path))):
                paths.append(file)
                stamps.extend(_stamp(status, now))
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
        n_outside=n_outside,
        selection=repr((None if classes is None else sorted(classes), sorted(exclude))),
    )


def _class_folders(root: Path) -> tuple[list[tuple[str, str, str]], int]:
    """(subset, class name, path) of every class folder, and the number of files beside them."""
    folders, n_files = _children(root)
    inside = [(_SUBSETS.get(entry.name.lower(), ""), *_children(entry.path)) for entry in folders]
    # A class may be called "train": only when all folders have subset names, and folders within, are they subsets.
    if any(subset == "train" for subset, *_ in inside) and all(subset and below for subset, below, _ in inside):
        found = [(subset, entry.name, entry.path) for subset, below, _ in inside for entry in below]
        return found, n_files + sum(n for *_, n in inside)
    return [("", entry.name, entry.path) for entry in folders], n_files


def _children(path: str | Path) -> tuple[list[os.DirEntry[str]], int]:
    with os.scandir(path) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".") and entry.name != "__MACOSX"]
    folders = sorted((entry for entry in visible if entry.is_dir()), key=lambda entry: entry.name)
    return folders, len(visible) - len(folders)


def _choose(present: set[str], classes: Sequence[str] | None, exclude: Sequence[str]) -> set[str]:
    for name in [*(classes or ()), *exclude]:
        if name not in present:
            near = difflib.get_close_matches(name, sorted(present), n=3, cutoff=0.5) or sorted(present)[:5]
            raise RequestError(f"class={name!r}: no such class folder; the nearest names are {', '.join(near)}")
    chosen = (present if classes is None else set(classes)) - set(exclude)
    if not chosen:
        raise RequestError("classes: none is left after the exclusions; choose at least one class folder")
    return chosen


def _walk(folder: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, os.stat_result | None]]:
    """Every visible regular file below `folder`, with its stat (None for a broken link); link loops are cut."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__MACOSX":
                continue
            name = f"{prefix}/{entry.name}"
            try:
                status = entry.stat()
            except OSError:
                yield name, None
                continue
            if stat.S_ISDIR(status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if not entry.name.startswith(".") and identity not in above:
                    yield from _walk(entry.path, name, (*above, identity))
            elif stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
                yield name, status


def _identity(path: str | Path) -> tuple[int, int]:
    status = Path(path).stat()
    return status.st_dev, status.st_ino


def _stamp(status: os.stat_result | None, now: int) -> tuple[int, int, int]:
    if status is None or abs(now - status.st_mtime_ns) < _CLOCK_TICK_NS:
        return (status.st_size if status else 0), -1, -1
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns
