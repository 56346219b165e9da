"""Colour pictures of 16 bits a channel, of which Pillow by itself keeps the upper halves."""

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convwise.images.rules import UnreadableImage
from convwise.images.wholeness import png_bytes, png_chunks, png_passes


def colour_values(data: bytes, kind: str) -> NDArray[np.uint16]:
    """(height, width, 3 or 4) RGB or RGBA of a picture that is known to be whole."""
    if kind == "PNG":
        return _png_values(data)
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[2] not in (3, 4):
        raise UnreadableImage("a kind of 16-bit colour that is not read here; save it with 8 bits per channel")
    return np.asarray(values[..., [2, 1, 0, 3][: values.shape[2]]])


def _png_values(data: bytes) -> NDArray[np.uint16]:
    """By Pillow, twice: a filter works on each byte of a pixel by itself, so the upper bytes alone are a PNG of 8 bits,
    and so are the lower ones. (OpenCV's library would print what it thinks of the file.)
    """
    chunks = list(png_chunks(data))
    header = next(content for kind, content in chunks if kind == b"IHDR")
    packed = b"".join(content for kind, content in chunks if kind == b"IDAT")
    pixels = zlib.decompressobj().decompress(packed, png_bytes(header))
    halves: tuple[list[bytes], list[bytes]] = ([], [])
    at = 0
    for rows, n_bytes in png_passes(header):
        part = np.frombuffer(pixels, np.uint8, rows * n_bytes, at).reshape(rows, n_bytes)
        at += rows * n_bytes
        for half, first in zip(halves, (1, 2), strict=True):
            half.append(np.hstack([part[:, :1], part[:, first::2]]).tobytes())
    upper, lower = (_eight_bits(header, b"".join(half)) for half in halves)
    values = upper.astype(np.uint16)
    values <<= 8
    values |= lower
    return values if values.shape[2] > 2 else values[..., [0, 0, 0, 1]]


def _eight_bits(header: bytes, pixels: bytes) -> NDArray[np.uint8]:
    header = header[:8] + b"\x08" + header[9:]
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(pixels, 0)), _chunk(b"IEND", b""))
    with Image.open(io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)), formats=["PNG"]) as image:
        return np.asarray(image)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
