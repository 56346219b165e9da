"""A folder in, its index and its pixels out: the two calls through which the rest of convwise sees images."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.images.cache import CacheWriter, PixelCache, cache_digest, open_cache
from convwise.images.copies import COPIES, Copies, check_copies
from convwise.images.duplicates import Seen, find_copies
from convwise.images.image_shape import ImageShape
from convwise.images.index import ImageIndex, UnreadableFile, too_few_classes
from convwise.images.listing import Listing, list_files
from convwise.images.quiet import quiet_decoders
from convwise.images.reading import Pixels, UnreadableImage, decode
from convwise.images.record import ScanRecord, load_record, save_record
from convwise.images.resizing import check_resize
from convwise.images.rules import USUAL, Rules, bits_in_use
from convwise.images.scan import Known, ScanTable, Status, Wanted, read_bytes, scan

_INDEX_SHAPE = ImageShape(64, 64)  # an index alone decodes as small as this
_SIDES = 8, 4096  # px: the least and the most that pictures are fitted to

Progress = Callable[[int, int], None]


def prepare(
    folder: str | Path,
    *,
    shape: ImageShape,
    resize: str = "stretch",
    classes: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    copies: str = "near",
    progress: Progress | None = None,
    workers: int | None = None,
    rules: Rules = USUAL,
    least_classes: int = 1,
) -> tuple[ImageIndex, PixelCache]:
    """Index a folder of class folders and decode its images, once, into a cache on disk.

    A later call reads only names and stamps, and opens what is there; where files changed, only these are read.

    Args:
        shape, resize: 8 to 4096 px a side, and `stretch`, `crop` or `pad` (see `resize_image`).
        classes, exclude: take only these class folders; leave these out.
        copies: what counts as a copy: `near`, `exact` or, for none, `ignore`.
        progress: called with (files done, files in all).
        workers: threads; all cores unless told.
        rules: how large a picture may be, and how 16-bit ones are scaled.
        least_classes: fewer class folders with files are refused before any is read.

    Raises:
        RequestError: the folder does not exist, has no class folders, or holds no readable image.
        ConvwiseError: the cache cannot be written.
    """
    check_resize(resize)
    shape.within(*_SIDES)
    check_copies(copies)
    listing = _listed(folder, classes, exclude, rules)
    held = sorted(set(listing.classes))
    if 0 < len(held) < least_classes:
        raise too_few_classes(listing.root, held, listing.paths, listing.subsets, least_classes)
    record, known = _known(listing)
    if record is not None and not (known.rows < 0).any():
        cache = open_cache(_digest(_rows(known.facts, known.rows), shape, resize, rules))
        if cache is not None:
            facts = _rows(known.facts, known.rows)
            return _index(listing, facts, _settle(listing, record, facts, copies, rules)), cache
    if record is not None:
        known = _with_pixels(record, known, shape, resize, rules)
    with CacheWriter(shape, resize) as writer:
        facts = scan(
            listing, known, Wanted(shape, resize, rules), write=writer.write, progress=progress, workers=workers
        )
        _require_images(listing, facts)
        cache = writer.finish(_digest(facts, shape, resize, rules))
    return _index(listing, facts, _settle(listing, record, facts, copies, rules)), cache


def index_folder(
    folder: str | Path,
    *,
    classes: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    copies: str = "near",
    progress: Progress | None = None,
    workers: int | None = None,
    rules: Rules = USUAL,
) -> ImageIndex:
    """The index alone: the same pass as `prepare`, without keeping pixels. Raises RequestError."""
    check_copies(copies)
    listing = _listed(folder, classes, exclude, rules)
    record, known = _known(listing)
    if record is not None and not (known.rows < 0).any():
        facts = _rows(known.facts, known.rows)
    else:
        wanted = Wanted(_INDEX_SHAPE, "stretch", rules)
        facts = scan(listing, known, wanted, write=None, progress=progress, workers=workers)
    return _index(listing, facts, _settle(listing, record, facts, copies, rules))


def _listed(folder: str | Path, classes: Sequence[str] | None, exclude: Sequence[str], rules: Rules) -> Listing:
    """The listing, under a name of its own where other pictures than usual are readable."""
    listing = list_files(folder, classes=classes, exclude=exclude)
    if rules.most_pixels == USUAL.most_pixels:
        return listing
    return dataclasses.replace(listing, selection=f"{listing.selection} {rules.most_pixels}")


def _known(listing: Listing) -> tuple[ScanRecord | None, Known]:
    record = load_record(listing)
    if record is None:
        return None, Known(ScanTable.blank(0), np.full(len(listing.paths), -1))
    return record, Known(record.facts, record.rows_for(listing))


def _with_pixels(record: ScanRecord, known: Known, shape: ImageShape, resize: str, rules: Rules) -> Known:
    """Take the pixels of unchanged files from the cache that belongs to the record, if that exists."""
    cache = open_cache(_digest(record.facts, shape, resize, rules))
    if cache is None:
        return known
    place = np.cumsum(record.facts.status == Status.IMAGE) - 1
    return Known(known.facts, known.rows, lambda row: cache.pixels[place[row]])


def _rows(facts: ScanTable, rows: NDArray[np.int64]) -> ScanTable:
    if len(rows) == len(facts.reasons) and (rows == np.arange(len(rows))).all():
        return facts
    chosen = ScanTable.blank(len(rows))
    chosen.put(slice(None), facts, rows.tolist())
    return chosen


def _digest(facts: ScanTable, shape: ImageShape, resize: str, rules: Rules) -> str:
    # The scale of 16-bit pictures makes another cache only where there are any.
    return cache_digest(
        facts.content[facts.status == Status.IMAGE], shape, resize, rules.bits if facts.peaks.any() else 16
    )


def _settle(listing: Listing, record: ScanRecord | None, facts: ScanTable, kind: str, rules: Rules) -> Copies:
    """Find the copies, unless the record knows them already; and make the record say what is so now."""
    _require_images(listing, facts)
    same = record is not None and record.paths == listing.paths and np.array_equal(record.facts.content, facts.content)
    if record is not None and same and COPIES.index(record.searched) >= COPIES.index(kind):
        if not np.array_equal(record.stamps, listing.stamps):
            save_record(listing, facts, record.copies, record.searched)
        return record.copies.limited_to(kind)
    copies = Copies() if kind == "ignore" else _find(listing, facts, near=kind == "near", rules=rules)
    save_record(listing, facts, copies, kind)
    return copies


def _find(listing: Listing, facts: ScanTable, *, near: bool, rules: Rules) -> Copies:
    chosen = np.flatnonzero(facts.status == Status.IMAGE)
    _, labels = np.unique([listing.classes[row] for row in chosen], return_inverse=True)
    # Twelve bits in sixteen would be sixteen levels of gray, in which much looks alike.
    rules = dataclasses.replace(rules, bits=bits_in_use(int(facts.peaks.max(initial=0))))

    def read(number: int, size: int | None) -> Pixels:
        path = f"{listing.root}/{listing.paths[chosen[number]]}"
        try:
            small = None if size is None else ImageShape(size, size)
            return decode(read_bytes(path, whole=True), shape=small, rules=rules)
        except (OSError, UnreadableImage) as error:
            raise ConvwiseError(f"{path}: was changed while the folder was read ({error}); run again") from error

    seen = Seen(facts.content[chosen], facts.sketches[chosen], facts.shapes[chosen], facts.sides[chosen],
                labels.astype(np.int32))  # fmt: skip
    with quiet_decoders():
        return find_copies(seen, read, near=near)


def _require_images(listing: Listing, facts: ScanTable) -> None:
    if not (facts.status == Status.IMAGE).any():
        n_bad = int((facts.status == Status.UNREADABLE).sum()) + len(listing.closed)
        raise RequestError(
            f"data={listing.root!r}: no readable image in its {len(listing.class_names)} class folders "
            f"({n_bad} unreadable, {int((facts.status == Status.IGNORED).sum())} other files)"
        )


def _index(listing: Listing, facts: ScanTable, copies: Copies) -> ImageIndex:
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
        copies=copies,
        notes=listing.notes,
        peaks=facts.peaks[rows],
    )
