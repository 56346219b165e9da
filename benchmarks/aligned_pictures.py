"""Pictures drawn to tempt a search for copies: aligned in everything but what matters, and none a copy of another."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
SIDE = 128
_SUBPIXEL = 4  # bits of a drawing's coordinates behind the point

_STROKES: dict[int, list[list[tuple[float, float]]]] = {  # x and y of each stroke's corners, of a side of 1
    0: [[(0.5, 0.15), (0.72, 0.3), (0.72, 0.7), (0.5, 0.85), (0.28, 0.7), (0.28, 0.3), (0.5, 0.15)]],
    1: [[(0.38, 0.28), (0.52, 0.15), (0.52, 0.85)]],
    2: [[(0.28, 0.3), (0.45, 0.15), (0.7, 0.25), (0.65, 0.5), (0.28, 0.85), (0.74, 0.85)]],
    3: [[(0.3, 0.18), (0.68, 0.2), (0.48, 0.46), (0.72, 0.65), (0.55, 0.85), (0.28, 0.8)]],
    4: [[(0.6, 0.85), (0.6, 0.15), (0.25, 0.62), (0.76, 0.62)]],
    5: [[(0.7, 0.15), (0.34, 0.15), (0.32, 0.46), (0.6, 0.44), (0.72, 0.65), (0.55, 0.85), (0.28, 0.8)]],
    6: [[(0.64, 0.15), (0.34, 0.5), (0.34, 0.75), (0.52, 0.86), (0.7, 0.7), (0.55, 0.5), (0.36, 0.6)]],
    7: [[(0.26, 0.15), (0.74, 0.15), (0.44, 0.85)], [(0.36, 0.5), (0.66, 0.5)]],
    8: [[(0.5, 0.48), (0.32, 0.32), (0.5, 0.15), (0.68, 0.32), (0.3, 0.68), (0.5, 0.86), (0.7, 0.68), (0.5, 0.48)]],
    9: [[(0.66, 0.4), (0.48, 0.5), (0.32, 0.34), (0.48, 0.15), (0.66, 0.3), (0.64, 0.6), (0.5, 0.86)]],
}


def xrays(n: int, seed: int) -> list[Pixels]:
    """One anatomy: the same ribs and heart, a little moved and bent, under an exposure and a grain of its own."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    thorax = np.exp(-(((x - 0.5) / 0.42) ** 4) - ((y - 0.5) / 0.5) ** 4)
    lungs = sum(np.exp(-(((x - c) / 0.14) ** 2) - ((y - 0.45) / 0.28) ** 2) for c in (0.3, 0.7))
    ribs = np.sin(2 * np.pi * (7 * y + 2.2 * np.abs(x - 0.5))) * thorax
    spine = np.exp(-(((x - 0.5) / 0.05) ** 2))
    anatomy = (60 + 120 * thorax - 70 * lungs + 14 * ribs + 40 * spine).astype(np.float32)
    return [_gray(_bent(anatomy, random, 0.3) + 1.5 * _smooth(random, 12), random, grain=1.5) for _ in range(n)]


def microscope_fields(n: int, seed: int) -> list[Pixels]:
    """One vignette; some faint cells, each field its own."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    vignette = (215 * np.exp(-2.2 * (x**2 + y**2))).astype(np.float32)
    fields = []
    for _ in range(n):
        cells = np.zeros((SIDE, SIDE), np.float32)
        for _ in range(int(random.integers(2, 9))):
            _dot(cells, random.uniform(10, SIDE - 10, 2), random.uniform(3, 6), float(random.uniform(15, 40)))
        fields.append(_gray(vignette - cv2.GaussianBlur(cells, (0, 0), 1), random, grain=1.5))
    return fields


def parts(n: int, seed: int) -> list[Pixels]:
    """One part under one fixed camera, set down within a pixel, lit a little differently, with a scratch or none."""
    random = np.random.default_rng(seed)
    pictures = []
    for i in range(n):
        image = np.full((SIDE, SIDE), 70, np.float32)
        corner = 22 + random.uniform(-0.8, 0.8, 2)
        turn = float(random.uniform(-0.6, 0.6))
        _plate(image, corner, 84, turn, 165)
        for place in ((24, 24), (60, 24), (24, 60), (60, 60), (42, 42)):
            _dot(image, corner + place, 7, -110)
        if i % 2:
            start, end = random.uniform(35, 95, (2, 2))
            cv2.line(image, _fixed(start), _fixed(end), 120, 1, cv2.LINE_AA, _SUBPIXEL)
        pictures.append(_gray(image * random.uniform(0.94, 1.06) + 2 * _smooth(random, 30), random, grain=2))
    return pictures


def steel(n: int, seed: int) -> list[Pixels]:
    """Plain surfaces: a colour, a slow gradient, grain."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
    colours = np.array([(150, 70, 40), (150, 150, 150)])
    surfaces = []
    for i in range(n):
        slope = random.normal(0, 4, 2)
        ground = colours[i % 2] + random.normal(0, 2, 3) + (slope[0] * x + slope[1] * y)[..., None]
        surfaces.append(np.clip(ground + random.normal(0, 3, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8))
    return surfaces


def digits(n: int, seed: int) -> list[Pixels]:
    """Drawn digits, 0 to 9 in turn: each with a slant, a size, a place, a width and a hand of its own."""
    random = np.random.default_rng(seed)
    drawings = []
    for i in range(n):
        slant, size, width = random.normal(0, 0.02), random.uniform(0.97, 1.02, 2), int(random.integers(4, 7))
        place = random.normal(0, 0.004, 2)
        image = np.zeros((SIDE, SIDE), np.float32)
        for stroke in _STROKES[i % 10]:
            corners = np.array(stroke) - 0.5 + random.normal(0, 0.005, (len(stroke), 2))
            corners = corners * size + np.stack([-slant * corners[:, 1], np.zeros(len(stroke))], axis=1) + 0.5 + place
            line = np.rint(corners * SIDE * 2**_SUBPIXEL).astype(np.int32)
            cv2.polylines(image, [line], False, 255, width, cv2.LINE_AA, _SUBPIXEL)
        drawings.append(np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2))
    return drawings


def scenes(n: int, seed: int) -> list[Pixels]:
    """Ellipses of any colour on a ground of any colour, a little like photographs: where no folder is given."""
    random = np.random.default_rng(seed)
    pictures = []
    for _ in range(n):
        height, width = (int(value) for value in random.integers(180, 320, 2))
        image = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
        for _ in range(25):
            centre = int(random.integers(width)), int(random.integers(height))
            axes = int(random.integers(8, 90)), int(random.integers(8, 90))
            colour = [int(value) for value in random.integers(0, 256, 3)]
            cv2.ellipse(image, centre, axes, float(random.integers(180)), 0, 360, colour, -1, cv2.LINE_AA)
        grain = random.normal(0, 6, image.shape)
        pictures.append(np.clip(cv2.GaussianBlur(image, (0, 0), 1) + grain, 0, 255).astype(np.uint8))
    return pictures


KINDS: dict[str, Callable[[int, int], list[Pixels]]] = {
    "X-rays of one anatomy": xrays,
    "vignetted microscope fields": microscope_fields,
    "parts under a fixed camera": parts,
    "plain steel surfaces": steel,
    "drawn digits": digits,
}


def _bent(image: NDArray[np.float32], random: np.random.Generator, pixels: float) -> NDArray[np.float32]:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    across, down = (x + pixels * _smooth(random, 20)), (y + pixels * _smooth(random, 20))
    return cv2.remap(image, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _smooth(random: np.random.Generator, pixels: float) -> NDArray[np.float32]:
    field = cv2.GaussianBlur(random.normal(0, 1, (SIDE, SIDE)).astype(np.float32), (0, 0), pixels)
    return (field - field.mean()) / field.std()


def _dot(image: NDArray[np.float32], place: NDArray[np.float64], radius: float, value: float) -> None:
    dot = np.zeros_like(image)
    cv2.circle(dot, _fixed(place), round(radius * 2**_SUBPIXEL), value, -1, cv2.LINE_AA, _SUBPIXEL)
    image += dot


def _plate(image: NDArray[np.float32], corner: NDArray[np.float64], side: float, degrees: float, value: float) -> None:
    middle = corner + side / 2
    box = cv2.boxPoints(((float(middle[0]), float(middle[1])), (side, side), degrees))
    cv2.fillConvexPoly(image, np.rint(box * 2**_SUBPIXEL).astype(np.int32), value, cv2.LINE_AA, _SUBPIXEL)


def _fixed(place: NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.rint(np.asarray(place) * 2**_SUBPIXEL).astype(int)
    return int(x), int(y)


def _gray(image: NDArray[np.float32], random: np.random.Generator, *, grain: float) -> Pixels:
    noisy = image + random.normal(0, grain, image.shape)
    return np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
