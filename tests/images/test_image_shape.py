"""ImageShape: sizes as people write them, and what is none; pictures fitted to shapes that are not square, or gray."""

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import prepare
from convwise.images.reading import decode, load_pixels
from convwise.images.resizing import RESIZE_MODES, in_channels, resize_image, scaled

SHAPES = [ImageShape(24, 40, 1), ImageShape(40, 24), ImageShape(24, 24, 1), ImageShape(70, 130)]


@pytest.mark.parametrize(
    ("size", "sides", "written"),
    [
        (64, (64, 64), 64),
        ("64", (64, 64), 64),
        ("64x64", (64, 64), 64),
        ("64x96", (64, 96), "64x96"),
        ((64, 96), (64, 96), "64x96"),
        ([96, 64], (96, 64), "96x64"),
    ],
)
def test_a_size_is_height_by_width(size: Any, sides: tuple[int, int], written: int | str) -> None:
    for channels in (3, 1):
        shape = ImageShape.of(size, channels)
        assert shape.array == (*sides, channels)
        assert (shape.size, str(shape)) == (written, str(written))
        assert ImageShape.of(shape.size, channels) == shape


@pytest.mark.parametrize(
    "size",
    ["", "64x", "x64", "0x64", "64x0", "64x96x3", "64 x 96", "64X96", "-8", "8.0", "0x40", "٦٤", "64x9999999999",
     0, -1, 16385, 64.0, True, None, (64,), (64, 96, 3), (64, 96.0), (True, 64), {"height": 64}],
)  # fmt: skip
def test_what_is_no_size_is_refused_in_one_line(size: Any) -> None:
    with pytest.raises(RequestError, match=r"^size=.*: it must be a whole number from 1 to 16,384, or two as"):
        ImageShape.of(size)


@pytest.mark.parametrize("channels", [0, 2, 4, "1", True, 3.0, None])
def test_channels_are_one_or_three(channels: Any) -> None:
    with pytest.raises(RequestError, match=re.escape(f"channels={channels}: it must be 3")):
        ImageShape.of(64, channels)


def test_the_range_is_told_as_it_is() -> None:
    assert ImageShape(8, 1024).within(8, 1024) == ImageShape(8, 1024)
    for shape in (ImageShape(7, 1024), ImageShape(8, 1025)):
        with pytest.raises(RequestError, match=f"size={shape}: it must be a whole number from 8 to 1,024"):
            shape.within(8, 1024)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    small = np.random.default_rng(height * width).integers(
        0, 256, (max(2, height // 6), max(2, width // 6), 3), np.uint8
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.parametrize("resize", RESIZE_MODES)
@pytest.mark.parametrize("picture", [(8, 8), (1, 1), (3, 500), (500, 3), (200, 301), (120, 200)])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_fit_gives_the_shape_and_leaves_a_flat_picture_flat(
    resize: str, picture: tuple[int, int], shape: ImageShape
) -> None:
    flat = np.full((*picture, 3), (9, 99, 199), np.uint8)
    expected = np.full((shape.height, shape.width, 3), (9, 99, 199), np.uint8)
    assert np.array_equal(resize_image(flat, shape, resize), expected)


def test_crop_takes_the_largest_window_of_the_shape_and_pad_keeps_all() -> None:
    wide, shape = noise(60, 200), ImageShape(24, 40)
    assert np.array_equal(resize_image(wide, shape, "crop"), scaled(wide[:, 50:150], 40, 24))
    tall = noise(200, 60)
    assert np.array_equal(resize_image(tall, shape, "crop"), scaled(tall[82:118], 40, 24))
    assert np.array_equal(resize_image(wide, shape, "pad")[6:18], scaled(wide, 40, 12))
    assert np.array_equal(resize_image(tall, shape, "pad")[:, 16:23], scaled(tall, 7, 24))
    # A picture that has the shape already is neither cut nor padded.
    fits = noise(120, 200)
    assert len({resize_image(fits, shape, way).tobytes() for way in RESIZE_MODES}) == 1


@pytest.mark.parametrize("resize", RESIZE_MODES)
def test_a_turned_picture_is_fitted_as_its_upright_self_is(resize: str) -> None:
    """With the shape and the picture on their sides, the same comes out on its side: no axis is taken for the other."""
    image, shape = noise(150, 211), ImageShape(24, 40)
    turned = resize_image(np.ascontiguousarray(image.transpose(1, 0, 2)), ImageShape(40, 24), resize)
    upright = resize_image(image, shape, resize).astype(int)
    assert np.abs(turned.transpose(1, 0, 2) - upright).max() <= 1  # OpenCV rounds in between by axes


def jpeg(pixels: NDArray[np.uint8], orientation: int = 1) -> bytes:
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def test_a_jpeg_is_decoded_as_small_as_its_upright_sides_allow() -> None:
    """320 x 240 upright for 60 x 80 needs a quarter; lying on its side it would need half for the same shape."""
    pixels = noise(240, 320)
    lying = np.ascontiguousarray(pixels[:, ::-1].transpose(1, 0, 2))  # EXIF 6 turns it back
    for data in (jpeg(pixels), jpeg(lying, 6)):
        assert decode(data, shape=ImageShape(60, 80)).shape == (60, 80, 3)
        assert decode(data, shape=ImageShape(80, 60)).shape == (120, 160, 3)


def test_gray_is_the_luma_of_bt_601() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    gray = in_channels(colours, 1)
    assert gray.shape == (50, 50, 1)
    assert np.abs(gray[..., 0] - colours @ [0.299, 0.587, 0.114]).max() < 0.51  # rounded, in fixed point
    assert np.abs(gray[..., 0].astype(int) - np.asarray(Image.fromarray(colours).convert("L"))).max() <= 1
    assert in_channels(colours, 3) is colours


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_gray_pictures_keep_all_their_levels(tmp_path: Path, kind: str) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "a", kind)
    found = load_pixels(tmp_path / "a", shape=ImageShape(16, 16, 1), resize="stretch")
    assert np.array_equal(found[..., 0], levels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight_as_they_do_in_colour(tmp_path: Path, kind: str) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(values).save(tmp_path / "a", kind)
    one, three = (load_pixels(tmp_path / "a", shape=ImageShape(16, 16, n), resize="stretch") for n in (1, 3))
    assert np.array_equal(np.repeat(one, 3, axis=2), three)
    assert np.abs(one[..., 0] - values / 257).max() <= 0.5


@pytest.mark.parametrize("resize", RESIZE_MODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_cache_holds_what_single_files_give(
    picture_folder: Callable[..., Path], resize: str, shape: ImageShape
) -> None:
    folder = picture_folder(n_classes=2, per_class=3)
    index, cache = prepare(folder, shape=shape, resize=resize)
    assert cache.pixels.shape == (6, *shape.array)
    for path, pixels in zip(index.paths, cache.pixels, strict=True):
        assert np.array_equal(pixels, load_pixels(folder / path, shape=shape, resize=resize))
    _, again = prepare(folder, shape=shape, resize=resize)
    assert (again.shape, again.digest) == (shape, cache.digest)


def test_square_caches_in_colour_keep_the_names_and_notes_that_they_had(picture_folder: Callable[..., Path]) -> None:
    folder = picture_folder(n_classes=2, per_class=3)
    index, cache = prepare(folder, shape=ImageShape.of(32))
    named = b"2 32 stretch 16 6 " + index.content.tobytes()
    assert cache.digest == hashlib.sha256(named).hexdigest()[:32]
    manifest = json.loads((cache.path / "manifest.json").read_text())
    assert manifest["size"] == 32
    assert "channels" not in manifest
    others = [ImageShape(32, 32, 1), ImageShape(32, 16), ImageShape(16, 32), ImageShape(16, 32, 1)]
    assert len({cache.digest, *(prepare(folder, shape=shape)[1].digest for shape in others)}) == 5


def test_the_index_and_its_copies_do_not_depend_on_the_shape(
    picture_folder: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = picture_folder(n_classes=2, per_class=4)
    Image.open(folder / "class a" / "000.png").save(folder / "class a" / "copy.bmp")
    found = []
    for number, shape in enumerate([ImageShape.of(64), *SHAPES]):
        monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / f"home {number}"))
        index, _ = prepare(folder, shape=shape)
        found.append((index.digest, index.duplicates))
    assert found[0][1]
    assert all(each == found[0] for each in found)
