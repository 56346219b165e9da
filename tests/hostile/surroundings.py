"""What is written, and where: a case's folder before and after, and every write of this process elsewhere."""

from __future__ import annotations

import itertools
import os
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.hostile.cases import Case
from tests.hostile.outcome import Fault

Seen = dict[str, tuple[int, int, int]]

HOME, TEMPORARY, USER = "home", "tmp", "user"
_FIGURES = ("feature_maps.png", "filters.png", "receptive_fields.png")
_USUAL = (HOME, TEMPORARY, "runs", "studies", f"{USER}/.keras")  # Keras keeps its own settings with the user
# What lies in a home: caches, scans, named data sets with their records, and nothing beside them.
_IN_HOME = re.compile(
    r"(pixels|scans|data)$|(pixels|scans)/|data/(shapes|caltech101|caltech-101\.zip|planted-[\w-]+)(\.json|/|$)"
)
_HALF_WRITTEN = re.compile(r"(^|/)(tmp~|\.part-|\.[^/]*\.part$|[^/]*\.part$)")
_OF_TENSORFLOW = re.compile(r"__autograph_generated_file\w+\.py$")  # removed when the process ends
_OF_A_RUN = ("environment.json", "split.json", "checkpoint", "model.keras", "run.json")
_WRITTEN = ("--out", "--csv", "--figures", "--figure")
_MANIFESTS = ("settings.json", "study.json")  # what makes a folder a run or a study
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def look(folder: Path) -> Seen:
    """Every entry below the folder: its mode, bytes and time of change. Links are not followed."""
    seen: Seen = {}
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(folder / place) as entries:
                for entry in entries:
                    name = f"{place}/{entry.name}" if place else entry.name
                    status = entry.stat(follow_symlinks=False)
                    is_folder = stat.S_ISDIR(status.st_mode)
                    seen[name] = (
                        (status.st_mode, 0, 0) if is_folder else (status.st_mode, status.st_size, status.st_mtime_ns)
                    )
                    if is_folder:
                        waiting.append(name)
        except PermissionError:
            continue
    return seen


def left_behind(case: Case, folder: Path, before: Seen, after: Seen, *, refused: bool) -> Iterator[Fault]:
    """What is new or changed beside the usual places, half-written files, and runs that are none."""
    asked = asked_for(case.argv)
    allowed = (*_USUAL, *case.may_write, *asked)
    if any(os.path.realpath(folder / place) == os.path.realpath(folder) for place in asked):  # ".", or a link to it
        allowed = (*allowed, *_FIGURES)
    for name, value in before.items():
        if after.get(name) != value and not _within(name, allowed):
            yield Fault("changed input", name)
    for name in sorted(after.keys() - before.keys()):
        if not _within(name, allowed) or (
            name.startswith(f"{HOME}/") and not _IN_HOME.match(name.removeprefix(f"{HOME}/"))
        ):
            yield Fault("wrote elsewhere", name)
        if _HALF_WRITTEN.search(name) or (name.startswith(f"{TEMPORARY}/") and not _OF_TENSORFLOW.search(name)):
            yield Fault("left behind", re.sub(r"~[^/]*|[0-9a-f]{8,}", "~", name))
        base, _, last = name.rpartition("/")
        if last in _OF_A_RUN and not any(f"{base}/{manifest}" in after for manifest in _MANIFESTS):
            yield Fault("left behind", f"a run without settings: {last}")
    if refused:
        for place in case.may_write:
            if place in after and place not in before:
                yield Fault("left behind", f"a request that was refused made {place}")


def asked_for(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The places, in the case's folder, that the command itself is told to write to."""
    words = argv[: argv.index("--")] if "--" in argv else argv
    values = [word.partition("=")[2] for word in words if word.startswith(tuple(f"{name}=" for name in _WRITTEN))]
    values += [value for name, value in itertools.pairwise(words) if name in _WRITTEN]
    return tuple(os.path.normpath(re.sub(r"^~(?=/|$)", USER, value)) for value in values if value)


def _within(name: str, places: tuple[str, ...]) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in places)


class Guard:
    """Hears of every write that Python is about to make, and keeps those that lie outside the folder."""

    def __init__(self) -> None:
        self.folder: str | None = None
        self.elsewhere: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None:
            return
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITES:
                self._judge(path, -1)
        elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "os.chmod"):
            self._judge(arguments[0], arguments[-1] if event != "os.truncate" else -1)
        elif event in ("os.rename", "os.link", "os.symlink"):
            self._judge(arguments[1], arguments[-1], replaces=True)

    def _judge(self, path: Any, directory: Any, *, replaces: bool = False) -> None:
        if isinstance(path, int) or path is None:
            return
        text = os.fsdecode(path)
        if isinstance(directory, int) and directory >= 0 and not text.startswith("/"):
            text = f"{Path(f'/proc/self/fd/{directory}').readlink()}/{text}"
        try:
            place = os.path.realpath(text)
        except ValueError:  # a zero byte: no system call will take it
            return
        devices = () if replaces else ("/dev/", "/proc/", "/sys/")  # may be written to where that is asked for
        if not place.startswith((f"{self.folder}/", *devices)) and place != self.folder:
            self.elsewhere.append(place)
