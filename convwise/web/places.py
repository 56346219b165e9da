"""Places on disk as addresses and back: nothing outside the folder that is shown, links included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from convwise.http_core.problems import Problem

_NOT_THERE = "there is no such run, study or folder of pictures here; it may have been moved or removed"


@dataclass(frozen=True)
class Root:
    """The folder that is shown, without links in its own path; what a request names lies in it, wherever links lead."""

    path: Path

    @classmethod
    def of(cls, folder: Path) -> Root:
        """That folder."""
        return cls(Path(os.path.realpath(folder)))

    def address(self, kind: str, folder: Path) -> str:
        """`/run/runs/first`: the address of the page of that kind about a folder; names of any bytes."""
        return f"/{kind}/{quote(os.fsencode(self.name(folder)))}"

    def name(self, folder: Path) -> str:
        """The folder as seen from the root; "" for the root itself."""
        inner = os.path.relpath(folder, self.path)
        return "" if inner == "." else inner

    def shown(self, folder: Path) -> str:
        """The name for a reader."""
        return self.name(folder) or self.path.name

    def folder(self, place: bytes, mark: str) -> Path:
        """The folder behind the bytes of an address, if it holds a file `mark` and no link that leads out of the root.

        Raises Problem 404 for anything else.
        """
        parts = place.split(b"/") if place else []
        if any(part in (b"", b".", b"..") or b"\0" in part or b"\\" in part for part in parts):
            raise Problem(404, _NOT_THERE)
        folder = self.path.joinpath(*map(os.fsdecode, parts))
        if not self.holds(folder) or (mark and not (folder / mark).is_file()):
            raise Problem(404, _NOT_THERE)
        if leading := self.leading_out(folder) if mark else "":
            raise Problem(404, f"{leading} in it is a link that leads out of the folder that is shown")
        return folder

    def holds(self, path: Path) -> bool:
        """Whether it is there and lies in the root, wherever links on the way lead."""
        try:
            return path.resolve(strict=True).is_relative_to(self.path)
        except (OSError, RuntimeError, ValueError):  # not there; links in a circle; a name that no path has
            return False

    def leading_out(self, folder: Path) -> str:
        """The name of a link in a run or study that leads out of the root; "" where there is none."""
        return next((path.name for path in _links(folder) if not self.holds(path)), "")


def _links(folder: Path) -> Iterator[Path]:
    """The links in the folder and straight below it."""
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as listed:
                for entry in listed:
                    if entry.is_symlink():
                        yield Path(entry.path)
                    elif place == folder and entry.is_dir():
                        waiting.append(Path(entry.path))
        except OSError:  # what cannot be read shows nothing
            continue
