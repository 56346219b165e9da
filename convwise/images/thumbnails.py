"""Pictures for people to look at: upright, in their own proportions, no larger than asked."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convwise.files import read_regular
from convwise.images.image_shape import ImageShape
from convwise.images.jpeg import read_header
from convwise.images.quiet import quiet_decoders
from convwise.images.reading import opened
from convwise.images.resizing import resize_image
from convwise.images.rules import MAX_FILE_BYTES, USUAL, Rules, UnreadableImage
from convwise.images.sniffing import HEAD_BYTES, exif_orientation, sniff
from convwise.places import reason_of


def thumbnail(path: str | Path, longest: int, rules: Rules = USUAL) -> NDArray[np.uint8]:
    """The picture (h, w, 3), its longer side at most `longest` px and never enlarged. Raises UnreadableImage."""
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        raise UnreadableImage(reason_of(error)) from error
    return small(data, longest, rules)


def small(data: bytes, longest: int, rules: Rules = USUAL) -> NDArray[np.uint8]:
    """The same of a file's content. Raises UnreadableImage."""
    with quiet_decoders():
        width, height = _upright_sides(data)
        shrunk = min(1.0, longest / max(width, height))
        shape = ImageShape(max(1, round(height * shrunk)), max(1, round(width * shrunk)))
        with opened(data, shape=shape, resize="stretch", rules=rules) as picture:
            return resize_image(picture.pixels, shape, "stretch")


def jpeg(pixels: NDArray[np.uint8], quality: int = 80) -> bytes:
    """The pixels (h, w, 3 or 1) as a JPEG file."""
    stored = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR) if pixels.shape[2] == 3 else pixels
    done, data = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise UnreadableImage("it cannot be stored as a JPEG")
    return bytes(data.tobytes())


def _upright_sides(data: bytes) -> tuple[int, int]:
    """Width and height as people see it. Raises UnreadableImage for what is no picture."""
    if sniff(data[:HEAD_BYTES]) == "JPEG":
        header = read_header(data)
        width, height, orientation = header.width, header.height, header.orientation
    else:
        try:
            with Image.open(io.BytesIO(data)) as image:
                (width, height), orientation = image.size, exif_orientation(image.getexif())
        except Exception as error:  # decoders raise whatever their parsers stumble over
            raise UnreadableImage(str(error)[:120] or type(error).__name__) from error
    return (height, width) if orientation >= 5 else (width, height)
