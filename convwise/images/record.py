"""What the last pass over a folder found, so that the next one asks only for names and stamps."""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.images.cache_dir import cache_dir, cache_file, mark_used
from convwise.images.copies import COPIES, Copies, DuplicateGroup, Pair
from convwise.images.listing import Listing
from convwise.images.scan import ScanTable, Status

# What NumPy and the zip archive raise over a file that is not what was written.
_DAMAGED = (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, AttributeError, RuntimeError, MemoryError)
_FORMAT = 3  # raise it when the meaning of a fact changes, and folders are read anew


@dataclass(frozen=True)
class ScanRecord:
    """Listed files with their stamps, the facts about each, and the copies among the readable ones.

    `searched` says how much was looked for: one of COPIES.
    """

    paths: tuple[str, ...]
    stamps: NDArray[np.int64]
    facts: ScanTable
    copies: Copies
    searched: str

    def rows_for(self, listing: Listing) -> NDArray[np.int64]:
        """(n,) for each listed file the row that still holds, or -1 where the file is new or changed."""
        if self.paths == listing.paths:
            rows = np.arange(len(self.paths))
        else:
            row_of = {path: row for row, path in enumerate(self.paths)}
            rows = np.array([row_of.get(path, -1) for path in listing.paths], np.int64).reshape(-1)
        same = (rows >= 0) & (listing.stamps[:, 1] >= 0)
        same[same] = (self.stamps[rows[same]] == listing.stamps[same]).all(axis=1)
        return np.where(same, rows, -1)


def load_record(listing: Listing) -> ScanRecord | None:
    """The record of the same folder and selection of classes, or None where there is none that can be read."""
    place = _place(listing)
    try:
        with place.open("rb") as raw, np.load(raw) as file:
            reasons = _names(file["reasons"])
            facts = ScanTable(
                file["status"], file["content"], file["sketches"], file["shapes"], file["sides"], reasons, file["peaks"]
            )  # fmt: skip
            copies = Copies(
                _groups(file, "group"), _groups(file, "exact"), _pairs(file["across"]), _pairs(file["apart"])
            )
            searched = str(file["searched"])
            n_images = int((facts.status == Status.IMAGE).sum())
            if searched not in COPIES or not copies.numbers() <= set(range(n_images)):
                return None
            if not _fits(facts, file["stamps"], len(_names(file["paths"]))):
                return None
            mark_used(place)
            return ScanRecord(tuple(_names(file["paths"])), file["stamps"], facts, copies, searched)
    except (*_DAMAGED, zipfile.BadZipFile, zlib.error):
        return None  # missing or damaged: the folder is read again


def _fits(facts: ScanTable, stamps: NDArray[Any], n: int) -> bool:
    """Whether each column has a row for each of `n` files, of the shape and kind that a pass writes."""
    right = ScanTable.blank(n)
    names = ("status", "content", "sketches", "shapes", "sides", "peaks")
    pairs = [(getattr(facts, name), getattr(right, name)) for name in names] + [(stamps, np.zeros((n, 3), np.int64))]
    alike = all(found.shape == like.shape and found.dtype == like.dtype for found, like in pairs)
    return alike and len(facts.reasons) == n and bool((facts.status <= max(Status)).all())


def save_record(listing: Listing, facts: ScanTable, copies: Copies, searched: str) -> None:
    """Replace the folder's record."""
    with cache_file(_place(listing)) as file:
        np.savez(
            file,
            paths=_blob(listing.paths),
            stamps=listing.stamps,
            status=facts.status,
            content=facts.content,
            sketches=facts.sketches,
            shapes=facts.shapes,
            reasons=_blob(facts.reasons),
            peaks=facts.peaks,
            sides=facts.sides,
            searched=np.array(searched),
            across=np.array(copies.across, np.int64).reshape(-1, 2),
            apart=np.array(copies.apart, np.int64).reshape(-1, 2),
            **_columns("group", copies.groups),  # type: ignore[arg-type]
            **_columns("exact", copies.exact),  # type: ignore[arg-type]
        )


def _columns(name: str, groups: tuple[DuplicateGroup, ...]) -> dict[str, NDArray[Any]]:
    return {
        f"{name}_kinds": np.array([group.kind for group in groups], "U6"),
        f"{name}_ends": np.cumsum([len(group.members) for group in groups], dtype=np.int64),
        f"{name}_members": np.array([member for group in groups for member in group.members], np.int64),
    }


def _groups(file: Mapping[str, NDArray[Any]], name: str) -> tuple[DuplicateGroup, ...]:
    kinds, ends, members = (file[f"{name}_{column}"] for column in ("kinds", "ends", "members"))
    if not len(kinds):
        return ()
    parts = np.split(members, ends[:-1])
    return tuple(DuplicateGroup(str(kind), tuple(part.tolist())) for kind, part in zip(kinds, parts, strict=True))  # type: ignore[arg-type]


def _pairs(pairs: NDArray[np.int64]) -> tuple[Pair, ...]:
    return tuple((int(i), int(j)) for i, j in pairs)


def _place(listing: Listing) -> Path:
    key = os.fsencode(f"{_FORMAT}\0{listing.root}\0{listing.selection}")
    return cache_dir() / "scans" / f"{hashlib.sha256(key).hexdigest()[:32]}.npz"


def _blob(names: tuple[str, ...] | list[str]) -> NDArray[np.uint8]:
    # A NumPy text array would give every name the room of the longest; no file name holds a zero byte.
    return np.frombuffer("\0".join(names).encode("utf-8", "surrogateescape"), np.uint8)


def _names(blob: NDArray[np.uint8]) -> list[str]:
    return blob.tobytes().decode("utf-8", "surrogateescape").split("\0")
