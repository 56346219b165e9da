"""Colour pictures of 16 bits a channel: Pillow keeps their upper halves, OpenCV all of them."""

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convwise.images.rules import UnreadableImage
from convwise.images.wholeness import png_chunks

_PIXEL_CHUNKS = (b"IHDR", b"tRNS", b"IDAT", b"IEND")


def is_deep_colour(image: Image.Image, data: bytes) -> bool:
    """Whether an opened PNG or TIFF has 16 bits in each of several channels (colour, or gray with transparency)."""
    if image.format == "PNG":
        return data[24:25] == b"\x10" and data[25:26] in (b"\2", b"\4", b"\6")
    if image.format != "TIFF":
        return False
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, is_integer = tags.get(258, (1,)), set(tags.get(339, (1,))) <= {1}
    return tags.get(262) == 2 and len(bits) in (3, 4) and set(bits) == {16} and is_integer


def colour_values(data: bytes, kind: str) -> NDArray[np.uint16]:
    """(height, width, 3 or 4) RGB or RGBA of a picture that is known to be whole."""
    if kind == "PNG":  # OpenCV's library prints what it thinks of the other chunks
        data = data[:8] + b"".join(_chunk(*each) for each in png_chunks(data) if each[0] in _PIXEL_CHUNKS)
    try:
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        values = None
    if values is None or values.dtype != np.uint16 or values.ndim != 3 or values.shape[2] not in (3, 4):
        raise UnreadableImage("a kind of 16-bit colour that is not read here; save it with 8 bits per channel")
    return np.asarray(values[..., [2, 1, 0, 3][: values.shape[2]]])


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
