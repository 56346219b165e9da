"""`shapes`: a generated data set of eight outlines in varied colours, sizes, turns and clutter; no download needed."""

import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.images.drawing import write_pictures
from convwise.seeds import generator

Contours = list[NDArray[np.float64]]
Image = NDArray[np.float32]
_SUPERSAMPLE = 4  # outlines are drawn this much larger and averaged down: smooth edges


def _round(radius: float = 1.0, x: float = 0.0) -> NDArray[np.float64]:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    return np.stack([x + radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _corners(n: int, inner: float | None = None) -> NDArray[np.float64]:
    """A regular polygon with n corners, or a star with n points whose dents lie at radius `inner`."""
    radius = np.ones(n) if inner is None else np.tile([1.0, inner], n)
    angle = np.linspace(0, 2 * np.pi, len(radius), endpoint=False)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _crescent() -> NDArray[np.float64]:
    # The outer circle and a smaller one, shifted to the right, meet at these angles.
    shift, radius = 0.5, 0.8
    x = (1 - radius**2 + shift**2) / (2 * shift)
    outer, inner = math.acos(x), math.atan2(math.sqrt(1 - x * x), x - shift)
    there, back = np.linspace(outer, 2 * np.pi - outer, 50), np.linspace(2 * np.pi - inner, inner, 50)
    far = np.stack([np.cos(there), np.sin(there)], axis=1)
    near = np.stack([shift + radius * np.cos(back), radius * np.sin(back)], axis=1)
    moon: NDArray[np.float64] = np.concatenate([far, near]) + np.array([0.2, 0.0])
    return moon


def _heart() -> NDArray[np.float64]:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return np.stack([16 * np.sin(t) ** 3, -y], axis=1) / 17


def _cross(arm: float = 0.3) -> NDArray[np.float64]:
    quarter = np.array([(1.0, -arm), (1.0, arm), (arm, arm)])
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return np.concatenate([quarter @ np.linalg.matrix_power(turn, i) for i in range(4)])


OUTLINES: dict[str, Contours] = {  # in the unit circle; a second contour is a hole
    "circle": [_round()],
    "crescent": [_crescent()],
    "cross": [_cross()],
    "heart": [_heart()],
    "ring": [_round(), _round(0.58)],
    "square": [_corners(4)],
    "star": [_corners(5, inner=0.42)],
    "triangle": [_corners(3)],
}


def make_shapes(
    folder: str | Path,
    *,
    per_class: int = 250,
    size_px: int = 96,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `per_class` PNG files into a sub-folder per class; `progress(n_done, n_total)` is told.

    An image depends on the seed, its class and its number alone. The folder appears whole or not at all.
    Raises RequestError when the folder exists or a number is out of range.
    """
    checks.whole("per_class", per_class, 1)
    checks.whole("size_px", size_px, 16, 1024)
    return write_pictures(
        folder,
        lambda name, i: draw_shape(name, size_px=size_px, seed=seed, number=i),
        list(OUTLINES),
        per_class,
        progress,
    )


def draw_shape(name: str, *, size_px: int = 96, seed: int = 0, number: int = 0) -> NDArray[np.uint8]:
    """One RGB image (size_px, size_px, 3): background, clutter behind, shadow, the outline, lines before, noise."""
    rng = generator(seed, "shapes", name, number)
    ground, ink = _colours(rng)
    image = _background(rng, size_px, ground)
    _clutter(rng, image, int(rng.integers(3, 8)))
    radius = size_px * rng.uniform(0.26, 0.4)
    centre = rng.uniform(radius, size_px - radius, 2)
    mask = _mask(rng, OUTLINES[name], size_px, radius, centre)
    if rng.random() < 0.6:
        shadow = cv2.GaussianBlur(np.roll(mask, rng.integers(1, 4, 2), (0, 1)), (0, 0), size_px / 40)
        image *= 1 - 0.45 * shadow[:, :, None]
    fill = _background(rng, size_px, ink, strength=0.5)
    image += mask[:, :, None] * (fill - image)
    _lines(rng, image, int(rng.integers(0, 2)))
    image += rng.normal(0, rng.uniform(1, 6), image.shape).astype(np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _colours(rng: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two colours that differ clearly in lightness; which of them is the lighter one is left to chance."""
    while True:
        ground, ink = rng.uniform(20, 235, (2, 3))
        if abs(float((ground - ink) @ [0.299, 0.587, 0.114])) > 80:
            return ground, ink


def _background(rng: np.random.Generator, size_px: int, colour: NDArray[np.float64], strength: float = 1.0) -> Image:
    """A gradient around `colour`, with clouds, stripes or a weave upon it."""
    y, x = np.mgrid[0:size_px, 0:size_px] / size_px - 0.5
    angle, frequency = rng.uniform(0, 2 * np.pi), rng.uniform(4, 12)
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    kind = rng.integers(4)
    if kind == 0:
        coarse = rng.normal(size=(6, 6)).astype(np.float32)
        texture = cv2.resize(coarse, (size_px, size_px), interpolation=cv2.INTER_CUBIC) * 14
    elif kind == 1:
        texture = 11 * np.sin(2 * np.pi * frequency * across)
    elif kind == 2:
        texture = 9 * (np.sin(2 * np.pi * frequency * along) + np.sin(2 * np.pi * frequency * across))
    else:
        texture = np.zeros_like(along)
    slope = rng.uniform(-55, 55, 3)
    result: Image = (colour + strength * (along[:, :, None] * slope + texture[:, :, None])).astype(np.float32)
    return result


def _mask(
    rng: np.random.Generator, contours: Contours, size_px: int, radius: float, centre: NDArray[np.float64]
) -> Image:
    """The outline turned, squeezed a little and smoothed: (size_px, size_px) in 0..1."""
    turn, squeeze = rng.uniform(0, 2 * np.pi), rng.uniform(0.85, 1.0)
    cosine, sine = math.cos(turn), math.sin(turn)
    matrix = np.array([[cosine, sine], [-sine, cosine]]) @ np.diag([1.0, squeeze]) * radius
    large = np.zeros((size_px * _SUPERSAMPLE,) * 2, np.uint8)
    points = [np.rint((contour @ matrix + centre) * _SUPERSAMPLE).astype(np.int32) for contour in contours]
    cv2.fillPoly(large, points, 255)
    small = cv2.resize(large, (size_px, size_px), interpolation=cv2.INTER_AREA)
    result: Image = small.astype(np.float32) / 255
    return result


def _clutter(rng: np.random.Generator, image: Image, n: int) -> None:
    """Small spots and chips behind the outline, too small to be taken for it, and some lines."""
    size_px = image.shape[0]
    for _ in range(n):
        centre, size = rng.uniform(0, size_px, 2), size_px * rng.uniform(0.02, 0.06)
        chip = centre + rng.uniform(0.5, 1, (4, 1)) * size * _corners(4)
        colour = rng.uniform(10, 245, 3).tolist()
        cv2.fillConvexPoly(image, np.rint(chip * 16).astype(np.int32), colour, lineType=cv2.LINE_AA, shift=4)
    _lines(rng, image, int(rng.integers(1, 5)))


def _lines(rng: np.random.Generator, image: Image, n: int) -> None:
    size_px = image.shape[0]
    for _ in range(n):
        ends = np.rint(rng.uniform(-0.1, 1.1, (2, 2)) * size_px * 16).astype(int).tolist()
        colour = rng.uniform(10, 245, 3).tolist()
        thickness = max(1, round(size_px * rng.uniform(0.005, 0.02)))
        cv2.line(image, ends[0], ends[1], colour, thickness, cv2.LINE_AA, 4)
