"""A split as it is saved: the paths of each side, with a digest by which a change is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from convwise.errors import RequestError
from convwise.records import convert

SIDES = ("train", "validation", "test")


class SavedSplit(TypedDict):
    """Paths are relative to the data's folder; `n_unused` and `n_dropped_copies` count images on no side."""

    protocol: str
    n_unused: int
    n_dropped_copies: int
    digest: str
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]


def read_split(values: Mapping[str, Any]) -> SavedSplit:
    """The saved split, checked. Raises RequestError, naming the key, also for an image that is on two sides."""
    saved: SavedSplit = convert(values, SavedSplit)
    paths = [*saved["train"], *saved["validation"], *saved["test"]]
    if len(set(paths)) < len(paths):
        raise RequestError("train, validation, test: an image is on two sides, or on one twice")
    found = split_digest({"train": saved["train"], "validation": saved["validation"], "test": saved["test"]})
    if found != saved["digest"]:
        raise RequestError(f"digest={saved['digest'][:12]}: the sides have {found[:12]}: the file was changed")
    return saved


def split_digest(paths: Mapping[str, Sequence[str]]) -> str:
    """SHA-256 of which path is on which side."""
    text = "\n".join(sorted(f"{path}\x1f{side}" for side in SIDES for path in paths[side]))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
