"""What a file is, by its first bytes and never by its name; and what a JPEG's header says."""

import re
from dataclasses import dataclass

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
HEAD_BYTES = 32
"""Bytes from the start of a file that `sniff` needs."""

IMAGE_SUFFIXES = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "gif", "tif", "tiff"})
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BMP_HEADER_SIZES = (12, 16, 40, 52, 56, 64, 108, 124)

# In entropy-coded JPEG data 0xFF is followed by 0 (a stuffed byte), a restart marker, or fill; anything else ends it.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def sniff(head: bytes) -> str | None:
    """The format (one of `FORMATS`) that the first `HEAD_BYTES` bytes announce, or None for no image we read."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith(_TIFF):
        return "TIFF"
    # "BM" alone begins many a text, so the header's size must be one that exists.
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return None


@dataclass(frozen=True)
class JpegHeader:
    """Size in pixels as stored, and the EXIF orientation (1 to 8)."""

    width: int
    height: int
    orientation: int


def baseline_jpeg(data: bytes) -> JpegHeader | None:
    """The header of a plain JPEG (baseline, 8 bits, gray or three colours, one scan that ends where it must).

    None for every other JPEG: progressive, CMYK, cut short, or with stray markers inside. Those go the slow way.
    """
    width = height = 0
    orientation, at, n_bytes = 1, 2, len(data)
    while at + 10 < n_bytes and data[at] == 0xFF:
        marker, length = data[at + 1], (data[at + 2] << 8) | data[at + 3]
        if marker in (0xC0, 0xC1):
            if data[at + 4] != 8 or data[at + 9] not in (1, 3):
                return None
            height, width = (data[at + 5] << 8) | data[at + 6], (data[at + 7] << 8) | data[at + 8]
        elif marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            orientation = exif_orientation(data[at + 4 : at + 2 + length])
        elif marker == 0xDA:
            end = _END_OF_SCAN.search(data, at + 2 + length)
            if end is None or data[end.start() + 1] != 0xD9 or not width or not height:
                return None
            return JpegHeader(width, height, orientation)
        elif marker == 0xFF or (0xC2 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return None
        at += 2 + length
    return None


def ends_whole(data: bytes) -> bool:
    """Whether a JPEG's segments and scans lead to its end marker; decoders fill in what is missing, we refuse it."""
    at = 2
    while (marker := _END_OF_SCAN.search(data, at)) and data[marker.start() + 1] != 0xD9:
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2])
    return marker is not None


def exif_orientation(exif: bytes | Image.Exif) -> int:
    """The orientation tag, 1 (upright) where it is missing, out of range, or the EXIF block is broken."""
    try:
        if isinstance(exif, bytes):
            block = Image.Exif()
            block.load(exif)
            exif = block
        value = exif.get(0x0112, 1)
    except Exception:  # a broken EXIF block says nothing about the pixels: every decoder ignores it
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
