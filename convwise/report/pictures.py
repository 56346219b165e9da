"""The pictures of a page: originals made small, within a budget of bytes, and what could not be shown."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.images.rules import USUAL, Rules, UnreadableImage
from convwise.images.thumbnails import jpeg, thumbnail

SMALL, LARGE = 128, 320  # px, the longer side
MOST_BYTES = 2_000_000  # of all pictures of a page, as they stand in it


@dataclass(frozen=True)
class Shown:
    """A picture in a page: `source` is a data URI, "" where it could not be had, for the reason in `missing`."""

    path: str
    source: str = ""
    width: int = 0
    height: int = 0
    missing: str = ""


@dataclass
class Pictures:
    """Reads the pictures below `folder`; `allowed` False leaves out every pixel. Counts what it spends."""

    folder: Path
    allowed: bool = True
    rules: Rules = USUAL
    most_bytes: int = MOST_BYTES
    spent: int = field(default=0, init=False)
    n_over: int = field(default=0, init=False)

    def of(self, paths: Iterable[str], longest: int = SMALL) -> list[Shown]:
        """One for each path, in order. When the budget is spent, the rest are without their pixels."""
        listed = list(paths)
        if not self.allowed:
            return [Shown(path) for path in listed]
        with ThreadPoolExecutor(available_cores()) as pool:
            made = list(pool.map(lambda path: self._made(path, longest), listed))
        return [self._within(each) for each in made]

    def of_pixels(self, stack: Iterable[NDArray[np.uint8]], name: str) -> list[Shown]:
        """Pictures that are no files, such as augmented ones, under the name of the file that they come from."""
        if not self.allowed:
            return []
        return [self._within(shown_pixels(name, pixels, quality=90)) for pixels in stack]

    def _made(self, path: str, longest: int) -> Shown:
        try:
            return shown_pixels(path, thumbnail(self.folder / path, longest, self.rules))
        except UnreadableImage as problem:
            return Shown(path, missing=str(problem))

    def _within(self, picture: Shown) -> Shown:
        if self.spent + len(picture.source) > self.most_bytes:
            self.n_over += 1
            return Shown(picture.path, missing="left out to keep the file small")
        self.spent += len(picture.source)
        return picture


def shown_pixels(path: str, pixels: NDArray[np.uint8], quality: int = 80) -> Shown:
    """The pixels (h, w, 3 or 1) under a name."""
    height, width = pixels.shape[:2]
    return Shown(path, data_uri(jpeg(pixels, quality), "image/jpeg"), width, height)


def data_uri(data: bytes, kind: str) -> str:
    """The bytes as an address that needs no file."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
