"""Picture files of all kinds, written by Pillow and OpenCV, to be read in two ways."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Smooth colours with some detail: what cameras see, not noise, which no two decoders need to agree on."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (max(2, height // 12), max(2, width // 12), 3)).astype(np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
    detail = rng.integers(-12, 13, (height, width, 1))
    return Image.fromarray(np.clip(smooth + detail, 0, 255).astype(np.uint8))


def write_all(folder: Path) -> dict[str, Path]:
    """By name: JPEG of many sizes and kinds, PNG, WebP, BMP, TIFF; gray, palettes, transparency, EXIF, 16 bits."""
    found: dict[str, Path] = {}

    def keep(name: str, image: Image.Image, suffix: str, **options: object) -> None:
        found[name] = folder / f"{name.replace(' ', '_')}.{suffix}"
        image.save(found[name], **options)

    plain = picture(213, 157)
    for width, height in ((213, 157), (64, 64), (1023, 511), (130, 700), (40, 31), (512, 512), (513, 511)):
        keep(f"jpeg {width}x{height}", picture(width, height, width), "jpg", quality=90)
    keep("jpeg progressive", picture(400, 300, 1), "jpg", progressive=True)
    keep("jpeg 4:4:4", picture(400, 300, 2), "jpg", subsampling=0)
    keep("jpeg gray", plain.convert("L"), "jpg")
    keep("jpeg cmyk", picture(400, 300, 3).convert("CMYK"), "jpg")
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        keep(f"jpeg turned {orientation}", picture(700, 430, orientation), "jpg", exif=exif)
    keep("png", plain, "png")
    keep("png gray", plain.convert("L"), "png")
    keep("png black and white", plain.convert("1"), "png")
    keep("png palette", plain.convert("P", palette=Image.Palette.ADAPTIVE), "png")
    mask = plain.convert("L").point(lambda value: min(255, 2 * value))
    seen_through = plain.copy()
    seen_through.putalpha(mask)
    keep("png transparent", seen_through, "png")
    gray = plain.convert("L")
    gray.putalpha(mask)
    keep("png gray transparent", gray, "png")
    palette = plain.convert("P", palette=Image.Palette.ADAPTIVE)
    keep("png palette transparent", palette, "png", transparency=3)
    keep("webp", plain, "webp", quality=90)
    keep("webp transparent", seen_through, "webp", lossless=True)
    keep("bmp", plain, "bmp")
    keep("tiff", plain, "tif")
    keep("tiff gray", plain.convert("L"), "tif")
    deep = np.asarray(plain, np.uint16) * 257 + np.arange(157, dtype=np.uint16)[:, None, None] % 200
    found["png 16 bits"] = folder / "deep.png"
    cv2.imwrite(str(found["png 16 bits"]), np.minimum(deep, 65535))
    found["png 16 bits gray"] = folder / "deep_gray.png"
    cv2.imwrite(str(found["png 16 bits gray"]), deep[..., 1])
    found["tiff 16 bits"] = folder / "deep.tif"
    cv2.imwrite(str(found["tiff 16 bits"]), deep)
    found["png 16 bits transparent"] = folder / "deep_alpha.png"
    cv2.imwrite(str(found["png 16 bits transparent"]), np.dstack([deep, deep[..., 0]]))
    exif = Image.Exif()
    exif[0x0112] = 6
    keep("png turned", plain, "png", exif=exif)
    keep("webp turned", plain, "webp", exif=exif, lossless=True)
    keep("tiff turned", plain, "tif", exif=exif)
    return found


def bytes_of(image: Image.Image, kind: str) -> bytes:
    """The file's content."""
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()
