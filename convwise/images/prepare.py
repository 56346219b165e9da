"""A folder in, its index and its pixels out: the two calls through which the rest of convwise sees images."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.images.cache import CacheWriter, PixelCache, cache_digest, open_cache
from convwise.images.duplicates import find_duplicates
from convwise.images.fitting import check_fit
from convwise.images.index import DuplicateGroup, ImageIndex, UnreadableFile, too_few_classes
from convwise.images.listing import Listing, list_files
from convwise.images.quiet import quiet_decoders
from convwise.images.reading import Pixels, UnreadableImage, decode
from convwise.images.record import ScanRecord, load_record, save_record
from convwise.images.rules import USUAL, Rules
from convwise.images.scan import FileFacts, Known, Status, read_bytes, scan

_INDEX_SIZE = 64  # px: an index alone decodes as small as this

Progress = Callable[[int, int], None]


def prepare(
    folder: str | Path,
    *,
    size: int,
    fit: str = "stretch",
    classes: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
    workers: int | None = None,
    rules: Rules = USUAL,
    least_classes: int = 1,
) -> tuple[ImageIndex, PixelCache]:
    """Index a folder of class folders and decode its images, once, into a cache on disk.

    A later call reads only names and stamps, and opens what is there; where files changed, only these are read.

    Args:
        size, fit: side in pixels, and `stretch`, `crop` or `pad` (see `fit_image`).
        classes, exclude: take only these class folders; leave these out.
        progress: called with (files done, files in all).
        workers: threads; all cores unless told.
        rules: how large a picture may be, and how 16-bit ones are scaled.
        least_classes: fewer class folders with files are refused before any is read.

    Raises:
        RequestError: the folder does not exist, has no class folders, or holds no readable image.
        ConvwiseError: the cache cannot be written.
    """
    check_fit(size, fit)
    listing = _listed(folder, classes, exclude, rules)
    held = sorted(set(listing.classes))
    if 0 < len(held) < least_classes:
        raise too_few_classes(listing.root, held, listing.paths, listing.subsets, least_classes)
    record, known = _known(listing)
    if record is not None and not (known.rows < 0).any():
        cache = open_cache(_digest(_rows(known.facts, known.rows), size, fit, rules))
        if cache is not None:
            facts, duplicates = _settle(listing, record, _rows(known.facts, known.rows), rules)
            return _index(listing, facts, duplicates), cache
    if record is not None:
        known = _with_pixels(record, known, size, fit, rules)
    with CacheWriter(size, fit) as writer:
        facts = scan(
            listing, known, size=size, fit=fit, write=writer.write, progress=progress, workers=workers, rules=rules
        )  # fmt: skip
        _require_images(listing, facts)
        cache = writer.finish(_digest(facts, size, fit, rules))
    facts, duplicates = _settle(listing, record, facts, rules)
    return _index(listing, facts, duplicates), cache


def index_folder(
    folder: str | Path,
    *,
    classes: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    progress: Progress | None = None,
    workers: int | None = None,
    rules: Rules = USUAL,
) -> ImageIndex:
    """The index alone: the same pass as `prepare`, without keeping pixels. Raises RequestError."""
    listing = _listed(folder, classes, exclude, rules)
    record, known = _known(listing)
    if record is not None and not (known.rows < 0).any():
        facts = _rows(known.facts, known.rows)
    else:
        facts = scan(
            listing, known, size=_INDEX_SIZE, fit="stretch", write=None, progress=progress, workers=workers,
            rules=rules
        )  # fmt: skip
    facts, duplicates = _settle(listing, record, facts, rules)
    return _index(listing, facts, duplicates)


def _listed(folder: str | Path, classes: Sequence[str] | None, exclude: Sequence[str], rules: Rules) -> Listing:
    """The listing, under a name of its own where other pictures than usual are readable."""
    listing = list_files(folder, classes=classes, exclude=exclude)
    if rules.most_pixels == USUAL.most_pixels:
        return listing
    return dataclasses.replace(listing, selection=f"{listing.selection} {rules.most_pixels}")


def _known(listing: Listing) -> tuple[ScanRecord | None, Known]:
    record = load_record(listing)
    if record is None:
        return None, Known(FileFacts.blank(0), np.full(len(listing.paths), -1))
    return record, Known(record.facts, record.rows_for(listing))


def _with_pixels(record: ScanRecord, known: Known, size: int, fit: str, rules: Rules) -> Known:
    """Take the pixels of unchanged files from the cache that belongs to the record, if that exists."""
    cache = open_cache(_digest(record.facts, size, fit, rules))
    if cache is None:
        return known
    place = np.cumsum(record.facts.status == Status.IMAGE) - 1
    return Known(known.facts, known.rows, lambda row: cache.pixels[place[row]])


def _rows(facts: FileFacts, rows: NDArray[np.int64]) -> FileFacts:
    if len(rows) == len(facts.reasons) and (rows == np.arange(len(rows))).all():
        return facts
    chosen = FileFacts.blank(len(rows))
    chosen.put(slice(None), facts, rows.tolist())
    return chosen


def _digest(facts: FileFacts, size: int, fit: str, rules: Rules) -> str:
    # The scale of 16-bit pictures makes another cache only where there are any.
    return cache_digest(facts.content[facts.status == Status.IMAGE], size, fit, rules.bits if facts.peaks.any() else 16)


def _settle(
    listing: Listing, record: ScanRecord | None, facts: FileFacts, rules: Rules
) -> tuple[FileFacts, tuple[DuplicateGroup, ...]]:
    """Find the copies, unless the record knows them already; and make the record say what is so now."""
    _require_images(listing, facts)
    if record is not None and record.paths == listing.paths and np.array_equal(record.facts.content, facts.content):
        duplicates = record.duplicates
        if np.array_equal(record.stamps, listing.stamps):
            return facts, duplicates
    else:
        chosen = np.flatnonzero(facts.status == Status.IMAGE)

        def read(number: int) -> Pixels:
            path = f"{listing.root}/{listing.paths[chosen[number]]}"
            try:
                return decode(read_bytes(path, whole=True), rules=rules)
            except (OSError, UnreadableImage) as error:
                raise ConvwiseError(f"{path}: was changed while the folder was read ({error}); run again") from error

        with quiet_decoders():
            duplicates = find_duplicates(facts.content[chosen], facts.sketches[chosen], facts.shapes[chosen], read)
    save_record(listing, facts, duplicates)
    return facts, duplicates


def _require_images(listing: Listing, facts: FileFacts) -> None:
    if not (facts.status == Status.IMAGE).any():
        n_bad = int((facts.status == Status.UNREADABLE).sum()) + len(listing.closed)
        raise RequestError(
            f"folder={listing.root!r}: no readable image in its {len(listing.class_names)} class folders "
            f"({n_bad} unreadable, {int((facts.status == Status.IGNORED).sum())} other files)"
        )


def _index(listing: Listing, facts: FileFacts, duplicates: tuple[DuplicateGroup, ...]) -> ImageIndex:
    rows = np.flatnonzero(facts.status == Status.IMAGE).tolist()
    class_names = tuple(sorted({listing.classes[row] for row in rows}))
    label_of = {name: label for label, name in enumerate(class_names)}
    bad = np.flatnonzero(facts.status == Status.UNREADABLE).tolist()
    unreadable = [*listing.closed, *(UnreadableFile(listing.paths[row], facts.reasons[row]) for row in bad)]
    return ImageIndex(
        root=listing.root,
        paths=tuple(listing.paths[row] for row in rows),
        labels=np.array([label_of[listing.classes[row]] for row in rows], np.int32),
        class_names=class_names,
        subsets=tuple(listing.subsets[row] for row in rows),
        content=facts.content[rows],
        unreadable=tuple(sorted(unreadable, key=lambda file: file.path)),
        n_ignored=int((facts.status == Status.IGNORED).sum()) + listing.n_outside,
        empty_classes=tuple(name for name in listing.class_names if name not in label_of),
        duplicates=duplicates,
        notes=listing.notes,
        peaks=facts.peaks[rows],
    )
