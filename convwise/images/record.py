"""What the last pass over a folder found, so that the next one asks only for names and stamps."""

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.images.home import cache_file, home, mark_used
from convwise.images.index import DuplicateGroup
from convwise.images.listing import Listing
from convwise.images.scan import FileFacts

_FORMAT = 2  # raise it when the meaning of a fact changes, and folders are read anew


@dataclass(frozen=True)
class ScanRecord:
    """Listed files with their stamps, the facts about each, and the copies among the readable ones."""

    paths: tuple[str, ...]
    stamps: NDArray[np.int64]
    facts: FileFacts
    duplicates: tuple[DuplicateGroup, ...]

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
            facts = FileFacts(
                file["status"], file["content"], file["sketches"], file["shapes"], reasons, file["peaks"]
            )  # fmt: skip
            kinds, ends, members = file["kinds"], file["ends"], file["members"]
            groups = tuple(
                DuplicateGroup(str(kind), tuple(map(int, part)))  # type: ignore[arg-type]
                for kind, part in zip(kinds, np.split(members, ends[:-1]), strict=True)
            ) if len(kinds) else ()  # fmt: skip
            mark_used(place)
            return ScanRecord(tuple(_names(file["paths"])), file["stamps"], facts, groups)
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile):
        return None  # missing or damaged: the folder is read again


def save_record(listing: Listing, facts: FileFacts, duplicates: tuple[DuplicateGroup, ...]) -> None:
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
            kinds=np.array([group.kind for group in duplicates], "U6"),
            ends=np.cumsum([len(group.members) for group in duplicates], dtype=np.int64),
            members=np.array([member for group in duplicates for member in group.members], np.int64),
        )


def _place(listing: Listing) -> Path:
    key = os.fsencode(f"{_FORMAT}\0{listing.root}\0{listing.selection}")
    return home() / "scans" / f"{hashlib.sha256(key).hexdigest()[:32]}.npz"


def _blob(names: tuple[str, ...] | list[str]) -> NDArray[np.uint8]:
    # A NumPy text array would give every name the room of the longest; no file name holds a zero byte.
    return np.frombuffer("\0".join(names).encode("utf-8", "surrogateescape"), np.uint8)


def _names(blob: NDArray[np.uint8]) -> list[str]:
    return blob.tobytes().decode("utf-8", "surrogateescape").split("\0")
