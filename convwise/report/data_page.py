"""The page of a data folder: what is there, what is wrong with it, and how its pictures look."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convwise.images.copies import DuplicateGroup
from convwise.images.index import ImageIndex
from convwise.images.looking import GRAY, Header
from convwise.names import counted, shown
from convwise.report.html.page import page
from convwise.report.pictures import Pictures
from convwise.report.run_data import left_out_table
from convwise.report.run_pictures import Gallery, copies, gallery
from convwise.report.table import Cell, Table, count, numbers, share, words

_SECTIONS = (("remarks", "Before training"), ("classes", "Classes"), ("labels", "Labels"), ("copies", "Copies"),
             ("left-out", "Left out"), ("sizes", "Sizes"), ("samples", "Samples"),
             ("reproduce", "Reproduce"))  # fmt: skip
_SIDES = ("train", "validation", "test")
_MOST_GROUPS = 24
_MOST_CLASSES = 120  # of which samples are shown
_MOST_SIZES = 8
_PER_CLASS = ((12, 6), (40, 4), (_MOST_CLASSES, 2))  # samples, by the number of classes


@dataclass(frozen=True)
class DataRecords:
    """What is known of a folder of pictures; `name` as it was asked for."""

    name: str
    index: ImageIndex
    remarks: tuple[str, ...]
    headers: Sequence[Header]
    command: str


def data_page(records: DataRecords, pictures: Pictures) -> str:
    """The whole page."""
    index = records.index
    errors = index.copies.label_errors(index.labels)
    across, apart = _pairs(index.copies.across), _pairs(index.copies.apart)
    view: dict[str, Any] = {
        "name": records.name,
        "folder": index.root,
        "headline": headline(index),
        "sections": _SECTIONS,
        "remarks": records.remarks,
        "counts": counts_table(index),
        # What is looked at first is stored first, within the budget of bytes.
        "errors": copies(index, pictures, errors, most=_MOST_GROUPS, files=pictures.allowed),
        "n_errors": len(errors),
        "across": copies(index, pictures, across, most=_MOST_GROUPS, files=pictures.allowed),
        "n_across": len(across),
        "groups": copies(index, pictures, index.duplicates, most=_MOST_GROUPS, files=pictures.allowed),
        "n_groups": len(index.duplicates),
        "n_exact": len(index.copies.exact),
        "apart": copies(index, pictures, apart, files=pictures.allowed),
        "n_apart": len(apart),
        "left_out": left_out_table(index),
        "n_ignored": index.n_ignored,
        "empty": index.empty_reasons(),
        "sizes": sizes_table(records.headers),
        "common": common_sizes_table(records.headers),
        "samples": samples(index, pictures),
        "samples_said": _samples_said(index),
        "command": records.command,
        "digest": index.digest,
        "pictures_said": pictures_said(pictures),
    }
    return page("data.html", style=("data.css",), data=view)


def headline(index: ImageIndex) -> str:
    """How many images of how many classes, and what is wrong with them."""
    what = f"{counted(len(index), 'image')} in {counted(len(index.class_names), 'class', 'classes')}"
    wrong = [
        counted(n, one, many)
        for n, one, many in (
            (len(index.copies.label_errors(index.labels)), "label error", ""),
            (len(index.copies.across), "possible label error", ""),
            (len(index.duplicates), "group of copies", "groups of copies"),
            (len(index.unreadable), "unreadable file", ""),
            (len(index.empty_classes), "class without a picture", "classes without a picture"),
        )
        if n
    ]
    return f"{what}: {', '.join(wrong)}." if wrong else f"{what}: no copies, no label errors, nothing unreadable."


def counts_table(index: ImageIndex) -> Table:
    """Images by class, and by side where the folder gives sides, with the share of all."""
    sides = [side for side in _SIDES if side in index.subsets]
    by_side = Counter(zip(index.labels.tolist(), index.subsets, strict=True))
    rows = [
        (Cell(name), *(count(by_side[number, side]) for side in sides), count(n), share(n / len(index)))
        for number, (name, n) in enumerate(index.counts().items())
    ]
    totals = [count(sum(subset == side for subset in index.subsets)) for side in sides]
    footer = (Cell("all"), *totals, count(len(index)), share(1.0))
    return Table("images by class", (*words("class"), *numbers(*sides, "images", "share")), tuple(rows), footer)


def sizes_table(headers: Sequence[Header]) -> Table | None:
    """The least, the median and the most of widths, heights and proportions, and how many are gray."""
    if not headers:
        return None
    measures: dict[str, list[float]] = {
        "width, px": [each.width for each in headers],
        "height, px": [each.height for each in headers],
        "width / height": [each.width / each.height for each in headers],
    }
    rows = [
        (
            Cell(name),
            *(
                Cell(f"{value:.3g}" if "/" in name else f"{value:,.0f}", value)
                for value in (min(of), statistics.median(of), max(of))
            ),
        )
        for name, of in measures.items()
    ]
    n_gray = sum(each.mode in GRAY for each in headers)
    caption = f"{n_gray:,} of {len(headers):,} pictures are gray, {len(headers) - n_gray:,} in colour."
    columns = (*words("measure"), *numbers("least", "median", "most"))
    return Table("sizes of the pictures as they are", columns, tuple(rows), caption=caption)


def common_sizes_table(headers: Sequence[Header]) -> Table | None:
    """The most frequent sizes."""
    found = Counter((each.width, each.height) for each in headers)
    if not found:
        return None
    rows = [(Cell(f"{width} x {height}"), count(n)) for (width, height), n in found.most_common(_MOST_SIZES)]
    title = f"the most frequent of {counted(len(found), 'size')}" if len(found) > _MOST_SIZES else "all sizes"
    return Table(title, (*words("width x height"), *numbers("pictures")), tuple(rows))


def samples(index: ImageIndex, pictures: Pictures) -> tuple[Gallery, ...]:
    """Some images of each class, evenly over its list; fewer where there are many classes."""
    if not pictures.allowed:
        return ()
    per_class = _per_class(index)
    found = []
    for number, name in enumerate(index.class_names[:_MOST_CLASSES]):
        own = np.flatnonzero(index.labels == number)
        chosen = own[np.linspace(0, len(own) - 1, min(per_class, len(own))).astype(int)]
        small = pictures.of(index.paths[i] for i in chosen)
        found.append(gallery("", shown(name), small, [""] * len(small), len(own)))
    return tuple(found)


def _per_class(index: ImageIndex) -> int:
    return next((n for most, n in _PER_CLASS if len(index.class_names) <= most), 2)


def _samples_said(index: ImageIndex) -> str:
    n = len(index.class_names)
    which = f" of the first {_MOST_CLASSES} of {n:,} classes" if n > _MOST_CLASSES else " of each class"
    return f"At most {_per_class(index)} images{which}, evenly over the list of its files."


def _pairs(pairs: Sequence[tuple[int, int]]) -> list[DuplicateGroup]:
    return [DuplicateGroup("near", (min(pair), max(pair))) for pair in pairs]


def pictures_said(pictures: Pictures) -> str:
    """What of the pictures is in the file."""
    if not pictures.allowed:
        return "This page was made without pictures: it holds no pixel of the data. Names of files are in it."
    over = (
        f"; {counted(pictures.n_over, 'picture')} beyond that left out, in the order of the page"
        if pictures.n_over
        else ""
    )
    return (
        f"This file holds {pictures.spent / 1e6:.1f} MB of pictures, at most {pictures.most_bytes / 1e6:.0f} MB{over}. "
        "Pictures are the originals, made smaller."
    )
