"""A picture file becomes upright RGB pixels, whatever its format and name, or a reason why not."""

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.images.reading import UnreadableImage, decode, load_pixels
from convwise.images.resizing import resize_image
from convwise.images.rules import Rules
from convwise.images.sniffing import sniff


def picture(width: int = 40, height: int = 30) -> Image.Image:
    """Smooth, in colour, and different in every corner, so that any rotation or swap shows."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [255 * x / width, 255 * y / height, 255 * (1 - x / width) * (1 - y / height)]
    return Image.fromarray(np.stack(planes, axis=2).astype(np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_formats_give_the_very_pixels(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(decode(encoded(picture(), kind, **options)), np.asarray(picture()))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"optimize": True, "quality": 95}])
def test_a_jpeg_gives_what_pillow_gives(options: dict[str, object]) -> None:
    data = encoded(picture(333, 251), "JPEG", **options)
    assert np.array_equal(decode(data), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    ("size", "resize", "factor"), [(30, "stretch", 8), (31, "stretch", 4), (64, "pad", 4), (70, "crop", 2)]
)
def test_a_jpeg_is_decoded_at_the_smallest_sufficient_size(
    progressive: bool, size: int, resize: str, factor: int
) -> None:
    image = picture(320, 240)
    data = encoded(image, "JPEG", quality=95, progressive=progressive)
    reduced = decode(data, shape=ImageShape.of(size), resize=resize)
    assert reduced.shape == (240 // factor, 320 // factor, 3)
    exact = np.asarray(image.reduce(factor), float)
    assert np.abs(reduced - exact).mean() < 2  # gray levels: JPEG's own loss


def test_a_gif_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "progressive"])
def test_exif_orientation_is_applied(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"progressive": True} if kind == "progressive" else {}
    data = encoded(picture(), kind if kind == "PNG" else "JPEG", exif=exif, **options)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert np.array_equal(decode(data), np.asarray(expected.convert("RGB")))


def test_gray_and_one_bit_become_rgb() -> None:
    gray = picture().convert("L")
    for image in (gray, gray.convert("1")):
        pixels = decode(encoded(image, "PNG"))
        assert np.array_equal(pixels, np.repeat(np.asarray(image.convert("L"))[..., None], 3, axis=2))
    assert np.ptp(decode(encoded(gray, "JPEG")), axis=2).max() == 0


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(kind: str) -> None:
    values = np.array([[0, 257, 300, 32768, 65535]], np.uint16)
    pixels = decode(encoded(Image.fromarray(values), kind))
    assert pixels[0, :, 0].tolist() == [0, 1, 1, 128, 255]
    assert pixels.shape == (1, 5, 3)


def test_transparency_shows_white() -> None:
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    half = Image.new("LA", (4, 4), (0, 128))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    assert decode(encoded(clear, "PNG"))[0, 0].tolist() == [255, 255, 255]
    assert decode(encoded(clear, "WEBP", lossless=True))[0, 0].tolist() == [255, 255, 255]
    assert decode(encoded(half, "PNG"))[0, 0].tolist() == [127, 127, 127]
    assert decode(encoded(palette, "PNG"))[0, 0].tolist() == [10, 20, 30]
    assert decode(encoded(palette, "PNG", transparency=1))[0, 0].tolist() == [255, 255, 255]
    assert decode(encoded(palette, "PNG", transparency=b"\x00\x00"))[0, 0].tolist() == [255, 255, 255]


def test_cmyk_becomes_rgb() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):
        assert np.abs(decode(encoded(red, kind))[8, 8].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_defined_white_are_refused(mode: str) -> None:
    image = Image.fromarray(np.full((4, 4), 1e6, np.float32 if mode == "F" else np.int32))
    with pytest.raises(UnreadableImage, match="no defined white"):
        decode(encoded(image, "TIFF"))


def damaged() -> dict[str, bytes]:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    jpeg, png = encoded(noise, "JPEG"), encoded(noise, "PNG")
    middle = len(jpeg) // 2
    cases = {f"half a {kind}": encoded(noise, kind)[:-400] for kind in ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")}
    return cases | {
        "half a progressive JPEG": encoded(noise, "JPEG", progressive=True)[:-400],
        "JPEG without its end": jpeg[:-2],
        "JPEG with an empty tail": jpeg[:middle] + bytes(len(jpeg) - middle),
        "JPEG with stray markers": jpeg[:middle] + b"\xff\xc4\x00\x04" * 40 + jpeg[middle + 160 :],
        "JPEG header alone": jpeg[:200],
        "PNG with a broken chunk": png[:2000] + bytes(64) + png[2064:],
        "signature alone": b"\x89PNG\r\n\x1a\n",
    }


@pytest.mark.parametrize("case", damaged())
@pytest.mark.parametrize("size", [None, 16])
def test_damaged_files_are_refused_with_a_short_reason(case: str, size: int | None) -> None:
    with pytest.raises(UnreadableImage) as caught:
        decode(damaged()[case], shape=ImageShape.of(size) if size else None)
    assert 0 < len(str(caught.value)) <= 120
    assert "\n" not in str(caught.value)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for content, reason in ((b"", "empty file"), (b"hello", "not a JPEG"), (b"BMW is a car" * 9, "not a JPEG")):
        path = tmp_path / "a.jpg"
        path.write_bytes(content)
        with pytest.raises(UnreadableImage, match=reason):
            load_pixels(path, shape=ImageShape.of(16), resize="stretch")
    with pytest.raises(UnreadableImage, match="no such file"):
        load_pixels(tmp_path / "missing.jpg", shape=ImageShape.of(16), resize="stretch")


def test_a_decompression_bomb_is_refused_before_it_is_decoded() -> None:
    for kind in ("PNG", "JPEG"):
        decode(encoded(picture(40, 30), kind), rules=Rules(most_pixels=40 * 30))
        with pytest.raises(UnreadableImage, match="40 x 31 pixels, the limit is 1,200"):
            decode(encoded(picture(40, 31), kind), rules=Rules(most_pixels=40 * 30))
    with pytest.raises(UnreadableImage, match="pixels"):
        decode(encoded(Image.new("1", (16000, 12000)), "PNG"))  # 24 kB that would be 576 MB of RGB


def test_pillows_warnings_stay_in_and_ours_come_back() -> None:
    big = encoded(Image.new("1", (9500, 9500)), "PNG")  # Pillow warns about this size
    with pytest.raises(UnreadableImage, match="9500 x 9500"):
        decode(big)
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(decode, encoded(picture(), "PNG")) for _ in range(50)]:
            future.result()
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(big))
    with pytest.raises(Image.DecompressionBombWarning):
        warnings.warn("as before", Image.DecompressionBombWarning, stacklevel=1)


def test_the_name_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(), "JPEG"))
    (tmp_path / "ä b").write_bytes(encoded(picture(), "JPEG"))
    one, two = (load_pixels(tmp_path / name, shape=ImageShape.of(24), resize="crop") for name in ("a.png", "ä b"))
    assert np.array_equal(one, two)
    assert sniff(b"RIFF\0\0\0\0WAVEfmt ") is None


def test_stretch_averages_whole_factors_exactly() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 32, 3), np.uint8)
    exact = noise.reshape(16, 4, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(resize_image(noise, ImageShape.of(16), "stretch") - exact).max() <= 1.5  # two roundings


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("shape", [(8, 8), (1, 1), (3, 500), (500, 3), (64, 63), (200, 301)])
def test_every_fit_gives_a_square_of_the_size(resize: str, shape: tuple[int, int]) -> None:
    flat = np.full((*shape, 3), (9, 99, 199), np.uint8)
    assert np.array_equal(resize_image(flat, ImageShape.of(32), resize), np.full((32, 32, 3), (9, 99, 199), np.uint8))


def test_crop_takes_the_centre_and_pad_keeps_all() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 10:30] = 255
    assert resize_image(image, ImageShape.of(10), "crop").min() == 255
    padded = resize_image(image, ImageShape.of(40), "pad")
    assert np.array_equal(padded[10:30], image)
    assert np.unique(padded[:10]).tolist() == [85]  # of 120 outermost pixels 40 are white


def test_wrong_requests_name_the_value(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="resize=squash"):
        load_pixels(tmp_path / "a", shape=ImageShape.of(32), resize="squash")
