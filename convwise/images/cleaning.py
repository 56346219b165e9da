"""Removes caches that nothing has opened for a while; they are made again when they are asked for."""

from __future__ import annotations

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from convwise import checks
from convwise.files import remove_leftovers, temporary_name
from convwise.images.cache_dir import cache_dir, clear_errors
from convwise.images.picture_list import LISTS

PAGES, FEATURES = "pages", "features"
"""Where below the cache folder the page of `convwise web` keeps reports, and what networks make of training images."""

_OWN = re.compile(r"[0-9a-f]{32}(\.npz|\.html)?")  # of caches and records; whatever else lies there is not ours


@dataclass(frozen=True)
class Cleaned:
    """What was removed from the caches of pictures and what was kept.

    Attributes:
        n_removed: Number of pixel caches, records of folders, folders of links, and what `convwise web` keeps, that
            were removed.
        removed_bytes: Their size, in bytes.
        n_kept: Number of those that were kept.
        kept_bytes: Their size, in bytes.

    Example:
        >>> from convwise.images.cleaning import Cleaned
        >>> Cleaned(n_removed=1, removed_bytes=4096, n_kept=0, kept_bytes=0).removed_bytes
        4096
    """

    n_removed: int
    removed_bytes: int
    n_kept: int
    kept_bytes: int


def clean_caches(days: float = 30) -> Cleaned:
    """Removes the caches of decoded pictures that nothing has opened for a while; they are made again when needed.

    Data sets and runs are not touched. A cache stays that another process is making, and one that the system does not
    give up (Windows, where it is in use).

    Args:
        days: Days since a cache was last opened, 0 to 1,000,000; 0 removes all.

    Returns:
        What was removed and what was kept, counted and in bytes.

    Raises:
        RequestError: `days` is out of its range.
        ConvwiseError: the folder of the caches cannot be written.

    Example:
        >>> import convwise
        >>> convwise.clean_data(days=30).n_removed
        0
    """
    checks.number("days", days, 0, 1_000_000)
    before = time.time() - 86400 * days
    counts = {True: [0, 0], False: [0, 0]}
    for folder in (cache_dir() / name for name in ("pixels", "scans", LISTS, PAGES, FEATURES)):
        with clear_errors(folder):
            if not folder.is_dir():
                continue
            remove_leftovers(folder)
            for entry in sorted(folder.iterdir()):
                if not _OWN.fullmatch(entry.name):
                    continue
                try:
                    n_bytes, opened = _size_and_use(entry)
                    removed = opened <= before and _removed(entry)
                except FileNotFoundError:  # another process cleans too
                    continue
                counts[removed][0] += 1
                counts[removed][1] += n_bytes
    return Cleaned(*counts[True], *counts[False])


def _size_and_use(entry: Path) -> tuple[int, float]:
    """Bytes, and when it was last opened: opening a cache or a record sets the stamp of one of its files."""
    stats = [path.stat() for path in (entry.iterdir() if entry.is_dir() else (entry,))]
    return sum(stat.st_size for stat in stats), max((stat.st_mtime for stat in stats), default=0.0)


def _removed(entry: Path) -> bool:
    """Takes the entry's name away first, so that nobody finds a half of it."""
    aside = temporary_name(entry.parent)
    try:
        entry.rename(aside)
    except PermissionError:
        if os.access(entry.parent, os.W_OK | os.X_OK):  # in use, not a read-only place
            return False
        raise
    if aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)
    return True
