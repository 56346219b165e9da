"""JPEG: what its markers say, and its pixels by libjpeg-turbo, whose warnings tell whether all of them are there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from convwise.images.rules import MAX_SCANS, UnreadableImage
from convwise.images.sniffing import exif_orientation

# In entropy-coded data 0xFF is followed by 0 (a stuffed byte), a restart marker, or fill; anything else ends it.
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what decoders know
_PLAIN = (0xDB, 0xC4, 0xE0, 0xDD)
_OTHER_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STRAY = re.compile(r"(\d+) extraneous bytes before marker 0xd9")
_MOST_STRAY = 64
"""Bytes left over before the end marker: so few are padding, more tell that the data came apart."""
_HARMLESS = ("unknown JFIF revision", "Invalid SOS parameters", "extraneous bytes before marker")


@dataclass(frozen=True)
class JpegHeader:
    """Size in pixels as stored, number of channels, and the EXIF orientation (1 to 8)."""

    width: int
    height: int
    n_channels: int
    orientation: int


@dataclass(frozen=True)
class _Scan:
    """Which coefficients (first to last) of which channels a scan brings, down to which bit."""

    channels: bytes
    first: int
    last: int
    bit: int


def read_header(data: bytes) -> JpegHeader:
    """Follow the markers to the end. Raises UnreadableImage where the end marker or a scan is missing.

    A file without its end marker is refused though its pixels may be whole: nothing else says that they are.
    """
    frame, channels, orientation, scans = b"", b"", 1, list[_Scan]()
    at = 2
    while marker := _MARKER.search(data, at):
        code, start = data[marker.start() + 1], marker.end()
        if code == 0xD9:
            break
        length = int.from_bytes(data[start : start + 2])
        if code in _PLAIN:  # tables and the like, in every file
            at = start + max(2, length)
            continue
        segment = data[start + 2 : start + length]
        if code in _FRAMES:
            frame = data[start - 1 : start + length]
            channels = segment[6::3]
        elif code in _OTHER_FRAMES:
            raise UnreadableImage(
                "a kind of JPEG that is not read here (lossless or arithmetic); save it as a plain one"
            )
        elif code == 0xE1 and segment.startswith(b"Exif\0\0"):
            orientation = exif_orientation(segment)
        elif code == 0xDA and len(segment) > 3:
            n = segment[0]
            scans.append(_Scan(segment[1 : 1 + 2 * n : 2], segment[-3], segment[-2], segment[-1] & 15))
            if len(scans) > MAX_SCANS:
                raise UnreadableImage(f"more than {MAX_SCANS} scans")
        at = start + max(2, length)
    else:
        raise UnreadableImage("truncated: the end marker is missing")
    if len(frame) < 9 or not scans:
        raise UnreadableImage("corrupt or truncated header")
    if frame[3] != 8:
        raise UnreadableImage(f"a JPEG of {frame[3]} bits per channel is not read here; save it with 8")
    if frame[0] == 0xC2:
        _require_all_bits(channels, scans)
    elif missing := set(channels) - {channel for scan in scans for channel in scan.channels}:
        raise UnreadableImage(f"truncated: the scans of {len(missing)} of {len(channels)} channels are missing")
    height, width = int.from_bytes(frame[4:6]), int.from_bytes(frame[6:8])
    return JpegHeader(width, height, len(channels), orientation)


def _require_all_bits(channels: bytes, scans: Sequence[_Scan]) -> None:
    """A progressive picture may end after any scan, with every marker in place: coarser than it was."""
    wanted = {(channel, coefficient) for channel in channels for coefficient in range(64)}
    for scan in scans:
        if scan.bit == 0:
            wanted -= {(c, coefficient) for c in scan.channels for coefficient in range(scan.first, scan.last + 1)}
    if wanted:
        raise UnreadableImage("truncated: its last scans are missing")


def decode_jpeg(data: bytes, header: JpegHeader, reduction: int = 1) -> NDArray[np.uint8]:
    """RGB as stored, or CMYK where there are four channels, at 1/`reduction` (1, 2, 4, 8) of the size.

    Bit for bit what OpenCV and Pillow give, which rest on the same library but keep its warnings to themselves.
    """
    sides = {} if reduction == 1 else {
        "min_height": -(-header.height // reduction), "min_width": -(-header.width // reduction)
    }  # fmt: skip
    colours = "CMYK" if header.n_channels == 4 else "RGB"
    try:
        return np.asarray(simplejpeg.decode_jpeg(data, colours, **sides))
    except ValueError as error:
        said = str(error)
    stray = _STRAY.search(said)
    harmless = int(stray[1]) <= _MOST_STRAY if stray else any(words in said for words in _HARMLESS)
    if harmless:
        try:
            # The library tells its first warning only: with the harmless ones out of the way, none must be left.
            return np.asarray(simplejpeg.decode_jpeg(_tidied(data), colours, strict=not stray, **sides))
        except ValueError as error:
            said = str(error)
    cut = "premature end" in said.lower()
    raise UnreadableImage(f"truncated: {said}"[:120] if cut else said[:120] or "corrupt")


def _tidied(data: bytes) -> bytes:
    """The same picture without stray bytes between segments, with a known JFIF revision and the usual scan words."""
    parts, at, sequential = [b"\xff\xd8"], 2, True
    while marker := _MARKER.search(data, at):
        code, start = data[marker.start() + 1], marker.end()
        if parts[-1].startswith(b"\xff\xda"):
            parts.append(data[at : marker.start()])  # the scan's data
        if code == 0xD9:
            break
        length = max(2, int.from_bytes(data[start : start + 2]))
        segment = bytearray(data[marker.start() : start + length])
        sequential = sequential and code != 0xC2
        if code == 0xE0 and segment[4:9] == b"JFIF\0" and len(segment) > 9:
            segment[9] = 1
        elif code == 0xDA and sequential:
            segment[-3:] = b"\0\x3f\0"
        parts.append(bytes(segment))
        at = start + length
    return b"".join([*parts, b"\xff\xd9"])
