"""One picture file to upright RGB pixels, or the reason why not. Never a repair."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from convwise.files import read_regular
from convwise.images.deep import colour_values
from convwise.images.image_shape import ImageShape
from convwise.images.jpeg import decode_jpeg, read_header
from convwise.images.quiet import quiet_decoders
from convwise.images.resizing import check_resize, in_channels, resize_image, sides_needed
from convwise.images.rules import (
    MAX_FILE_BYTES,
    USUAL,
    NoPicture,
    Rules,
    TooLargePicture,
    UnreadableImage,
    in_turn,
)  # fmt: skip
from convwise.images.sniffing import FORMATS, HEAD_BYTES, exif_orientation, foreign, not_read, sniff
from convwise.images.wholeness import require_whole_png, require_whole_tiff
from convwise.places import reason_of

__all__ = ["Picture", "Pixels", "UnreadableImage", "decode", "load_picture", "load_pixels", "opened", "read_picture"]

Pixels = NDArray[np.uint8]
_BAND_PIXELS = 2**22  # converted at a time, so that what lies between costs little memory
_NO_RANGE = "{mode} pixels have no defined white: save as 8 or 16 bits per channel"


@dataclass(frozen=True, eq=False)
class Picture:
    """Upright pixels, and the largest of the 16-bit values that they come from: 0 for 8-bit files.

    `pixels` are RGB, or (height, width, 1) where fitted as gray. `sides`: the longer and the shorter side in pixels of
    the whole picture, which may have been decoded smaller.
    """

    pixels: Pixels
    sides: tuple[int, int]
    peak: int = 0


def load_picture(path: str | Path, *, shape: ImageShape, resize: str, rules: Rules = USUAL) -> Picture:
    """The file fitted to the shape: the same pixels as the pixel cache holds. Raises UnreadableImage."""
    check_resize(resize)
    try:
        data = read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        raise UnreadableImage(reason_of(error)) from error
    return read_picture(data, name=Path(path).name, shape=shape, resize=resize, rules=rules)


def read_picture(data: bytes, *, name: str = "", shape: ImageShape, resize: str, rules: Rules = USUAL) -> Picture:
    """What `load_picture` makes of a file with this content and name. Raises UnreadableImage."""
    if known := foreign(data[:HEAD_BYTES], name):
        raise NoPicture(not_read(known))
    with quiet_decoders(), opened(data, shape=shape, resize=resize, rules=rules) as picture:
        fitted = in_channels(resize_image(picture.pixels, shape, resize), shape.channels)
        return Picture(fitted, picture.sides, picture.peak)


def load_pixels(path: str | Path, *, shape: ImageShape, resize: str, rules: Rules = USUAL) -> Pixels:
    """The pixels of `load_picture`."""
    return load_picture(path, shape=shape, resize=resize, rules=rules).pixels


def decode(data: bytes, *, shape: ImageShape | None = None, resize: str = "stretch", rules: Rules = USUAL) -> Pixels:
    """The pixels of `opened`."""
    with opened(data, shape=shape, resize=resize, rules=rules) as picture:
        return picture.pixels


@contextmanager
def opened(
    data: bytes, *, shape: ImageShape | None = None, resize: str = "stretch", rules: Rules = USUAL
) -> Iterator[Picture]:
    """File content as an upright RGB picture; raises UnreadableImage with a short reason.

    With a `shape`, a JPEG is decoded at the smallest of 1, 1/2, 1/4 and 1/8 of its size from which `resize_image` need
    not enlarge. Transparent parts become white, CMYK and palettes RGB, 16 bits 8 by the rules. Only one large
    picture at a time is open in this process.
    """
    kind = sniff(data[:HEAD_BYTES])
    if kind is None:
        known = foreign(data[:HEAD_BYTES])
        found = not_read(known) if known else "not a JPEG, PNG, WebP, BMP, GIF or TIFF"
        raise NoPicture(found if data else "empty file")
    if kind == "JPEG":
        header = read_header(data)
        rules.check(header.width, header.height)
        with in_turn(header.width, header.height):
            reduction = _reduction(header.width, header.height, header.orientation, shape, resize)
            stored = decode_jpeg(data, header, reduction)
            if header.n_channels != 4:
                yield Picture(_upright(stored, header.orientation), _sides(header.width, header.height))
                return
    with (
        quiet_decoders(),
        _by_pillow(data, kind, shape, resize, rules) as picture,
    ):  # CMYK by Pillow, which knows its kinds
        yield picture


@contextmanager
def _by_pillow(data: bytes, kind: str, shape: ImageShape | None, resize: str, rules: Rules) -> Iterator[Picture]:
    with _reasons(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        rules.check(*image.size)
        deep = _is_deep_colour(image, data)
        if deep and 2 * image.width * image.height > rules.most_pixels:
            raise TooLargePicture(
                f"{image.width} x {image.height} pixels of 16 bits a channel, the limit is {rules.most_pixels // 2:,}"
            )
        if image.mode == "F":
            raise UnreadableImage(_NO_RANGE.format(mode="floating-point"))
        width, height = image.size
    with in_turn(width, height):
        with _reasons(), Image.open(io.BytesIO(data), formats=FORMATS) as image:
            picture = _loaded(image, data, kind, shape, resize, rules, deep)
        yield picture


def _is_deep_colour(image: Image.Image, data: bytes) -> bool:
    """Whether an opened PNG or TIFF has 16 bits in each of several channels (colour, or gray with transparency)."""
    if image.format == "PNG":
        return data[24:25] == b"\x10" and data[25:26] in (b"\2", b"\4", b"\6")
    if image.format != "TIFF":
        return False
    tags = image.tag_v2  # type: ignore[attr-defined]
    bits, is_integer = tags.get(258, (1,)), set(tags.get(339, (1,))) <= {1}
    return tags.get(262) == 2 and len(bits) in (3, 4) and set(bits) == {16} and is_integer


@contextmanager
def _reasons() -> Iterator[None]:
    """Decoders raise whatever their parsers stumble over: here it becomes a short reason."""
    try:
        yield
    except UnreadableImage:
        raise
    except UnidentifiedImageError:
        raise UnreadableImage("corrupt or truncated header") from None
    except Exception as error:  # SyntaxError, struct.error, ...
        raise UnreadableImage(" ".join(str(error).split())[:120] or type(error).__name__) from error


def _loaded(
    image: Image.Image, data: bytes, kind: str, shape: ImageShape | None, resize: str, rules: Rules, deep: bool
) -> Picture:
    if kind == "PNG":
        require_whole_png(data)
    elif kind == "TIFF":
        require_whole_tiff(image, data)
    orientation, sides = exif_orientation(image.getexif()), _sides(*image.size)
    reduction = _reduction(*image.size, orientation, shape, resize)
    if reduction > 1:
        image.draft(None, (image.width // reduction, image.height // reduction))  # only JPEG listens
    if not deep:
        image.load()
        pixels, peak = _rgb(image, rules)
    else:
        if kind == "TIFF":
            image.load()  # the judge of what is missing
        pixels, peak = _deep_rgb(colour_values(data, kind), rules)
    return Picture(_upright(pixels, orientation), sides, peak)


def _sides(width: int, height: int) -> tuple[int, int]:
    return max(width, height), min(width, height)


def _reduction(width: int, height: int, orientation: int, shape: ImageShape | None, resize: str) -> int:
    """By how much less than its stored width and height a picture may be decoded."""
    if shape is None:
        return 1
    if orientation >= 5:  # it will be turned: what it must keep is needed of the other side
        width, height = height, width
    columns, rows = sides_needed(width, height, shape, resize)
    return next((r for r in (8, 4, 2) if width // r >= columns and height // r >= rows), 1)


def _rgb(image: Image.Image, rules: Rules) -> tuple[Pixels, int]:
    """A band of rows at a time."""
    n_rows = max(1, _BAND_PIXELS // image.width)
    if image.height <= n_rows:
        return _band(image, rules)
    pixels, peak = np.empty((image.height, image.width, 3), np.uint8), 0
    for top in range(0, image.height, n_rows):
        bottom = min(top + n_rows, image.height)
        pixels[top:bottom], highest = _band(image.crop((0, top, image.width, bottom)), rules)
        peak = max(peak, highest)
    return pixels, peak


def _band(image: Image.Image, rules: Rules) -> tuple[Pixels, int]:
    if image.mode.startswith("I"):
        values = np.asarray(image)
        peak = int(values.max())
        if image.mode == "I" and (values.min() < 0 or peak > 65535):
            raise UnreadableImage(_NO_RANGE.format(mode="32-bit integer"))
        return np.repeat(_scaled(values, rules)[..., None], 3, axis=2), peak
    if image.has_transparency_data:
        image = _on_white(image.convert("RGBA"))
    return np.asarray(image if image.mode == "RGB" else image.convert("RGB")), 0


def _deep_rgb(values: NDArray[np.uint16], rules: Rules) -> tuple[Pixels, int]:
    """16-bit RGB or RGBA (height, width, 3 or 4)."""
    colours = np.empty((*values.shape[:2], 3), np.uint8)
    n_rows = max(1, _BAND_PIXELS // values.shape[1])
    for top in range(0, len(values), n_rows):
        band = values[top : top + n_rows]
        colours[top : top + n_rows] = _scaled(band[..., :3], rules)
        if values.shape[2] == 4:  # what is transparent has no depth of its own: it always uses all 16 bits
            rgba = np.dstack([colours[top : top + n_rows], _scaled(band[..., 3], USUAL)])
            colours[top : top + n_rows] = np.asarray(_on_white(Image.fromarray(rgba)).convert("RGB"))
    return colours, int(values[..., :3].max())


def _on_white(rgba: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)


def _scaled(values: NDArray[np.generic], rules: Rules) -> Pixels:
    """0..white to 0..255, rounded; what is above is white."""
    white = rules.white
    wide = np.minimum(values, white).astype(np.int64)
    return np.asarray((wide * 255 + white // 2) // white, np.uint8)


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
