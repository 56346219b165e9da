"""data: add, list and check data sets, clean their caches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.html_repr import ShownAsHtml
from convwise.images.cleaning import clean_caches
from convwise.images.copies import check_copies
from convwise.images.datasets import Installed, add_dataset, list_datasets, resolve
from convwise.images.index import ImageIndex
from convwise.images.looking import picture_remarks
from convwise.images.prepare import index_folder
from convwise.images.remarks import folder_remarks
from convwise.images.rules import USUAL

__all__ = ["DataReport", "add_data", "check_data", "clean_data", "dataset_row", "list_data"]

add_data = add_dataset
list_data = list_datasets
clean_data = clean_caches


@dataclass(frozen=True)
class DataReport(ShownAsHtml):
    """What is in a folder and what is wrong with it.

    Attributes:
        index: The readable pictures, with those that are not, copies and empty classes.
        pictures: What is to be said of the pictures themselves, a sentence each.

    Example:
        >>> import convwise
        >>> report = convwise.check_data("pictures")
        >>> len(report.index), report.to_dict()["unreadable"]
        (48, [])
    """

    index: ImageIndex
    pictures: tuple[str, ...] = ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """What to know before training on it, a sentence each."""
        return (*folder_remarks(self.index), *self.pictures)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        index = self.index

        def named(groups: Iterable[Sequence[int]]) -> list[list[str]]:
            return [[index.paths[i] for i in group] for group in groups]

        return {
            "folder": index.root,
            "n_images": len(index),
            "classes": index.counts(),
            "empty_classes": list(index.empty_classes),
            "empty_reasons": index.empty_reasons(),
            "unreadable": [{"path": file.path, "reason": file.reason} for file in index.unreadable],
            "duplicates": named(group.members for group in index.duplicates),
            "duplicate_kinds": [group.kind for group in index.duplicates],
            "exact_copies": named(group.members for group in index.copies.exact),
            "near_copies": named(group.members for group in index.duplicates if group.kind == "near"),
            "label_errors": named(group.members for group in index.copies.label_errors(index.labels)),
            "possible_label_errors": named(index.copies.across),
            "near_pairs_apart": named(index.copies.apart),
            "ignored": index.n_ignored,
            "remarks": list(self.remarks),
            "digest": index.digest,
        }


def dataset_row(entry: Installed) -> dict[str, Any]:
    """Plain values for JSON."""
    dataset = entry.dataset
    return {
        "name": dataset.name,
        "description": dataset.description,
        "licence": dataset.licence,
        "citation": dataset.citation,
        "installed": entry.folder is not None,
        "folder": str(entry.folder) if entry.folder else None,
        "n_images": entry.n_images,
        "official": entry.official,
    }


def check_data(
    data: str | Path,
    *,
    background: bool = False,
    copies: str = "near",
    most_pixels: int | None = None,
    progress: Any = None,
) -> DataReport:
    """Reads every file of a folder or named data set once and says what is there. Changes nothing in it.

    Args:
        data: A folder with a sub-folder per class, or the name of a data set.
        background: Whether Caltech-101's background class counts.
        copies: What counts as a copy: "near", "exact" (equal files or pixels) or "ignore".
        most_pixels: Largest picture that is read, in pixels; 89,478,485 if None.
        progress: Hears (files done, of how many); nobody does if None.

    Returns:
        The index of the pictures, with remarks on it.

    Raises:
        RequestError: there is no such folder or data set, it holds no picture, or a value is out of its range.

    Example:
        >>> import convwise
        >>> convwise.check_data("pictures").index.counts()
        {'circle': 16, 'square': 16, 'star': 16}
    """
    check_copies(copies)
    source = resolve(data, background=background)
    rules = USUAL.limited_to(most_pixels)
    index = index_folder(
        source.folder, classes=source.classes, exclude=source.exclude, copies=copies, progress=progress, rules=rules
    )
    return DataReport(index, picture_remarks(index))
