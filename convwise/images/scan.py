"""One pass over the files, by all cores: each is read once and gives its digest, its sketch and its fitted pixels."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.files import open_regular
from convwise.images.duplicates import SKETCH_SIDE, sketch
from convwise.images.image_shape import ImageShape
from convwise.images.listing import Listing
from convwise.images.quiet import quiet_decoders
from convwise.images.reading import UnreadableImage, opened
from convwise.images.resizing import in_channels, resize_image, scaled
from convwise.images.rules import MAX_FILE_BYTES, USUAL, Rules
from convwise.images.sniffing import HEAD_BYTES, IMAGE_SUFFIXES, foreign, not_read, sniff
from convwise.places import reason_of

_Bytes = NDArray[np.uint8]
_FILES_PER_TASK = 32
_SKETCH_FROM = 64  # px: pictures are sketched from a square of this side or more


class Status(IntEnum):
    """What a file turned out to be."""

    IMAGE, UNREADABLE, IGNORED = 0, 1, 2


@dataclass(frozen=True)
class ScanTable:
    """What one pass found out about n files; rows of files that are no readable image hold zeros."""

    status: _Bytes  # (n,) of Status
    content: _Bytes  # (n, 16): the first half of the SHA-256 of the bytes
    sketches: _Bytes  # (n, 16, 16)
    shapes: NDArray[np.int32]  # (n, 2): height and width as decoded
    sides: NDArray[np.int32]  # (n, 2): the longer and the shorter side of the whole picture
    reasons: list[str]  # "" unless unreadable
    peaks: NDArray[np.uint16]  # (n,): the largest 16-bit value, 0 for 8-bit pictures

    @classmethod
    def blank(cls, n: int) -> "ScanTable":
        return cls(np.zeros(n, np.uint8), np.zeros((n, 16), np.uint8),
                   np.zeros((n, SKETCH_SIDE, SKETCH_SIDE), np.uint8), np.zeros((n, 2), np.int32),
                   np.zeros((n, 2), np.int32), [""] * n, np.zeros(n, np.uint16))  # fmt: skip

    def put(self, rows: slice | list[int], other: "ScanTable", at: slice | list[int]) -> None:
        """Copy the rows `at` of another table into `rows` of this one."""
        self.status[rows], self.content[rows] = other.status[at], other.content[at]
        self.sketches[rows], self.shapes[rows] = other.sketches[at], other.shapes[at]
        self.sides[rows], self.peaks[rows] = other.sides[at], other.peaks[at]
        targets = range(len(self.reasons))[rows] if isinstance(rows, slice) else rows
        sources = range(len(other.reasons))[at] if isinstance(at, slice) else at
        for target, source in zip(targets, sources, strict=True):
            self.reasons[target] = other.reasons[source]


@dataclass(frozen=True)
class Wanted:
    """Pixels of a `shape`, made so by `resize`, of pictures that the `rules` let through."""

    shape: ImageShape
    resize: str
    rules: Rules = USUAL


@dataclass(frozen=True)
class Known:
    """What need not be found out again: facts of earlier passes, and fitted pixels by row number, where there are."""

    facts: ScanTable
    rows: NDArray[np.int64]  # (n,): the row of each listed file in `facts`, -1 where it is new or changed
    pixels: Callable[[int], _Bytes] | None = None


def scan(
    listing: Listing,
    known: Known,
    wanted: Wanted,
    *,
    write: Callable[[_Bytes], object] | None,
    progress: Callable[[int, int], None] | None,
    workers: int | None,
) -> ScanTable:
    """The facts of every listed file; fitted pixels of the readable ones go to `write` in order, in small blocks.

    Threads, not processes: reading, hashing, decoding and resizing all release the interpreter's lock, threads start
    at no cost, and scripts need no main guard. Memory holds a few blocks per worker, however many files there are.
    """
    facts = ScanTable.blank(len(listing.paths))
    parts = [slice(start, start + _FILES_PER_TASK) for start in range(0, len(listing.paths), _FILES_PER_TASK)]
    task = _Task(listing, known, wanted, write is not None)
    n_done = 0
    with quiet_decoders():
        for part, (found, blocks) in zip(parts, _in_order(task, parts, workers or available_cores()), strict=True):
            facts.put(part, found, slice(None))
            if write is not None and len(blocks):
                write(blocks)
            n_done += len(found.status)
            if progress is not None:
                progress(n_done, len(listing.paths))
    return facts


def _in_order(
    task: "_Task", parts: Sequence[slice], workers: int
) -> Iterator[tuple[ScanTable, _Bytes]]:  # few in flight, so that a slow disk cannot fill the memory
    pool = ThreadPoolExecutor(workers, thread_name_prefix="convwise-scan")
    try:
        waiting: deque[Future[tuple[ScanTable, _Bytes]]] = deque()
        for part in parts:
            waiting.append(pool.submit(task, part))
            if len(waiting) > 3 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True)
class _Task:
    """What a worker does with a part of the listing."""

    listing: Listing
    known: Known
    wanted: Wanted
    wants_pixels: bool

    def __call__(self, part: slice) -> tuple[ScanTable, _Bytes]:
        paths, old = self.listing.paths[part], self.known.rows[part]
        facts = ScanTable.blank(len(paths))
        pixels = np.empty((len(paths) if self.wants_pixels else 0, *self.wanted.shape.array), np.uint8)
        n_pixels = 0
        for i, path in enumerate(paths):
            row = int(old[i])
            if row >= 0:
                facts.put([i], self.known.facts, [row])
                if facts.status[i] != Status.IMAGE or not self.wants_pixels:
                    continue
                if self.known.pixels is not None:
                    pixels[n_pixels] = self.known.pixels(row)
                    n_pixels += 1
                    continue
            fitted = self._read(path, facts, i)
            if fitted is not None and self.wants_pixels:
                pixels[n_pixels] = fitted
                n_pixels += 1
        return facts, pixels[:n_pixels]

    def _read(self, path: str, facts: ScanTable, i: int) -> _Bytes | None:
        """Fill row i of the facts; the fitted pixels of a readable image."""
        name = path.rpartition("/")[2]
        facts.status[i] = Status.IGNORED
        if name.startswith("."):
            return None
        by_name = name.rpartition(".")[2].lower() in IMAGE_SUFFIXES
        try:
            data = read_bytes(f"{self.listing.root}/{path}", whole=by_name)
            head = data[:HEAD_BYTES]
            known = foreign(head, name)
            if not by_name and known is None and sniff(head) is None:
                return None
            facts.status[i] = Status.UNREADABLE
            facts.content[i] = np.frombuffer(hashlib.sha256(data).digest()[:16], np.uint8)
            if known is not None:
                raise UnreadableImage(not_read(known))
            shape, resize = self.wanted.shape, self.wanted.resize
            with opened(data, shape=shape, resize=resize, rules=self.wanted.rules) as picture:
                image = picture.pixels
                fitted = resize_image(image, shape, resize)
                large = min(shape.height, shape.width) >= _SKETCH_FROM
                whole = fitted if resize == "stretch" and large else None
                facts.sketches[i] = sketch(scaled(image, _SKETCH_FROM, _SKETCH_FROM) if whole is None else whole)
                facts.status[i], facts.shapes[i] = Status.IMAGE, image.shape[:2]
                facts.sides[i], facts.peaks[i] = picture.sides, picture.peak
        except (UnreadableImage, OSError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else str(error)
            facts.status[i], facts.reasons[i] = Status.UNREADABLE, reason
            return None
        return in_channels(fitted, shape.channels)


def read_bytes(path: str, *, whole: bool) -> bytes:
    """A file's content; unless `whole`, only its head where that announces no image. Raises UnreadableImage if huge."""
    with open_regular(path) as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if not whole and n_bytes > 2**20:
            head = file.read(HEAD_BYTES)
            if sniff(head) is None:  # foreign ones need no more than their head
                return head
            file.seek(0)
        if n_bytes > MAX_FILE_BYTES:
            raise UnreadableImage(f"more than {MAX_FILE_BYTES >> 20} MiB")
        return file.read(n_bytes)
