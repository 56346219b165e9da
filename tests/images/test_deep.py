"""Sixteen-bit pictures are scaled by the bits that they use, the same for a whole folder."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from convwise.images.image_shape import ImageShape
from convwise.images.prepare import index_folder, prepare
from convwise.images.reading import decode, load_picture
from convwise.images.rules import Rules, bits_in_use

VALUES = np.arange(4096, dtype=np.uint16).reshape(64, 64)


def encoded(values: np.ndarray, kind: str) -> bytes:
    if values.ndim == 3:
        return cv2.imencode(f".{kind.lower()}", values[..., [2, 1, 0, 3][: values.shape[2]]])[1].tobytes()
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("peak", "bits"),
    [(0, 16), (1, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4096, 14), (16384, 16), (65535, 16)],
)
def test_the_depth_is_the_next_that_holds_the_largest_value(peak: int, bits: int) -> None:
    assert bits_in_use(peak) == bits


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [None, 3, 4])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_values_are_scaled_by_the_bits_in_use_and_cut_off_above(kind: str, channels: int | None, bits: int) -> None:
    values = VALUES * 2 ** max(0, bits - 12)
    if channels:
        values = np.stack([values, values[::-1], values.T, np.full_like(values, 65535)][:channels], axis=2)
    pixels = decode(encoded(values, kind), rules=Rules(bits=bits))
    exact = np.minimum(values[..., :3] if channels else values[..., None], 2**bits - 1) * (255 / (2**bits - 1))
    assert np.abs(pixels - exact).max() <= 0.5
    assert len(np.unique(pixels)) == 256


def test_what_is_transparent_shows_white_at_every_depth() -> None:
    values = np.zeros((4, 4, 4), np.uint16)
    values[:, 2:, 3] = 65535
    pixels = decode(encoded(values, "PNG"), rules=Rules(bits=12))
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 3].tolist() == [0, 0, 0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, values in {
        "a/deep.png": VALUES,
        "a/low.tif": VALUES // 16,
        "b/beyond.png": VALUES * 3,
        "b/usual.png": (VALUES % 256).astype(np.uint8),
    }.items():
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(tmp_path / "data" / name)
    return tmp_path / "data"


def test_the_index_holds_the_largest_value_of_each_picture(folder: Path) -> None:
    index = index_folder(folder)
    assert index.paths == ("a/deep.png", "a/low.tif", "b/beyond.png", "b/usual.png")
    assert index.peaks.tolist() == [4095, 255, 12285, 0]


def test_each_depth_has_a_cache_of_its_own_and_old_facts_keep_their_peaks(folder: Path) -> None:
    made = {bits: prepare(folder, shape=ImageShape.of(64), rules=Rules(bits=bits)) for bits in (16, 12, 16)}
    assert made[16][1].digest != made[12][1].digest
    for bits, (index, cache) in made.items():
        assert index.peaks.tolist() == [4095, 255, 12285, 0]
        for row, path in enumerate(index.paths):
            one = load_picture(folder / path, shape=ImageShape.of(64), resize="stretch", rules=Rules(bits=bits))
            assert np.array_equal(cache.pixels[row], one.pixels)
            assert one.peak == index.peaks[row]


def test_folders_of_eight_bits_need_no_second_cache(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.name in ("deep.png", "low.tif", "beyond.png"):
            path.unlink()
    digests = {prepare(folder, shape=ImageShape.of(64), rules=Rules(bits=bits))[1].digest for bits in (12, 16)}
    assert len(digests) == 1
