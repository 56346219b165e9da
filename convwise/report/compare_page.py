"""Runs against each other as a page: the differences, the curves together, and the pictures on which they part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convwise.names import counted, shown
from convwise.report.charts import many_curves
from convwise.report.comparison import Comparison, differences_table, partings_table
from convwise.report.html.page import page
from convwise.report.pictures import Pictures
from convwise.report.run_pictures import Captioned, Gallery
from convwise.report.table import percent

_MOST = 24  # pictures of each way in which two runs part
_LISTED = 200  # images in the table of all


@dataclass(frozen=True)
class _Way:
    """The images that one run alone recognises, of the first and another."""

    title: str
    gallery: Gallery


def compare_page(comparison: Comparison, pictures: Pictures) -> str:
    """The whole page."""
    ways = []
    for each in comparison.differences:
        for right, wrong in ((each.other, each.first), (each.first, each.other)):
            ways.append(_way(comparison, pictures, right, wrong))
    return page(
        "compare.html",
        comparison=comparison,
        sentences=[f"{each.sentence} on the same {comparison.n:,} test images." for each in comparison.differences],
        table=differences_table(comparison),
        curves=many_curves(validation_curves(comparison)),
        ways=ways,
        partings=partings_table(comparison, _LISTED),
    )


def _way(comparison: Comparison, pictures: Pictures, right: str, wrong: str) -> _Way:
    found = [each for each in comparison.partings if right in each.right and wrong not in each.right]
    small = pictures.of(each.path for each in found[:_MOST])
    captions = [
        f"is {shown(each.label)}, taken for {shown(each.answers[wrong])} ({percent(each.probabilities[wrong])})"
        for each in found[:_MOST]
    ]
    title = f"{shown(right)} alone is right, {shown(wrong)} is not: {counted(len(found), 'image')}"
    return _Way(title, Gallery("", title, tuple(map(Captioned, small, captions)), len(found)))


def validation_curves(comparison: Comparison) -> Mapping[str, list[tuple[float, float]]]:
    """Validation loss by epoch of each run that has it."""
    return {
        name: [(row["epoch"], row["val_loss"]) for row in rows if "val_loss" in row]
        for name, rows in comparison.epochs.items()
        if any("val_loss" in row for row in rows)
    }
