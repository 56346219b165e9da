"""What lies below the folder that is shown: runs, studies and folders of pictures, each in a line, damaged or not."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from convwise.commands.runs import RunSummary, folders_with, summary_of
from convwise.errors import ConvwiseError
from convwise.images.datasets import Installed, list_datasets
from convwise.images.sniffing import IMAGE_SUFFIXES
from convwise.images.walking import folders_and_files
from convwise.locks import held
from convwise.study.folder import StudyFolder
from convwise.web.places import Root

T = TypeVar("T")
RUN, STUDY = "settings.json", "study.json"
"""By which files a run and a study are known."""
_DECIDE = ("settings.json", "split.json", "classes.json", "run.json", "evaluation.json", "study.json", "plan.json",
           "result.json", "trials.jsonl")  # fmt: skip
_DEPTH = 3  # folders below the root in which pictures are looked for
_MOST_FOLDERS = 500  # that are looked into for pictures
_PICTURES_LOOKED_FOR = 2  # class folders that make a folder one of pictures


@dataclass(frozen=True)
class StudySummary:
    """A study in a line: its `state` as of a run, what it is about, and what it says so far."""

    folder: Path
    state: str
    data: str = ""
    net: str = ""
    said: str = ""
    n_trainings: int = 0


@dataclass
class Shelf:
    """Looks through a folder again whenever it is asked, and reads again what has changed."""

    root: Root
    _known: dict[Path, tuple[object, object]] = field(default_factory=dict, init=False)

    def runs(self) -> list[RunSummary]:
        """By name. Whatever is wrong with a run is said in its state."""
        return [self._run(each) for each in folders_with(self.root.path, (RUN, "split.json"))]

    def studies(self) -> list[StudySummary]:
        """By name. Whatever is wrong with a study is said in its state."""
        return [self._study(each) for each in folders_with(self.root.path, (STUDY,))]

    def data_sets(self) -> list[Installed]:
        """The named data sets that were added."""
        try:
            return [each for each in list_datasets() if each.folder is not None]
        except (ConvwiseError, OSError):
            return []

    def pictures(self) -> list[Path]:
        """Folders with at least two class folders that hold pictures."""
        return sorted(_folders_of_pictures(self.root.path))

    def _run(self, folder: Path) -> RunSummary:
        found = self._read(folder, summary_of, lambda why: RunSummary(folder, f"damaged: {why}"))
        return replace(found, state="training") if found.state == "not finished" and held(folder) else found

    def _study(self, folder: Path) -> StudySummary:
        found = self._read(folder, study_summary, lambda why: StudySummary(folder, f"damaged: {why}"))
        return replace(found, state="training") if found.state == "not finished" and held(folder) else found

    def _read(self, folder: Path, make: Callable[[Path], T], damaged: Callable[[str], T]) -> T:
        if leading := self.root.leading_out(folder):
            return damaged(f"{leading} is a link that leads out of the folder that is shown")
        stamps = stamps_of(folder)
        known = self._known.get(folder)
        if known is not None and known[0] == stamps:
            return known[1]  # type: ignore[return-value]
        try:
            found = make(folder)
        except (ConvwiseError, OSError) as problem:  # such as a folder that is removed meanwhile
            found = damaged(str(problem))
        except Exception as problem:  # whatever a file of someone else's makes a parser stumble over
            found = damaged(f"{type(problem).__name__}: {problem}")
        self._known[folder] = (stamps, found)
        return found


def study_summary(folder: Path) -> StudySummary:
    """A study in a line. Raises RequestError where a file of it is damaged."""
    study = StudyFolder.open(folder)
    if study.old is not None:
        return StudySummary(folder, "of an earlier version", study.old.data, str(study.old.net))
    request = study.request
    begun = StudySummary(folder, "not finished", request.spec.data, str(request.spec.net))
    if not study.complete:
        return replace(begun, n_trainings=n_lines(folder / "trials.jsonl"))
    result = study.result
    said = "a quick look" if result.quick else " ".join(result.recommended) or "nothing to set"
    return replace(begun, state="finished", said=said, n_trainings=result.trainings)


def n_lines(path: Path) -> int:
    """The whole lines of a file; 0 where it cannot be read."""
    try:
        with path.open("rb") as file:
            return sum(1 for line in file if line.endswith(b"\n"))
    except OSError:
        return 0


def stamps_of(folder: Path) -> tuple[tuple[int, int] | None, ...]:
    """By which it is known that a run or study has changed: bytes and times of the files that decide it."""
    found: list[tuple[int, int] | None] = []
    for name in _DECIDE:
        try:
            status = (folder / name).stat()
            found.append((status.st_size, status.st_mtime_ns))
        except OSError:
            found.append(None)
    return tuple(found)


def _folders_of_pictures(root: Path) -> Iterator[Path]:
    for looked, (current, below, files) in enumerate(os.walk(root)):
        here = Path(current)
        below[:] = sorted(name for name in below if not name.startswith("."))
        if RUN in files or STUDY in files or looked > _MOST_FOLDERS:
            below.clear()
        elif sum(_holds_pictures(here / name) for name in below[:_MOST_FOLDERS]) >= _PICTURES_LOOKED_FOR:
            yield here
            below.clear()
        elif len(here.relative_to(root).parts) >= _DEPTH:
            below.clear()


def _holds_pictures(folder: Path) -> bool:
    try:
        files = folders_and_files(folder)[1]
    except OSError:
        return False
    return not {RUN, STUDY} & set(files) and any(name.rpartition(".")[2].lower() in IMAGE_SUFFIXES for name in files)
