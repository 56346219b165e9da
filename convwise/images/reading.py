"""One picture file to upright RGB pixels, or the reason why not. Never a repair."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convwise.errors import ConvwiseError
from convwise.images.fitting import check_fit, fit_image, sides_needed
from convwise.images.sniffing import FORMATS, HEAD_BYTES, JpegHeader, baseline_jpeg, ends_whole, exif_orientation, sniff

Pixels = NDArray[np.uint8]
MAX_PIXELS = 89_478_485
"""More is refused as a decompression bomb: a quarter of a gigabyte of RGB, where Pillow too begins to warn."""
MAX_FILE_BYTES = 512 * 2**20

_REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
            8: cv2.IMREAD_REDUCED_COLOR_8}  # fmt: skip
_NO_RANGE = "{mode} pixels have no defined white: save as 8 or 16 bits per channel"


class UnreadableImage(ConvwiseError):  # noqa: N818 - it names the picture's state, as users read it
    """The file cannot be read as a picture; the message is the short reason."""


def load_pixels(path: str | Path, *, size: int, fit: str) -> Pixels:
    """The file as (size, size, 3) RGB uint8: the same pixels as the pixel cache holds. Raises UnreadableImage."""
    check_fit(size, fit)
    try:
        if Path(path).stat().st_size > MAX_FILE_BYTES:
            raise UnreadableImage(f"more than {MAX_FILE_BYTES >> 20} MiB")
        data = Path(path).read_bytes()
    except OSError as error:
        raise UnreadableImage((error.strerror or str(error)).lower()) from error
    return fit_image(decode(data, size=size, fit=fit), size, fit)


def decode(data: bytes, *, size: int | None = None, fit: str = "stretch") -> Pixels:
    """File content as upright (height, width, 3) RGB uint8; raises UnreadableImage with a short reason.

    With `size`, a JPEG is decoded at the smallest of 1, 1/2, 1/4 and 1/8 of its size from which `fit_image` need
    not enlarge. Transparent parts become white, CMYK and palettes RGB, 16 bits 8.
    """
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        raise UnreadableImage("empty file" if not data else "not a JPEG, PNG, WebP, BMP, GIF or TIFF")
    header = baseline_jpeg(data) if kind == "JPEG" else None
    pixels = _decode_plain_jpeg(data, header, size, fit) if header else None
    if pixels is not None:
        return pixels
    if kind == "JPEG" and not ends_whole(data):
        raise UnreadableImage("truncated: the end marker is missing")
    with quiet_pillow():
        return _decode_any(data, size, fit)


def _decode_plain_jpeg(data: bytes, header: JpegHeader, size: int | None, fit: str) -> Pixels | None:
    """By OpenCV: bit for bit Pillow's result (both use libjpeg-turbo) in two thirds of the time; None if it fails."""
    _check_size(header.width, header.height)
    flag = _REDUCED[_reduction(header.width, header.height, size, fit)] | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        return None
    return None if pixels is None else _upright(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), header.orientation)


def _decode_any(data: bytes, size: int | None, fit: str) -> Pixels:
    """By Pillow: every format, and the judge of every JPEG that is not plain."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            _check_size(*image.size)
            orientation = exif_orientation(image.getexif())
            reduction = _reduction(*image.size, size, fit)
            if reduction > 1:
                image.draft(None, (image.width // reduction, image.height // reduction))  # only JPEG listens
            image.load()
            return _upright(_rgb(image), orientation)
    except UnreadableImage:
        raise
    except Image.DecompressionBombError:
        raise UnreadableImage(f"more than {MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise UnreadableImage("corrupt or truncated header") from None
    except Exception as error:  # decoders raise whatever their parsers stumble over: SyntaxError, struct.error, ...
        raise UnreadableImage(" ".join(str(error).split())[:120] or type(error).__name__) from error


def _reduction(width: int, height: int, size: int | None, fit: str) -> int:
    if size is None:
        return 1
    # Orientation may swap the sides, and each fit's needs swap with them.
    columns, rows = sides_needed(width, height, size, fit)
    return next((r for r in (8, 4, 2) if width // r >= columns and height // r >= rows), 1)


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise UnreadableImage(f"{width} x {height} pixels, the limit is {MAX_PIXELS:,}")


def _rgb(image: Image.Image) -> Pixels:
    if image.mode.startswith("I"):
        values = np.asarray(image, np.int64)
        if image.mode == "I" and (values.min() < 0 or values.max() > 65535):
            raise UnreadableImage(_NO_RANGE.format(mode="32-bit integer"))
        gray = ((values + 128) // 257).astype(np.uint8)  # 65535 / 257 = 255, so white stays white
        return np.repeat(gray[..., None], 3, axis=2)
    if image.mode == "F":
        raise UnreadableImage(_NO_RANGE.format(mode="floating-point"))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        ground = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(ground, rgba)
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the camera's rotation: EXIF orientation 1 to 8."""
    if orientation == 1:
        return pixels
    if orientation >= 5:
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


_quiet_lock = threading.Lock()
_quiet_depth = 0
_quiet_state: "warnings.catch_warnings[None] | None" = None


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings in: what is wrong with a file is said by UnreadableImage alone.

    `catch_warnings` changes the whole process, so overlapping threads share one: the last to leave restores.
    """
    global _quiet_depth, _quiet_state
    with _quiet_lock:
        if _quiet_depth == 0:
            _quiet_state = warnings.catch_warnings()
            _quiet_state.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\b")
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_depth -= 1
            if _quiet_depth == 0 and _quiet_state is not None:
                _quiet_state.__exit__(None, None, None)
