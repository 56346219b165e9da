"""What a report is about: a run, a study or pictures; and the page of what is no run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from convwise.commands.data import check_data
from convwise.commands.study_records import study_records_of
from convwise.errors import RequestError
from convwise.images.datasets import DATASETS
from convwise.images.looking import headers_of
from convwise.places import kind_of, named
from convwise.report.data_page import DataRecords, data_page
from convwise.report.old_study_page import old_study_page
from convwise.report.pictures import Pictures
from convwise.report.study_page import study_page
from convwise.runs import Run
from convwise.study.folder import StudyFolder
from convwise.study.result import StudyResult

Subject = Run | StudyFolder | str
"""A run, a study, or the name or folder of pictures."""
_RUN, _STUDY = "settings.json", "study.json"
_LOOKED_AT = 1000  # entries of a folder


def subject_of(what: str | Path | Run | StudyResult) -> Subject:
    """What that is. Raises RequestError for a folder of runs or studies, and for a run that is damaged."""
    if isinstance(what, Run):
        return what
    if isinstance(what, StudyResult):
        if what.folder is None:
            raise RequestError("what: this result lies in no folder; name the folder of the study")
        return StudyFolder.open(what.folder)
    path = named(what, "what")
    if kind_of(path / _STUDY, "what") == "file":
        return StudyFolder.open(path)
    if kind_of(path / _RUN, "what") == "file":
        return Run.open(path)
    inside = next(_inside(path), None) if str(what) not in DATASETS else None
    if inside is not None:
        raise RequestError(f"what={what}: a folder of runs or studies; name one of them, such as {inside}")
    return str(what)


def place_of(subject: Subject) -> Path:
    """Where its page is written unless told."""
    if isinstance(subject, Run):
        return subject.folder / "report.html"
    if isinstance(subject, StudyFolder):
        return subject.path / "report.html"
    return Path(f"{Path(subject).resolve().name or 'data'}-report.html")


def page_of(
    subject: StudyFolder | str, *, pictures: bool, progress: Callable[[int, int], None] | None = None
) -> tuple[str, tuple[str, ...]]:
    """The page of a study or of pictures, and what is to be said about it."""
    if isinstance(subject, str):
        return _of_data(subject, pictures, progress), ()
    if subject.old is not None:
        return old_study_page(subject.path.resolve().name, subject.old_result), ()
    records = study_records_of(subject)
    why = records.why_no_fresh
    return study_page(records), (f"the single blocks of the confirmations are not shown: {why}",) if why else ()


def _of_data(data: str, pictures: bool, progress: Callable[[int, int], None] | None) -> str:
    try:
        found = check_data(data, progress=progress)
    except RequestError as problem:
        if kind_of(named(data, "what"), "what") != "folder":
            raise
        raise RequestError(f"what={data}: neither a run nor a study, and as pictures: {problem}") from None
    records = DataRecords(
        name=data,
        index=found.index,
        remarks=found.remarks,
        headers=headers_of(found.index),
        command=shlex.join(["convwise", "data", "check", data]),
    )
    return data_page(records, Pictures(Path(found.index.root), pictures))


def _inside(folder: Path) -> Iterator[Path]:
    """The runs and studies in a folder."""
    if kind_of(folder, "what") != "folder":
        return
    for each in islice(folder.iterdir(), _LOOKED_AT):
        if any((each / name).is_file() for name in (_RUN, _STUDY)):
            yield each
