"""report: a run, a study or a folder of pictures as one page that opens anywhere; of a run also a model card."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.commands.heatmap import asking, heat_for, pixels_for
from convwise.commands.report_subject import page_of, place_of, subject_of
from convwise.commands.run_records import pictures_now, records_of
from convwise.errors import ConvwiseError, RequestError
from convwise.export.proof import FILE as PROOF
from convwise.export.proof import Proof
from convwise.export.proof_tables import tables as proof_tables
from convwise.files import write_text
from convwise.images.reading import UnreadableImage
from convwise.places import file_to_write
from convwise.report.heatmap_words import HeatView, heat_view
from convwise.report.model_card import model_card
from convwise.report.pictures import LARGE, Pictures
from convwise.report.run_page import Layers, Seen, run_page
from convwise.report.run_pictures import N_MISTAKES
from convwise.report.run_records import RunRecords
from convwise.report.table import Table
from convwise.runs import Run
from convwise.study.result import StudyResult

CARD = "README.md"
_SECONDS_OF_HEATMAPS = 4  # none is begun after that


@dataclass(frozen=True)
class ReportResult:
    """A report that was written.

    Attributes:
        path: The page.
        card: The model card; None where none was asked for.
        n_bytes: Size of the page.
        seconds: What it took, in seconds.
        notes: What is to be said about it, a line each.

    Example:
        >>> import convwise
        >>> convwise.report("runs/first", out="first.html").path.name
        'first.html'
    """

    path: Path
    card: Path | None
    n_bytes: int
    seconds: float
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<ReportResult {self.path}: {self.n_bytes:,} bytes>"

    def __str__(self) -> str:
        return f"report: {self.path} ({self.n_bytes / 1e6:.1f} MB, {self.seconds:.1f} s)"


def report(
    what: str | Path | Run | StudyResult,
    *,
    out: str | Path | None = None,
    pictures: bool = True,
    card: bool = False,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ReportResult:
    """Writes a finished run, a finished study, or what is in a data set as one page, which opens without a network.

    Every number is of the records. Pictures that are gone or have changed are said to be so.

    Args:
        what: A run, a study's result, the folder of one of them, or a folder or data set of pictures.
        out: The page's file, which is replaced if it is there; if None, report.html in the folder of the run or study,
            and NAME-report.html here of pictures called NAME.
        pictures: Whether the page may hold pictures of the data; without, no pixel of them is in it.
        card: Whether README.md is written beside the page of a run, with what model hubs read.
        trust: Whether code is run that the run's model file holds, to show its layers.
        progress: Hears (files done, of how many) while the pictures of a data set are read; nobody does if None.

    Returns:
        Where the page is, its size, and what is to be said about it.

    Raises:
        RequestError: the run or study is not finished, a file of it is damaged, there are no pictures, or the page
            cannot be written there.
        ConvwiseError: writing failed.

    Example:
        >>> import convwise
        >>> result = convwise.report("runs/first", out="first.html", pictures=False)
        >>> result.path.read_text(encoding="utf-8").splitlines()[0]
        '<!DOCTYPE html>'
    """
    began = time.monotonic()
    for name, value in (("pictures", pictures), ("card", card), ("trust", trust)):
        checks.true_or_false(name, value)
    subject = subject_of(what)
    if not isinstance(subject, Run):
        for name, value in (("card", card), ("trust", trust)):
            if value:
                raise RequestError(f"{name}=True: only the report of a run has use for it, and {what} is none; omit it")
    target = file_to_write(place_of(subject) if out is None else out, "out")
    beside = file_to_write(target.parent / CARD, "out") if card else None
    if isinstance(subject, Run):
        page, notes = _of_run(subject, pictures=pictures, trust=trust, card=beside)
    else:
        page, notes = page_of(subject, pictures=pictures, progress=progress)
    write_text(target, page)
    return ReportResult(target, beside, len(page.encode()), time.monotonic() - began, notes)


def _of_run(run: Run, *, pictures: bool, trust: bool, card: Path | None) -> tuple[str, tuple[str, ...]]:
    """The page, and what is to be said about it; the card is written where there is a place for it."""
    records = records_of(run)
    index, state = pictures_now(run)
    layers, model = _layers(run, trust)
    heats, said = _heatmaps(run, records, model) if pictures and model is not None else ({}, ())
    first = _first_pixels(run) if pictures else None
    exports, not_read = _exports(run)
    seen = Seen(index, state, layers, heats, said, first, exports)
    page = run_page(records, seen, Pictures(records.source.folder, pictures, run.settings.reading))
    if card is not None:
        write_text(card, model_card(records))
    notes = [state] if state else []
    if layers.table is None:
        notes.append(f"the layers are not shown: {layers.why_not}")
    return page, (*notes, *not_read)


def _exports(run: Run) -> tuple[dict[str, tuple[Table, ...]], tuple[str, ...]]:
    """By name: what was shown of each export in the run's folder; and a line for each that cannot be read."""
    found, not_read = {}, []
    for path in sorted(run.folder.glob(f"*/{PROOF}")):
        try:
            found[path.parent.name] = tuple(proof_tables(Proof.read(path.parent)))
        except RequestError as problem:
            not_read.append(f"an export is not shown: {problem}")
    return found, tuple(not_read)


def _layers(run: Run, trust: bool) -> tuple[Layers, Any]:
    """The layer table and findings of `explain`, and the model; where it cannot be loaded, why, and None."""
    from convwise.commands.explain import explain

    try:
        found = explain(run.folder, trust=trust)
    except ConvwiseError as problem:
        return Layers(why_not=str(problem)), None
    return Layers(found.table, found.findings), found.model


def _heatmaps(run: Run, records: RunRecords, model: Any) -> tuple[dict[str, HeatView], tuple[str, ...]]:
    """By path: why each of the worst mistakes was made, as far as the time goes; and what is to be said of that."""
    worst = records.evaluation.mistakes[:N_MISTAKES] if records.evaluation else ()
    found: dict[str, HeatView] = {}
    if not worst:
        return found, ()
    settings, began = run.settings, time.monotonic()
    ask = asking(model, settings)
    for mistake in worst:
        if time.monotonic() - began > _SECONDS_OF_HEATMAPS:
            return found, (f"Heatmaps of the first {len(found)} only: more of them would take long.",)
        try:
            pixels = pixels_for(settings, records.source.folder / mistake.path)
        except UnreadableImage:
            continue
        number = run.class_names.index(mistake.predicted)
        heat = heat_for(model, settings, pixels, number, ask)
        found[mistake.path] = heat_view(heat, pixels, mistake.predicted, LARGE)
    return found, ()


def _first_pixels(run: Run) -> NDArray[np.uint8] | None:
    """The first training image as the network takes it; None where it cannot be read now."""
    settings, paths = run.settings, run.split["train"]
    if not paths:
        return None
    try:
        return pixels_for(settings, Path(settings.folder, paths[0]))
    except UnreadableImage:
        return None
