"""Augmentation: each training image is warped once, by one affine map, and its brightness changed in the same visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError
from convwise.records import record_of

_BORDERS = {"nearest": cv2.BORDER_REPLICATE, "reflect": cv2.BORDER_REFLECT_101}


@dataclass(frozen=True)
class Augmentation:
    """How far a training image may be moved; every value is drawn evenly from its range, both ways.

    Args:
        rotation_degrees: Largest rotation either way, 0 to 180 degrees.
        zoom: Size is multiplied by 1 - zoom to 1 + zoom, 0 to 0.9.
        shift: Largest shift each way, as a share of the side, 0 to 1.
        shear_degrees: Largest shear either way, 0 to 80 degrees.
        smallest_crop: If below 1, a window of that share of the area up to the whole of it, with its aspect ratio
            changed by up to 4/3, is stretched to the full size (Szegedy et al. 2015, section 6), 0.01 to 1.
        brightness: Largest share of the full range that is added or taken away, 0 to 1.
        contrast: Contrast is multiplied by 1 - contrast to 1 + contrast, 0 to 1.
        horizontal_flip: Whether one image in two is mirrored.
        fill: What lies beyond the edge: "nearest" or "reflect".

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.images.augment import Augmentation
        >>> Augmentation(rotation_degrees=10).changes_anything, Augmentation().changes_anything
        (True, False)
    """

    rotation_degrees: float = 0.0
    zoom: float = 0.0
    shift: float = 0.0
    shear_degrees: float = 0.0
    smallest_crop: float = 1.0
    brightness: float = 0.0
    contrast: float = 0.0
    horizontal_flip: bool = False
    fill: str = "reflect"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rotation_degrees", 0, 180),
            ("zoom", 0, 0.9),
            ("shift", 0, 1),
            ("shear_degrees", 0, 80),
            ("smallest_crop", 0.01, 1),
            ("brightness", 0, 1),
            ("contrast", 0, 1),
        ):
            checks.number(name, getattr(self, name), low, high)
        checks.choice("fill", self.fill, _BORDERS)
        checks.true_or_false("horizontal_flip", self.horizontal_flip)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """From keys and values, as JSON and TOML give them. Raises RequestError, naming the key."""
        try:
            return record_of(cls, values, checks_itself=True)
        except RequestError as problem:
            raise RequestError(f"augmentation.{problem}") from None

    @property
    def changes_anything(self) -> bool:
        """Whether any image would be changed at all."""
        return self != Augmentation(fill=self.fill)


def augment(images: NDArray[np.uint8], augmentation: Augmentation, random: np.random.Generator) -> NDArray[np.uint8]:
    """New images (n, h, w, 3 or 1) of the same shape; they depend on the images and the generator's state alone."""
    if not augmentation.changes_anything:
        return images
    n, height, width, channels = images.shape
    maps = _inverse_maps(augmentation, random, n, height, width)
    tables = _tone_tables(augmentation, random, n)
    border = _BORDERS[augmentation.fill]
    warp: dict[str, Any] = {"flags": cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, "borderMode": border}
    result = np.empty_like(images)
    # Four channels warp in half the time that three take, and these two stay in the processor's cache.
    source, warped = np.empty((2, height, width, 4), np.uint8)
    for i in range(n):
        if channels == 1:
            cv2.warpAffine(images[i], maps[i], (width, height), dst=result[i], **warp)
        else:
            cv2.cvtColor(images[i], cv2.COLOR_RGB2RGBA, dst=source)
            cv2.warpAffine(source, maps[i], (width, height), dst=warped, **warp)
            cv2.cvtColor(warped, cv2.COLOR_RGBA2RGB, dst=result[i])
        if tables is not None:
            cv2.LUT(result[i], tables[i], dst=result[i])
    return result


def _tone_tables(augmentation: Augmentation, random: np.random.Generator, n: int) -> NDArray[np.uint8] | None:
    """(n, 256): the new level of each old one, by contrast about the middle and brightness."""
    if not (augmentation.contrast or augmentation.brightness):
        return None
    gain = 1 + random.uniform(-1, 1, (n, 1)) * augmentation.contrast
    offset = 127.5 * (1 - gain) + 255 * random.uniform(-1, 1, (n, 1)) * augmentation.brightness
    levels = np.arange(256) * gain + (offset + 0.5)
    return np.clip(levels, 0, 255).astype(np.uint8)


def _inverse_maps(
    augmentation: Augmentation, random: np.random.Generator, n: int, height: int, width: int
) -> NDArray[np.float64]:
    """(n, 2, 3): where in the source each output pixel is read, all steps multiplied into one map about the centre."""
    unit = random.uniform(-1, 1, (n, 6))
    angle = np.deg2rad(unit[:, 0] * augmentation.rotation_degrees)
    shear = np.deg2rad(unit[:, 1] * augmentation.shear_degrees)
    zoom = 1 / (1 + unit[:, 2] * augmentation.zoom)
    aspect, window_x, window_y = _crop_windows(augmentation, random, n)
    mirror = np.where(random.random(n) < 0.5, -1.0, 1.0) if augmentation.horizontal_flip else np.ones(n)
    scale_x, scale_y = zoom * window_x * mirror, zoom * window_y
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.empty((n, 2, 2))
    linear[:, 0, 0] = cos * scale_x
    linear[:, 0, 1] = -np.sin(angle + shear) * scale_y
    linear[:, 1, 0] = sin * scale_x
    linear[:, 1, 1] = np.cos(angle + shear) * scale_y
    # The window stays inside the picture; a shift moves beyond its edge.
    centre_x = width * (0.5 + unit[:, 3] * augmentation.shift + aspect[:, 0] * (1 - window_x))
    centre_y = height * (0.5 + unit[:, 4] * augmentation.shift + aspect[:, 1] * (1 - window_y))
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    maps = np.empty((n, 2, 3))
    maps[:, :, :2] = linear
    maps[:, 0, 2] = centre_x - 0.5 - linear[:, 0] @ middle
    maps[:, 1, 2] = centre_y - 0.5 - linear[:, 1] @ middle
    return maps


def _crop_windows(
    augmentation: Augmentation, random: np.random.Generator, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Window places (n, 2) in -0.5..0.5 of the room left, and window widths and heights as shares of the sides."""
    if augmentation.smallest_crop == 1:
        return np.zeros((n, 2)), np.ones(n), np.ones(n)
    side = np.sqrt(random.uniform(augmentation.smallest_crop, 1, n))
    aspect = np.sqrt(np.exp(random.uniform(-1, 1, n) * np.log(4 / 3)))
    places = random.uniform(-0.5, 0.5, (n, 2))
    return places, np.minimum(1, side * aspect), np.minimum(1, side / aspect)


def cutmix(
    images: NDArray[np.uint8], targets: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A window of each image comes from another one, and so does that share of its target (Yun et al. 2019, eq. 1)."""
    n, height, width, _ = images.shape
    other = random.permutation(n)
    side = np.sqrt(1 - random.uniform())
    rows, columns = int(height * side), int(width * side)
    top, left = random.integers(0, height - rows + 1), random.integers(0, width - columns + 1)
    mixed = images.copy()
    mixed[:, top : top + rows, left : left + columns] = images[other, top : top + rows, left : left + columns]
    share = np.float32(rows * columns / (height * width))
    return mixed, (1 - share) * targets + share * targets[other]
