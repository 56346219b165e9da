"""Pictures named one by one, each with its label: laid out as a folder of class folders that hold links to them."""

import hashlib
import os
import re
import shutil
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.files import temporary_name
from convwise.images.cache_dir import cache_dir, clear_errors, mark_used
from convwise.images.index import ImageIndex
from convwise.places import kind_of, named

LISTS = "lists"
"""Where below the cache folder."""
_NAMED = 3  # pictures in a message
_LONGEST_LABEL = 40  # characters in a folder's name: four bytes each at most


def picture_paths(X: Iterable[str | Path]) -> tuple[str, ...]:  # noqa: N803 - scikit-learn's word
    """The absolute paths of the pictures that X names: a sequence, a NumPy array or a Series of str or Path.

    Raises RequestError where X is no such sequence or is empty, and for a path that names no file.
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise RequestError(f"X={X!s}: it must be a sequence of paths; write [path] for one picture")
    values = list(X)
    if not values:
        raise RequestError("X=[]: there is no picture in it; give at least one path")
    return tuple(_file(value, f"X[{number}]") for number, value in enumerate(values))


def _file(value: Any, what: str) -> str:
    if not isinstance(value, str | os.PathLike):
        raise RequestError(f"{what}: a {type(value).__name__}; X must be one-dimensional and hold paths, str or Path")
    path = named(os.fspath(value), what)
    kind = kind_of(path, what)
    if kind != "file":
        found = {None: "there is no such file", "folder": "it is a folder"}.get(kind, "it is no regular file")
        raise RequestError(f"{what}={path}: {found}; X must hold the paths of pictures")
    return os.path.abspath(path)  # noqa: PTH100 - a link's own path, not its goal's


@dataclass(frozen=True)
class PictureList:
    """n pictures by their absolute paths, each once, and their classes.

    `numbers[i]` is the class of `paths[i]`, by its position in `classes`, which are sorted as `numpy.unique` does.
    """

    paths: tuple[str, ...]
    numbers: tuple[int, ...]
    classes: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        if len(self.numbers) != len(self.paths):
            raise RequestError(
                f"y: {len(self.numbers)} labels for the {len(self.paths)} pictures of X; give each picture one"
            )
        first: dict[str, int] = {}
        for number, path in enumerate(self.paths):
            if (before := first.setdefault(path, number)) != number:
                raise RequestError(
                    f"X[{number}]={path}: it is X[{before}] already; name each picture once, since a picture on two "
                    "sides of a split makes scores too high"
                )

    @classmethod
    def of(cls, X: Iterable[str | Path], y: Sequence[Any] | NDArray[Any] | None) -> Self:  # noqa: N803
        """The pictures of X with their labels y; without labels they are one class. Raises RequestError."""
        paths = picture_paths(X)
        labels = np.zeros(len(paths), np.int64) if y is None else np.asarray(y)
        if labels.ndim != 1:
            raise RequestError(f"y: its shape is {labels.shape}; it must be one-dimensional, a label for each picture")
        try:
            classes, numbers = np.unique(labels, return_inverse=True)
        except TypeError:
            raise RequestError("y: its labels cannot be sorted; give labels of one kind, all str or all int") from None
        return cls(paths, tuple(numbers.tolist()), tuple(classes.tolist()))

    def laid_out(self) -> "LaidOut":
        """The folder, made where it is not there yet; `clean_caches` removes it when it is not used any more.

        The same pictures give the same folder, so that what was found out about them is found again: a search over
        settings reads the pictures of a fold once. Raises ConvwiseError where the cache folder cannot be written.
        """
        names = self._names()
        folder = cache_dir() / LISTS / self._digest(names)
        with clear_errors(folder.parent):
            if not folder.is_dir():
                self._make(folder, names)
        for class_folder in folder.iterdir():
            mark_used(class_folder)
        return LaidOut(folder, {name: number for number, name in enumerate(names)})

    def _names(self) -> list[str]:
        """A file's name says its place in the class alone: neither the order of X nor other classes change a split."""
        width = len(str(len(self.classes)))
        folders = [f"{number:0{width}d} {_plain(label)}".rstrip(" .") for number, label in enumerate(self.classes)]
        names, counts = [""] * len(self.paths), [0] * len(self.classes)
        for row in sorted(range(len(self.paths)), key=self.paths.__getitem__):
            number = self.numbers[row]
            names[row] = f"{folders[number]}/{counts[number]:06d}{os.path.splitext(self.paths[row])[1]}"  # noqa: PTH122
            counts[number] += 1
        return names

    def _digest(self, names: Sequence[str]) -> str:
        lines = []
        for name, path in sorted(zip(names, self.paths, strict=True)):
            status = os.stat(path)  # noqa: PTH116 - links may have to be copies, which must not be stale
            lines.append(f"{name}\0{path}\0{status.st_size}\0{status.st_mtime_ns}")
        return hashlib.sha256(os.fsencode("\0".join(lines))).hexdigest()[:32]

    def _make(self, folder: Path, names: Sequence[str]) -> None:
        folder.parent.mkdir(exist_ok=True)
        temporary = temporary_name(folder.parent)
        try:
            for class_folder in {name.partition("/")[0] for name in names}:
                (temporary / class_folder).mkdir(parents=True)
            for name, path in zip(names, self.paths, strict=True):
                _link(path, temporary / name)
            try:
                temporary.rename(folder)
            except OSError:
                if not folder.is_dir():  # else another process was faster, and made the same
                    raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@dataclass(frozen=True)
class LaidOut:
    """A folder of class folders, and for each of its files, by relative path, the number of the picture in X."""

    folder: Path
    number_of: dict[str, int]

    def require_all_read(self, index: ImageIndex, pictures: PictureList) -> None:
        """Raises RequestError, naming them, for pictures that the index of the folder does not hold."""
        reasons = {file.path: file.reason for file in index.unreadable}
        missing = sorted((self.number_of[name], name) for name in self.number_of.keys() - set(index.paths))
        if missing:
            reason = "not a picture"
            raise unread((number, pictures.paths[number], reasons.get(name, reason)) for number, name in missing)


def unread(found: Iterable[tuple[int, str, str]]) -> RequestError:
    """The one-line error for pictures that cannot be read: of each its number in X, its path and the reason."""
    lines = [f"X[{number}]={path} ({reason})" for number, path, reason in found]
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return RequestError(
        f"{', '.join(lines[:_NAMED])}{more}: cannot be read as a picture; take them out of X, since every path in it "
        "needs an answer"
    )


def _plain(label: Hashable) -> str:
    return re.sub(r"[^\w .,()+=@-]", "_", str(label))[:_LONGEST_LABEL]


def _link(path: str, place: Path) -> None:
    """A symbolic link; where the system allows none, a hard one; between two file systems, a copy."""
    for make in (os.symlink, os.link):
        try:
            return make(path, place)
        except OSError:
            continue
    shutil.copy2(path, place)
