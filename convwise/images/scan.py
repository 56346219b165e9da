"""One pass over the files, by all cores: each is read once and gives its digest, its sketch and its fitted pixels."""

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convwise.cores import available_cores
from convwise.images.duplicates import SKETCH_SIDE, sketch
from convwise.images.fitting import fit_image, resize
from convwise.images.listing import Listing
from convwise.images.reading import MAX_FILE_BYTES, UnreadableImage, decode, quiet_pillow
from convwise.images.sniffing import HEAD_BYTES, IMAGE_SUFFIXES, baseline_jpeg, sniff

_Bytes = NDArray[np.uint8]
_FILES_PER_TASK = 32
_SKETCH_FROM = 64  # px: pictures are sketched from a square of this side or more


class Status(IntEnum):
    """What a file turned out to be."""

    IMAGE, UNREADABLE, IGNORED = 0, 1, 2


@dataclass(frozen=True)
class FileFacts:
    """What one pass found out about n files; rows of files that are no readable image hold zeros."""

    status: _Bytes  # (n,) of Status
    content: _Bytes  # (n, 16): the first half of the SHA-256 of the bytes
    sketches: _Bytes  # (n, 16, 16)
    shapes: NDArray[np.int32]  # (n, 2): height and width as decoded
    sides: NDArray[np.int32]  # (n, 2): the longer and the shorter side of the whole picture
    reasons: list[str]  # "" unless unreadable

    @classmethod
    def blank(cls, n: int) -> "FileFacts":
        return cls(np.zeros(n, np.uint8), np.zeros((n, 16), np.uint8),
                   np.zeros((n, SKETCH_SIDE, SKETCH_SIDE), np.uint8), np.zeros((n, 2), np.int32),
                   np.zeros((n, 2), np.int32), [""] * n)  # fmt: skip

    def put(self, rows: slice | list[int], other: "FileFacts", at: slice | list[int]) -> None:
        """Copy the rows `at` of another table into `rows` of this one."""
        self.status[rows], self.content[rows] = other.status[at], other.content[at]
        self.sketches[rows], self.shapes[rows] = other.sketches[at], other.shapes[at]
        self.sides[rows] = other.sides[at]
        targets = range(len(self.reasons))[rows] if isinstance(rows, slice) else rows
        sources = range(len(other.reasons))[at] if isinstance(at, slice) else at
        for target, source in zip(targets, sources, strict=True):
            self.reasons[target] = other.reasons[source]


@dataclass(frozen=True)
class Known:
    """What need not be found out again: facts of earlier passes, and fitted pixels by row number, where there are."""

    facts: FileFacts
    rows: NDArray[np.int64]  # (n,): the row of each listed file in `facts`, -1 where it is new or changed
    pixels: Callable[[int], _Bytes] | None = None


def scan(
    listing: Listing,
    known: Known,
    *,
    size: int,
    fit: str,
    write: Callable[[_Bytes], object] | None,
    progress: Callable[[int, int], None] | None,
    workers: int | None,
) -> FileFacts:
    """The facts of every listed file; fitted pixels of the readable ones go to `write` in order, in small blocks.

    Threads, not processes: reading, hashing, decoding and resizing all release the interpreter's lock, threads start
    at no cost, and scripts need no main guard. Memory holds a few blocks per worker, however many files there are.
    """
    facts = FileFacts.blank(len(listing.paths))
    parts = [slice(start, start + _FILES_PER_TASK) for start in range(0, len(listing.paths), _FILES_PER_TASK)]
    task = _Task(listing, known, size, fit, write is not None)
    n_done = 0
    with quiet_pillow():
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
) -> Iterator[tuple[FileFacts, _Bytes]]:  # few in flight, so that a slow disk cannot fill the memory
    pool = ThreadPoolExecutor(workers, thread_name_prefix="convwise-scan")
    try:
        waiting: deque[Future[tuple[FileFacts, _Bytes]]] = deque()
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
    size: int
    fit: str
    wants_pixels: bool

    def __call__(self, part: slice) -> tuple[FileFacts, _Bytes]:
        paths, old = self.listing.paths[part], self.known.rows[part]
        facts = FileFacts.blank(len(paths))
        pixels = np.empty((len(paths) if self.wants_pixels else 0, self.size, self.size, 3), np.uint8)
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

    def _read(self, path: str, facts: FileFacts, i: int) -> _Bytes | None:
        """Fill row i of the facts; the fitted pixels of a readable image."""
        name = path.rpartition("/")[2]
        facts.status[i] = Status.IGNORED
        if name.startswith("."):
            return None
        by_name = name.rpartition(".")[2].lower() in IMAGE_SUFFIXES
        try:
            data = read_bytes(f"{self.listing.root}/{path}", whole=by_name)
            if not by_name and sniff(data[:HEAD_BYTES]) is None:
                return None
            facts.status[i] = Status.UNREADABLE
            facts.content[i] = np.frombuffer(hashlib.sha256(data).digest()[:16], np.uint8)
            image = decode(data, size=self.size, fit=self.fit)
        except UnreadableImage as error:
            facts.status[i], facts.reasons[i] = Status.UNREADABLE, str(error)
            return None
        except OSError as error:
            facts.status[i], facts.reasons[i] = Status.UNREADABLE, (error.strerror or str(error)).lower()
            return None
        facts.status[i], facts.shapes[i] = Status.IMAGE, image.shape[:2]
        facts.sides[i] = whole_sides(data, image)
        fitted = fit_image(image, self.size, self.fit)
        whole = fitted if self.fit == "stretch" and self.size >= _SKETCH_FROM else None
        facts.sketches[i] = sketch(resize(image, _SKETCH_FROM, _SKETCH_FROM) if whole is None else whole)
        return fitted


def read_bytes(path: str, *, whole: bool) -> bytes:
    """A file's content; unless `whole`, only its head where that announces no image. Raises UnreadableImage if huge."""
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        n_bytes = os.fstat(file).st_size
        if not whole and n_bytes > 2**20:
            head = os.read(file, HEAD_BYTES)
            if sniff(head) is None:
                return head
            os.lseek(file, 0, os.SEEK_SET)
        if n_bytes > MAX_FILE_BYTES:
            raise UnreadableImage(f"more than {MAX_FILE_BYTES >> 20} MiB")
        data = os.read(file, n_bytes)
        while len(data) < n_bytes and (more := os.read(file, n_bytes - len(data))):
            data += more
        return data
    finally:
        os.close(file)


def whole_sides(data: bytes, image: _Bytes) -> tuple[int, int]:
    """The longer and the shorter side in pixels of the whole picture, of which `image` may be decoded smaller."""
    sides = image.shape[:2]
    if sniff(data[:HEAD_BYTES]) == "JPEG":  # nothing else is decoded smaller
        header = baseline_jpeg(data)
        if header is None:
            with Image.open(io.BytesIO(data)) as opened:
                sides = opened.size
        else:
            sides = header.width, header.height
    return max(sides), min(sides)
