"""How large a picture may be, and what a small file may cost."""

import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.errors import RequestError
from convwise.images import rules as rules_module
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import index_folder
from convwise.images.reading import UnreadableImage, decode, opened
from convwise.images.rules import MAX_PIXELS, MAX_SCANS, MAX_SIDE, Rules


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("shape", [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)])
def test_a_side_is_bounded(kind: str, shape: tuple[int, int]) -> None:
    with pytest.raises(UnreadableImage, match="the limit of a side is 65,535"):
        decode(encoded(Image.new("L", shape), kind))


def test_the_longest_picture_allowed_costs_little() -> None:
    for shape in ((MAX_SIDE, 1), (1, MAX_SIDE), (MAX_SIDE, MAX_PIXELS // MAX_SIDE)):
        data = encoded(Image.new("1", shape), "PNG")
        began = time.process_time()
        decode(data, shape=ImageShape.of(64))
        assert time.process_time() - began < 10  # seconds: was 28 for as many pixels in one row


@pytest.mark.parametrize("kind", ["RGB", "gray with transparency", "RGB with transparency"])
def test_pictures_of_more_bytes_a_pixel_may_have_half_as_many(kind: str) -> None:
    colour = {"RGB": 2, "gray with transparency": 4, "RGB with transparency": 6}[kind]
    from tests.images.test_incomplete import png_rows

    data = png_rows(64, depth=16, colour=colour)
    decode(data, rules=Rules(most_pixels=2 * 96 * 64))
    with pytest.raises(UnreadableImage, match="96 x 64 pixels of 16 bits a channel, the limit is 6,143"):
        decode(data, rules=Rules(most_pixels=2 * 96 * 64 - 1))


def test_scans_are_counted_before_any_is_decoded() -> None:
    data = encoded(Image.new("RGB", (640, 480)), "JPEG", progressive=True)
    places = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    last = data[places[-1] : -2]
    decode(data[:-2] + b"\xff\xd9")
    with pytest.raises(UnreadableImage, match=f"more than {MAX_SCANS} scans"):
        decode(data[:-2] + last * MAX_SCANS + b"\xff\xd9")


def test_more_pixels_are_read_by_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # Pillow refuses twice as many: by request, it must not
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("L", (30, 30)).save(tmp_path / name / "small.png")
    Image.new("L", (60, 60)).save(tmp_path / "a/large.png")
    for limit, count in ((1000, 1), (4000, 2), (1000, 1)):  # what was found by request stays there
        index = index_folder(tmp_path, rules=Rules(most_pixels=limit))
        assert index.counts() == {"a": count, "b": 1}
        assert [file.reason for file in index.unreadable] == ["60 x 60 pixels, the limit is 1,000"][: 2 - count]
    assert Image.MAX_IMAGE_PIXELS == 100
    for wrong in (0, -1, 2**40):
        with pytest.raises(RequestError, match=f"most_pixels={wrong}"):
            Rules(most_pixels=wrong)


def test_large_pictures_are_open_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules_module, "_LARGE", 5000)
    now, most, lock = {"large": 0, "small": 0}, {"large": 0, "small": 0}, threading.Lock()
    data = {"large": encoded(Image.new("L", (100, 100)), "PNG"), "small": encoded(Image.new("L", (50, 50)), "PNG")}
    together = threading.Barrier(4)

    def open_one(kind: str) -> None:
        with opened(data[kind]):
            with lock:
                now[kind] += 1
                most[kind] = max(most[kind], now[kind])
            if kind == "small":
                together.wait(timeout=30)
            time.sleep(0.02)
            with lock:
                now[kind] -= 1

    threads = [threading.Thread(target=open_one, args=(kind,)) for kind in ["large", "small"] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == {"large": 1, "small": 4}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "CMYK", "P", "I;16"])
def test_a_picture_converted_in_bands_is_the_same(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from convwise.images import reading

    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 4), np.uint8)
    image = Image.fromarray(noise[..., 0].astype(np.uint16) * 250) if mode == "I;16" else Image.fromarray(noise)
    data = encoded(image if mode == "I;16" else image.convert("CMYK" if mode == "CMYK" else "RGB").convert(mode)
                   if mode in ("CMYK", "P") else image.convert(mode), "TIFF" if mode == "CMYK" else "PNG")  # fmt: skip
    whole = decode(data)
    monkeypatch.setattr(reading, "_BAND_PIXELS", 7 * 40)
    assert np.array_equal(decode(data), whole)
