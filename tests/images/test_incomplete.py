"""A picture of which a part is missing is never read, whatever its format; and no library speaks for us."""

import io
import logging
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, features

from convwise.images.image_shape import ImageShape
from convwise.images.reading import UnreadableImage, decode

END = b"\xff\xd9"
NOISE = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
PICTURE = Image.fromarray(cv2.GaussianBlur(NOISE, (5, 5), 2))


def encoded(kind: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_of(header: bytes, pixels: bytes) -> bytes:
    """A PNG with valid checksums."""
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    chunks = (struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_rows(n_rows: int, *, depth: int = 8, colour: int = 2, interlaced: bool = False) -> bytes:
    """A picture of 96 x 64 of whose bytes a share of n_rows / 64 is there."""
    bits = depth * {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    sides = [(96, 64)]
    if interlaced:  # the seven passes as PNG's specification lists them
        sides = [(12, 8), (12, 8), (24, 8), (24, 16), (48, 16), (48, 32), (96, 32)]
    pixels = b"".join(rows * (b"\0" + bytes([150]) * (columns * bits // 8)) for columns, rows in sides)
    header = struct.pack(">IIBBBBB", 96, 64, depth, colour, 0, 0, interlaced)
    return png_of(header, pixels[: len(pixels) * n_rows // 64])


def fewer_counted(data: bytes, share: float = 0.5) -> bytes:
    """The same TIFF of one strip, of which it says that it is shorter."""
    with Image.open(io.BytesIO(data)) as image:
        (count,) = image.tag_v2[279]  # type: ignore[attr-defined]
    old = struct.pack("<HHII", 279, 4, 1, count)
    assert data.count(old) == 1
    return data.replace(old, struct.pack("<HHII", 279, 4, 1, int(count * share)))


def taller(data: bytes) -> bytes:
    """The same TIFF of strips, of which it says that there are twice as many rows."""
    old = struct.pack("<HHII", 257, 4, 1, 64)
    assert data.count(old) == 1
    return data.replace(old, struct.pack("<HHII", 257, 4, 1, 128))


def webp_of(share: float) -> bytes:
    data = encoded("WEBP", quality=90)
    n_bytes = int(int.from_bytes(data[16:20], "little") * share) // 2 * 2
    return (
        b"RIFF" + struct.pack("<I", n_bytes + 12) + b"WEBPVP8 " + struct.pack("<I", n_bytes) + data[20 : 20 + n_bytes]
    )


def gif_of(n_rows: int) -> bytes:
    """96 x 64, of which the data of n_rows are there and end as they should."""
    data = encoded("GIF", PICTURE.crop((0, 0, 96, n_rows)).quantize(64))
    size, frame = struct.pack("<HH", 96, n_rows), struct.pack("<HHHH", 0, 0, 96, n_rows)
    assert data[6:10] == size
    assert data.count(b"," + frame) == 1
    data = data[:6] + struct.pack("<HH", 96, 64) + data[10:]
    return data.replace(b"," + frame, b"," + struct.pack("<HHHH", 0, 0, 96, 64))


def rle_bmp(n_rows: int, end: bytes) -> bytes:
    """8 x 8, run-length encoded."""
    palette, pixels = bytes(value for i in range(256) for value in (i, i, i, 0)), b"\x08\x55\0\0" * n_rows + end
    start = 54 + len(palette)
    sizes = struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + sizes + palette + pixels


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def scans(data: bytes, n: int) -> bytes:
    """The first n scans of a progressive JPEG, with an end marker: every marker is in its place."""
    places = [at for at in range(len(data)) if data[at : at + 2] == b"\xff\xda"]
    assert len(places) > n
    return data[: places[n]] + END


JPEG, PROGRESSIVE, CMYK = (
    encoded("JPEG", quality=90),
    encoded("JPEG", progressive=True),
    encoded("JPEG", PICTURE.convert("CMYK")),
)
GRAY_1 = PICTURE.convert("1")
WHOLE: dict[str, bytes] = {
    "jpeg": JPEG,
    "progressive": PROGRESSIVE,
    "cmyk": CMYK,
    "jpeg, bytes after the end": JPEG + b"trailer" * 100,
    "jpeg, a few bytes before the end": JPEG[:-2] + b"\0" * 20 + END,
    "jpeg, bytes between segments": JPEG[:20] + b"abc" + JPEG[20:],
    "jpeg of an unknown revision": JPEG.replace(b"JFIF\0\1", b"JFIF\0\3"),
    "png": png_rows(64),
    "png, interlaced": png_rows(64, interlaced=True),
    "png, 16 bits of colour": png_rows(64, depth=16),
    "png without its end": encoded("PNG")[:-12],
    "gif": gif_of(64),
    "bmp, run-length": rle_bmp(8, b"\0\1"),
    "webp": webp_of(1),
    **{
        f"tiff, {c}": encoded("TIFF", compression=c)
        for c in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")
    },
    **{f"tiff, {c}": encoded("TIFF", GRAY_1, compression=c) for c in ("group3", "group4", "tiff_ccitt")},
}
INCOMPLETE: dict[str, Callable[[], bytes]] = {
    "jpeg, half with an end": lambda: half(JPEG) + END,
    "jpeg, ten bytes less": lambda: JPEG[:-12] + END,
    "jpeg, half and zeros": lambda: half(JPEG) + bytes(len(JPEG) // 2) + END,
    "jpeg of an unknown revision, half": lambda: half(WHOLE["jpeg of an unknown revision"]) + END,
    "jpeg without its end": lambda: JPEG[:-2],
    "progressive, half with an end": lambda: half(PROGRESSIVE) + END,
    "progressive, five scans": lambda: scans(PROGRESSIVE, 5),
    "progressive, all but one scan": lambda: scans(PROGRESSIVE, 9),
    "cmyk, half with an end": lambda: half(CMYK) + END,
    "png, half of the rows": lambda: png_rows(32),
    "png, one row less": lambda: png_rows(63),
    "png, interlaced": lambda: png_rows(60, interlaced=True),
    "png, 16 bits of colour": lambda: png_rows(32, depth=16),
    "gif": lambda: gif_of(32),
    "bmp, run-length": lambda: rle_bmp(4, b"\0\1"),
    "webp": lambda: webp_of(0.5),
    **{
        f"tiff, {name.removeprefix('tiff, ')} cut": lambda name=name: fewer_counted(WHOLE[name])  # type: ignore[misc]
        for name in WHOLE
        if name.startswith("tiff") and "raw" not in name
    },
    "tiff, raw": lambda: half(encoded("TIFF")),
    "tiff, strips missing": lambda: taller(encoded("TIFF")),
} | ({"avif": lambda: half(encoded("AVIF"))} if "avif" in features.get_supported_modules() else {})


@pytest.mark.parametrize("case", WHOLE)
@pytest.mark.parametrize("size", [None, 16])
def test_whole_pictures_pass(case: str, size: int | None, capfd: pytest.CaptureFixture[str]) -> None:
    assert decode(WHOLE[case], shape=ImageShape.of(size) if size else None).shape[2] == 3
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("case", INCOMPLETE)
@pytest.mark.parametrize("size", [None, 16])
def test_incomplete_pictures_are_refused_in_silence(
    case: str, size: int | None, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnreadableImage) as caught:
        decode(INCOMPLETE[case](), shape=ImageShape.of(size) if size else None)
    assert 0 < len(str(caught.value)) <= 120
    assert capfd.readouterr() == ("", "")


def test_what_the_libraries_say_is_heard_again_afterwards(capfd: pytest.CaptureFixture[str]) -> None:
    bad = fewer_counted(encoded("TIFF", compression="tiff_lzw"))
    with pytest.raises(UnreadableImage):
        decode(bad)
    with pytest.raises(OSError, match="decoder error"):
        Image.open(io.BytesIO(bad)).load()
    assert "LZWDecode" in capfd.readouterr().err
    assert logging.getLogger("PIL").level == logging.NOTSET


@pytest.mark.parametrize("sampling", [0x111111, 0x211111, 0x121111, 0x221111, 0x411111])
def test_jpegs_give_opencvs_and_pillows_bits(sampling: int) -> None:
    done, data = cv2.imencode(".jpg", NOISE, [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])
    assert done
    assert np.array_equal(decode(data.tobytes()), cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
    assert np.array_equal(decode(data.tobytes()), np.asarray(Image.open(io.BytesIO(data.tobytes()))))
    # 64 rows at 1/2 make 32: the other library's half is the same half.
    assert np.array_equal(
        decode(data.tobytes(), shape=ImageShape.of(32)), cv2.imdecode(data, cv2.IMREAD_REDUCED_COLOR_2)[..., ::-1]
    )


def test_a_tiffs_first_picture_alone_counts() -> None:
    pages = encoded("TIFF", save_all=True, append_images=[PICTURE])
    assert np.array_equal(decode(pages), np.asarray(PICTURE))
