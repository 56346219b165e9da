"""A picture in a format that is not read is an unreadable picture with the reason, never an "other file"."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from convwise.images.image_shape import ImageShape
from convwise.images.prepare import index_folder
from convwise.images.reading import UnreadableImage, decode, load_pixels
from convwise.report.terminal import print_index

SMALL = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8))
BOX = b"\0\0\0\x18ftyp"


def tiff() -> bytes:
    file = io.BytesIO()
    SMALL.save(file, "TIFF")
    return file.getvalue()


FOREIGN = {
    "HEIC": ("x", BOX + b"heic\0\0\0\0mif1heic" + bytes(600)),
    "HEIC, by other brands": ("x", BOX + b"mif1\0\0\0\0mif1heix" + bytes(600)),
    "JPEG XL": ("x", b"\xff\x0a" + bytes(600)),
    "JPEG XL, in boxes": ("x", b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(600)),
    "JPEG 2000": ("x", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(600)),
    "PSD": ("x", b"8BPS\0\1" + bytes(600)),
    "PDF": ("x", b"%PDF-1.7 " + bytes(600)),
    "SVG": ("x", b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg width="8">'),
    "DICOM": ("x", bytes(128) + b"DICM" + bytes(600)),
    "PNM": ("x", b"P6\n8 8\n255\n" + bytes(192)),
    "RAW of a camera": ("x", b"II*\0\x10\0\0\0CR\2\0" + bytes(600)),
    "RAW of a camera, by its name": ("x.NEF", tiff()),
    "HEIC, by its name": ("x.heic", b"damaged"),
    "HEIC, of some size": ("x", BOX + b"heic\0\0\0\0mif1heic" + bytes(2**20)),
}


@pytest.mark.parametrize("case", FOREIGN)
def test_foreign_pictures_are_unreadable_with_the_reason(case: str, tmp_path: Path) -> None:
    name, content = FOREIGN[case]
    for place in (tmp_path / "a/good.png", tmp_path / "b" / name):
        place.parent.mkdir()
        SMALL.save(place, "PNG")
    (tmp_path / "b" / name).write_bytes(content)
    reason = f"{case.partition(',')[0]}: not read here; convert it to JPEG or PNG"
    index = index_folder(tmp_path)
    assert [(file.path, file.reason) for file in index.unreadable] == [(f"b/{name}", reason)]
    assert index.n_ignored == 0
    assert index.empty_reasons() == {"b": f"all 1 pictures are unreadable ({reason})"}
    with pytest.raises(UnreadableImage, match=reason):
        load_pixels(tmp_path / "b" / name, shape=ImageShape.of(16), resize="crop")


def test_what_is_no_picture_stays_an_other_file(tmp_path: Path) -> None:
    contents = {
        "notes.txt": b"P6 is a size; <b>svg</b>",
        "clip.mp4": BOX + b"isom\0\0\0\0isommp42",
        "data.bin": bytes(2000),
    }
    (tmp_path / "a").mkdir()
    SMALL.save(tmp_path / "a/good.png")
    for name, content in contents.items():
        (tmp_path / "a" / name).write_bytes(content)
    index = index_folder(tmp_path)
    assert (index.n_ignored, index.unreadable) == (3, ())


def test_avif_is_read_where_pillow_can() -> None:
    content = BOX + b"avif\0\0\0\0mif1avif" + bytes(600)
    if "avif" not in features.get_supported_modules():
        with pytest.raises(UnreadableImage, match="AVIF: not read here"):
            decode(content)
        return
    with pytest.raises(UnreadableImage, match="corrupt or truncated"):
        decode(content)
    file = io.BytesIO()
    SMALL.resize((64, 64)).save(file, "AVIF", quality=100, subsampling="4:4:4")
    assert np.abs(decode(file.getvalue()).astype(int) - np.asarray(SMALL.resize((64, 64)))).mean() < 5  # gray levels


@pytest.mark.parametrize("below", ["", "train/"])
def test_a_class_that_loses_all_its_pictures_is_named_with_the_reason(
    below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abc":
        folder = tmp_path / below / name
        folder.mkdir(parents=True)
        for i in range(3):
            (folder / f"{i}.heic").write_bytes(FOREIGN["HEIC"][1])
            if name != "c":
                SMALL.rotate(i * 90).save(folder / f"{i}.png")
    (tmp_path / below / "d").mkdir()
    if below:
        for name in "ab":
            (tmp_path / "test" / name).mkdir(parents=True)
            SMALL.transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(tmp_path / "test" / name / "x.png")
    index = index_folder(tmp_path)
    reason = "all 3 pictures are unreadable (HEIC: not read here; convert it to JPEG or PNG)"
    assert index.empty_reasons() == {"c": reason, "d": "no pictures"}
    print_index(index)
    assert "c: all 3 pictures are unreadable" in " ".join(capsys.readouterr().out.split())
