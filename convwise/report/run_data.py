"""The data of a run for its report: counts by class and side, what was left out and why, copies, samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.images.index import ImageIndex
from convwise.images.saved_split import SIDES
from convwise.names import counted
from convwise.report import run_pictures
from convwise.report.pictures import Pictures, Shown
from convwise.report.run_pictures import Gallery
from convwise.report.run_records import RunRecords
from convwise.report.table import Cell, Table, count, numbers, texts, words

_MOST_LEFT_OUT = 200  # files that are named


@dataclass(frozen=True)
class DataView:
    """`state` says where the pictures are not as they were, else it is ""; `said`: what there is, what is missing."""

    state: str
    said: str
    counts: Table
    left_out: Table
    label_errors: tuple[Gallery, ...]
    copies: tuple[Gallery, ...]
    copies_said: str
    samples: tuple[Gallery, ...]
    augmented: tuple[Shown, ...]


def data_view(
    records: RunRecords, index: ImageIndex | None, state: str, pictures: Pictures, pixels: NDArray[np.uint8] | None
) -> DataView:
    """What there is to say; without an index, only what the run itself has on record.

    `pixels`: the first training image as the network takes it, None where it cannot be had.
    """
    groups = index.copies.groups if index else ()
    errors = index.copies.label_errors(index.labels) if index else ()
    return DataView(
        state=state,
        said=_said(records),
        counts=counts_table(records),
        left_out=left_out_table(index),
        label_errors=run_pictures.copies(index, pictures, errors) if index else (),
        copies=run_pictures.copies(index, pictures, groups) if index else (),
        copies_said=_copies_said(len(groups)),
        samples=run_pictures.samples(records, pictures),
        augmented=run_pictures.augmented(records, pictures, pixels),
    )


def counts_table(records: RunRecords) -> Table:
    """Images by class and side."""
    found = records.counts()
    rows = [(Cell(name), *(count(sides[side]) for side in SIDES), count(sum(sides.values())))
            for name, sides in found.items()]  # fmt: skip
    totals = [count(sum(sides[side] for sides in found.values())) for side in SIDES]
    footer = (Cell("all"), *totals, count(sum(int(cell.value or 0) for cell in totals)))
    return Table("images by class and side", (*words("class"), *numbers(*SIDES, "all")), tuple(rows), footer)


def left_out_table(index: ImageIndex | None) -> Table:
    """The files that could not be read, each with its reason."""
    files = index.unreadable if index else ()
    rows = [texts(each.path, each.reason) for each in files[:_MOST_LEFT_OUT]]
    more = f", the first {_MOST_LEFT_OUT} of them" if len(files) > _MOST_LEFT_OUT else ""
    return Table(f"{counted(len(files), 'file')} left out, and why{more}", words("file", "reason"), tuple(rows))


def _said(records: RunRecords) -> str:
    split, summary = records.split, records.summary
    sides = [f"{len(split[side]):,} to {word}" for side, word in _VERBS]  # type: ignore[literal-required]
    left_out = [
        counted(n, what, many)
        for n, what, many in (
            (summary["n_unreadable"], "unreadable file", "unreadable files"),
            (summary["n_ignored"], "file that is no picture", "files that are no pictures"),
            (split["n_unused"], "image beyond the protocol", "images beyond the protocol"),
            (split["n_dropped_copies"], "copy across given folders", "copies across given folders"),
        )
        if n
    ]
    out = f"Left out: {', '.join(left_out)}." if left_out else "Nothing was left out."
    return f"{', '.join(sides)}. {out}"


_VERBS = (("train", "train"), ("validation", "validate"), ("test", "test"))


def _copies_said(n: int) -> str:
    shown = f", the first {run_pictures.MOST_GROUPS} of them" if n > run_pictures.MOST_GROUPS else ""
    return f"{counted(n, 'group')}{shown}; below each picture its class."
