"""What is read as a picture and what is too much: the limits, and the rules that a run keeps."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from convwise import checks
from convwise.errors import ConvwiseError
from convwise.records import record_of

MAX_PIXELS = 89_478_485
"""More is refused as a decompression bomb: a quarter of a gigabyte of RGB, where Pillow too begins to warn."""
MAX_SIDE = 65_535
"""What JPEG and GIF can say; decoders work row by row, and a row or column of more is no picture."""
MAX_SCANS = 100
"""Each scan of a progressive JPEG is a pass over all its pixels; encoders write about ten."""
MAX_FILE_BYTES = 512 * 2**20
BITS = (8, 10, 12, 14, 16)
"""The depths that cameras and scanners have."""

_LARGE = 2**24  # pixels
_large_turn = threading.Lock()


class UnreadableImage(ConvwiseError):  # noqa: N818 - it names the picture's state, as users read it
    """The file cannot be read as a picture; the message is the short reason."""


class NoPicture(UnreadableImage):
    """The file is no picture at all, or one of a format that is not read here."""


class TooLargePicture(UnreadableImage):
    """The picture has more pixels than are read."""


@dataclass(frozen=True)
class Rules:
    """How pictures are read, the same throughout a run.

    `bits`: of 16, how many are in use: 16-bit values are divided by 2**bits - 1, and what is above is cut off.
    `most_pixels`: a picture of more is refused.
    """

    bits: int = 16
    most_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        if self.bits not in BITS:
            raise ValueError(f"bits={self.bits}: must be one of {BITS}")
        checks.whole("most_pixels", self.most_pixels, 1, MAX_SIDE**2)

    @property
    def white(self) -> int:
        """The largest 16-bit value that is in range."""
        return int(2**self.bits - 1)

    def limited_to(self, most_pixels: int | None) -> Self:
        """The same with that limit, or as they are for None. Raises RequestError for a limit that cannot be."""
        return self if most_pixels is None else replace(self, most_pixels=most_pixels)

    def check(self, width: int, height: int) -> None:
        """Raise UnreadableImage for a picture that is too large."""
        if width * height > self.most_pixels:
            raise TooLargePicture(f"{width} x {height} pixels, the limit is {self.most_pixels:,}")
        if max(width, height) > MAX_SIDE:
            raise TooLargePicture(f"{width} x {height} pixels, the limit of a side is {MAX_SIDE:,}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any] | None) -> Self:
        """The inverse of `to_dict`; of older records, which say nothing, the default."""
        return record_of(cls, values or {})


USUAL = Rules()


def bits_in_use(peak: int) -> int:
    """The depth behind 16-bit pictures whose largest value is `peak`; 16 where there are none (0)."""
    return next(bits for bits in BITS if peak < 2**bits) if peak else 16


@contextmanager
def in_turn(width: int, height: int) -> Iterator[None]:
    """Large pictures one at a time, so that many threads need no more memory than one large picture and many small."""
    with _large_turn if width * height > _LARGE else nullcontext():
        yield
