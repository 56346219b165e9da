"""ImageShape: the height, width and channels that pictures are fitted to and a network takes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Self

from convwise.errors import RequestError

CHANNELS = (1, 3)
"""Gray, or red, green and blue."""
MOST_SIDE_PX = 16_384
_WRITTEN = re.compile(r"([0-9]{1,9})(?:x([0-9]{1,9}))?")


@dataclass(frozen=True)
class ImageShape:
    """What pictures are fitted to and a network takes: a height, a width and a number of channels.

    Args:
        height: Height in pixels, 1 to 16,384.
        width: Width in pixels, 1 to 16,384.
        channels: 3 for red, green and blue, 1 for gray.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.nets import ImageShape
        >>> ImageShape(64, 96).size, ImageShape.of("64x96", channels=1).array
        ('64x96', (64, 96, 1))
    """

    height: int
    width: int
    channels: int = 3

    def __post_init__(self) -> None:
        if not all(type(side) is int and 1 <= side <= MOST_SIDE_PX for side in (self.height, self.width)):
            raise _no_size((self.height, self.width), 1, MOST_SIDE_PX)
        if type(self.channels) is not int or self.channels not in CHANNELS:
            raise RequestError(f"channels={self.channels}: it must be 3, for red, green and blue, or 1, for gray")

    @classmethod
    def of(cls, size: Any, channels: int = 3, *, least: int = 1, most: int = MOST_SIDE_PX) -> Self:
        """From a size as a user writes it: the side of a square, "64x96" (height x width), or the two as a pair.

        Raises RequestError for what is no size, and where a side is not from `least` to `most` px.
        """
        sides = _sides(size)
        if sides is None or not all(type(side) is int and least <= side <= most for side in sides):
            raise _no_size(size, least, most)
        return cls(*sides, channels)

    def within(self, least: int, most: int) -> Self:
        """Itself. Raises RequestError where a side is out of this range."""
        return self.of(self.size, self.channels, least=least, most=most)

    @property
    def size(self) -> int | str:
        """The size as it is written into records and files: 64 where it is square, else "64x96"."""
        return self.height if self.height == self.width else f"{self.height}x{self.width}"

    @property
    def array(self) -> tuple[int, int, int]:
        """(height, width, channels), as NumPy and Keras have it."""
        return self.height, self.width, self.channels

    @property
    def told(self) -> str:
        """In a sentence: `64 px`, `64x96 px, gray`."""
        return f"{self.size} px" + (", gray" if self.channels == 1 else "")

    def __str__(self) -> str:
        return str(self.size)


def _sides(size: Any) -> tuple[Any, Any] | None:
    """Height and width; None where it is no size at all."""
    if isinstance(size, str):
        found = _WRITTEN.fullmatch(size)
        return (int(found[1]), int(found[2] or found[1])) if found else None
    if isinstance(size, list | tuple):
        return (size[0], size[1]) if len(size) == 2 else None
    return size, size


def _no_size(size: Any, least: int, most: int) -> RequestError:
    written = "x".join(map(str, size)) if isinstance(size, list | tuple) else size
    return RequestError(
        f"size={written}: it must be a whole number from {least:,} to {most:,}, or two as height x width, such as 64x96"
    )
