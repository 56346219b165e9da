"""Fitted pixels of an index on disk: 8-bit, memory-mapped, whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import time
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypedDict

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.files import remove_leftovers, temporary_name
from convwise.images.cache_dir import cache_dir, clear_errors, mark_used, write_cache_file
from convwise.images.image_shape import ImageShape
from convwise.records import convert
from convwise.strict_json import json_values

_FORMAT = 2  # raise it when decoding or fitting changes, and older caches are made anew
_FLUSH_BYTES = 8 * 2**20
_CHECK_BYTES = 2**22
_MANIFEST, _PIXELS = "manifest.json", "pixels.u8"
_CLOCK_TICK_NS = 20_000_000  # within it, a change leaves no trace in a file's stamp


class _Channels(TypedDict, total=False):
    channels: int


class Manifest(_Channels):
    """What is told of a cache: `crc32` of the pixels, `stamp` of the file as it was when that was last found right.

    `channels` is missing where there are three.
    """

    format: int
    n_images: int
    size: int | str
    resize: str
    crc32: int
    stamp: list[int] | None


@dataclass(frozen=True, eq=False)
class PixelCache:
    """The pixels of an index's images, in its order; `digest` names them by contents, shape and resizing."""

    pixels: NDArray[np.uint8]  # (n, height, width, channels), memory-mapped, read-only
    shape: ImageShape
    resize: str
    digest: str
    path: Path

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.shape[1:] != self.shape.array:
            raise ValueError(f"pixels: uint8 of shape (n, *{self.shape.array}), not {self.pixels.shape}")

    def __len__(self) -> int:
        return len(self.pixels)


def cache_digest(content: NDArray[np.uint8], shape: ImageShape, resize: str, bits: int = 16) -> str:
    """The name of the cache for files with these (n, 16) content digests, in this order, and 16-bit ones so scaled."""
    # Three channels are not said, so that caches made before there were others keep their names.
    size = f"{shape}" if shape.channels == 3 else f"{shape} {shape.channels} channel"
    told = f"{_FORMAT} {size} {resize} {bits} {len(content)} "
    return hashlib.sha256(told.encode() + content.tobytes()).hexdigest()[:32]


def open_cache(digest: str) -> PixelCache | None:
    """The cache of that name, or None where there is none, or none that is whole and as it was written.

    A file whose stamp is the one that was noted is as it was. Under another stamp (altered, or copied elsewhere) it is
    read once and its checksum compared, which costs a quarter of a second per gigabyte, and the new stamp is noted.
    """
    folder = cache_dir() / "pixels" / digest
    try:
        manifest: Manifest = convert(json_values((folder / _MANIFEST).read_text(encoding="utf-8")), Manifest)
        n, shape = manifest["n_images"], ImageShape.of(manifest["size"], manifest.get("channels", 3))
        if manifest["format"] != _FORMAT or (folder / _PIXELS).stat().st_size != n * math.prod(shape.array):
            return None
        if not _unaltered(folder, manifest):
            return None
        pixels = np.memmap(folder / _PIXELS, np.uint8, mode="r", shape=(n, *shape.array))
        mark_used(folder / _MANIFEST)
    except (OSError, ValueError, RequestError):  # missing or damaged: it is made anew
        return None
    return PixelCache(pixels, shape, manifest["resize"], digest, folder)


def _unaltered(folder: Path, manifest: Manifest) -> bool:
    status = (folder / _PIXELS).stat()
    stamp = [status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
    if manifest["stamp"] == stamp:
        return True
    checksum = 0
    with (folder / _PIXELS).open("rb") as file:
        while block := file.read(_CHECK_BYTES):
            checksum = zlib.crc32(block, checksum)
    if checksum != manifest["crc32"]:
        return False
    if time.time_ns() - max(stamp[1:]) > _CLOCK_TICK_NS:  # a younger stamp proves nothing next time
        with suppress(ConvwiseError):  # a cache that may only be read is checked each time
            write_cache_file(folder / _MANIFEST, json.dumps(manifest | {"stamp": stamp}).encode())
    return True


class CacheWriter:
    """Writes a new cache block by block; nothing is seen of it before `finish`, or if that is never reached."""

    def __init__(self, shape: ImageShape, resize: str) -> None:
        self._shape, self._resize, self._n_images, self._unflushed = shape, resize, 0, 0
        self._checksum = 0
        self._folder = cache_dir() / "pixels"
        with clear_errors(self._folder):
            self._folder.mkdir(exist_ok=True)
            remove_leftovers(self._folder)
            self._temporary = temporary_name(self._folder)
            self._temporary.mkdir()
            self._file = (self._temporary / _PIXELS).open("wb", buffering=0)
        # Forcing all to the disk at the end would take as long as decoding: a thread does it along the way.
        self._flusher = ThreadPoolExecutor(1, thread_name_prefix="convwise-flush")
        self._flush: Future[None] | None = None

    def write(self, block: NDArray[np.uint8]) -> None:
        """Append (k, height, width, channels) pixels."""
        with clear_errors(self._folder):
            view = np.ascontiguousarray(block).data.cast("B")
            self._checksum = zlib.crc32(view, self._checksum)
            while len(view):  # a disk that is nearly full takes a part, and raises at the next
                view = view[self._file.write(view) :]
            self._n_images += len(block)
            self._unflushed += block.nbytes
            if self._unflushed >= _FLUSH_BYTES and (self._flush is None or self._flush.done()):
                self._wait()
                self._flush = self._flusher.submit(os.fsync, self._file.fileno())
                self._unflushed = 0

    def finish(self, digest: str) -> PixelCache:
        """Give the cache its name and open it; where another process was first, that one is opened."""
        with clear_errors(self._folder):
            self._wait()
            os.fsync(self._file.fileno())
            self._file.close()
            manifest: dict[str, object] = {"format": _FORMAT, "n_images": self._n_images, "size": self._shape.size}
            manifest |= {} if self._shape.channels == 3 else {"channels": self._shape.channels}
            manifest |= {"resize": self._resize}
            manifest |= {"crc32": self._checksum, "stamp": None}  # the renaming below may change the stamp
            write_cache_file(self._temporary / _MANIFEST, json.dumps(manifest).encode())
            place = self._folder / digest
            try:
                self._temporary.rename(place)
            except OSError:
                if open_cache(digest) is None:  # not another's whole cache but a damaged one
                    shutil.rmtree(place)
                    self._temporary.rename(place)
        cache = open_cache(digest)
        if cache is None:
            raise RuntimeError(f"the pixel cache {place} was just written and cannot be opened")
        return cache

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._flusher.shutdown(wait=True)
        self._file.close()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _wait(self) -> None:
        if self._flush is not None:
            self._flush.result()
            self._flush = None
