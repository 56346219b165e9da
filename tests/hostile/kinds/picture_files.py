"""Small valid pictures of every format and mode, as bytes: what the mutations start from."""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image

SUFFIX = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "BMP": "bmp", "GIF": "gif", "TIFF": "tif"}
_MODES = {
    "JPEG": ("RGB", "RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("RGB", "L", "1", "P"),
    "GIF": ("P", "L"),
    "TIFF": ("RGB", "L", "CMYK", "I;16", "F", "I", "RGBA", "1"),
}


def valid_picture(rng: random.Random, form: str, *, side: int | None = None) -> bytes:
    """A picture of noise, in a mode and with options that its format has."""
    mode = rng.choice(_MODES[form])
    width, height = (side, side) if side else (rng.randint(1, 40), rng.randint(1, 40))
    frames = [_frame(rng, mode, width, height) for _ in range(3 if rng.random() < 0.15 and not side else 1)]
    options: dict[str, object] = {}
    if form == "JPEG":
        options = {"quality": rng.choice((5, 75, 95)), "progressive": rng.random() < 0.3}
        if rng.random() < 0.2 and not side:
            options["exif"] = bytes(rng.randrange(256) for _ in range(40))
    if form == "TIFF":
        options = {"compression": rng.choice((None, "tiff_lzw", "tiff_deflate", "packbits"))}
    if form == "WEBP":
        options = {"lossless": rng.random() < 0.5}
    if len(frames) > 1 and form in ("PNG", "GIF", "TIFF", "WEBP"):
        options |= {"save_all": True, "append_images": frames[1:]}
    made = io.BytesIO()
    frames[0].save(made, form, **options)
    return made.getvalue()


def _frame(rng: random.Random, mode: str, width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(rng.randrange(2**32))
    if mode in ("I;16", "F", "I"):
        values = noise.integers(0, 65535, (height, width))
        kind = {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
        return Image.fromarray(values.astype(kind))
    if mode in ("P", "1"):
        gray = Image.fromarray(noise.integers(0, 256, (height, width), dtype=np.uint8))
        return gray.convert(mode)
    channels = len(Image.new(mode, (1, 1)).getbands())
    pixels = noise.integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.frombytes(mode, (width, height), pixels.tobytes())
