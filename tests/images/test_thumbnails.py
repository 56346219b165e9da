"""Pictures to look at are upright, in proportion, no larger than asked, and never enlarged."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.images.rules import UnreadableImage
from convwise.images.thumbnails import jpeg, thumbnail


@pytest.mark.parametrize("kind", ["png", "jpg", "webp"])
@pytest.mark.parametrize(("size", "expected"), [((400, 100), (32, 128)), ((100, 400), (128, 32)), ((50, 20), (20, 50))])
def test_proportions_are_kept(tmp_path: Path, kind: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    Image.new("RGB", size, (10, 200, 30)).save(tmp_path / f"a.{kind}")
    found = thumbnail(tmp_path / f"a.{kind}", 128)
    assert found.shape == (*expected, 3)
    assert np.abs(found.reshape(-1, 3).mean(axis=0) - (10, 200, 30)).max() < 4


@pytest.mark.parametrize("kind", ["png", "jpg"])
def test_a_camera_held_on_its_side_is_turned_upright(tmp_path: Path, kind: str) -> None:
    """Orientation 6: the stored top is the right side of what was seen."""
    pixels = np.zeros((100, 300, 3), np.uint8)
    pixels[:50] = 255
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(pixels).save(tmp_path / f"a.{kind}", exif=exif)
    found = thumbnail(tmp_path / f"a.{kind}", 150)
    assert found.shape == (150, 50, 3)
    assert found[:, 30:].mean() > 240 > 15 > found[:, :20].mean()


def test_what_is_no_picture_has_a_reason(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    for name in ("a.png", "missing.png"):
        with pytest.raises(UnreadableImage, match=r"\w"):
            thumbnail(tmp_path / name, 100)


def test_pixels_are_stored_as_they_are(tmp_path: Path) -> None:
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 220
    back = np.asarray(Image.open(io.BytesIO(jpeg(red, 95))))
    assert np.abs(back.astype(int) - red).max() < 8
    assert np.asarray(Image.open(io.BytesIO(jpeg(np.full((5, 5, 1), 90, np.uint8))))).shape == (5, 5)
