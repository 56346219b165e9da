"""Data sets with a planted truth: pictures whose classes can be told only where one Conv2D parameter allows it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convwise.conv2d import PARAMETERS
from convwise.images.drawing import write_pictures
from convwise.seeds import generator

SIZE_PX = 32
Drawn = NDArray[np.float64]  # (32, 32) grey or (32, 32, 3) RGB, around 0


@dataclass(frozen=True)
class Planted:
    """A planted truth: `matters` are the parameters by which the network `simple` gains or loses on these pictures.

    One of them has to be found; `idle` are those that cannot matter. `start` are the settings to begin from, `levels`
    the alternatives to measure where they are not the usual ones, as texts of `study`; `epochs` of a trial are enough.
    """

    description: str
    class_names: tuple[str, ...]
    per_class: int
    draw: Callable[[np.random.Generator, int], Drawn]
    matters: tuple[str, ...]
    idle: tuple[str, ...] = ("bias_regularizer", "bias_constraint", "kernel_constraint", "data_format")
    start: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    epochs: int = 6


def make_planted(name: str, folder: str | Path, progress: Callable[[int, int], None] | None = None) -> Path:
    """Draws the data set `name` of PLANTED; a picture depends on its data set, class and number alone."""
    planted = PLANTED[name]

    def draw(class_name: str, number: int) -> NDArray[np.uint8]:
        random = generator(0, "planted", name, class_name, number)
        drawn = planted.draw(random, planted.class_names.index(class_name))
        colours = drawn if drawn.ndim == 3 else np.repeat(drawn[:, :, None], 3, axis=2)
        return np.clip(np.rint(128 + colours), 0, 255).astype(np.uint8)

    return write_pictures(folder, draw, planted.class_names, planted.per_class, progress)


def _noise(random: np.random.Generator, deviation: float) -> Drawn:
    return random.normal(0, deviation, (SIZE_PX, SIZE_PX))


def _reach(random: np.random.Generator, kind: int) -> Drawn:
    """Noise added to itself four pixels to the right, or below: nothing else tells the two apart."""
    noise = random.normal(0, 32, (SIZE_PX + 4, SIZE_PX + 4))
    moved = noise[:SIZE_PX, 4:] if kind else noise[4:, :SIZE_PX]
    summed: Drawn = noise[:SIZE_PX, :SIZE_PX] + moved
    return summed


def _border(random: np.random.Generator, kind: int) -> Drawn:
    """A short line at the lower or the right edge itself, or at both, or at none; lines elsewhere tell nothing."""
    grey = _noise(random, 12)
    for _ in range(4):
        at, start = random.integers(3, SIZE_PX - 3), random.integers(0, SIZE_PX - 12)
        lines = grey if random.random() < 0.5 else grey.T
        lines[at, start : start + 10] += 70
    for edge, lines in ((1, grey), (2, grey.T)):
        if kind & edge:
            start = random.integers(2, SIZE_PX - 12)
            lines[-1, start : start + 10] += 70
    return grey


_MARKS = np.array(
    [
        [[0, 1, 0], [1, 1, 1], [0, 1, 0]],
        [[1, 0, 1], [0, 1, 0], [1, 0, 1]],
        [[1, 0, 1], [1, 0, 1], [0, 1, 0]],
        [[0, 1, 0], [1, 0, 1], [1, 0, 1]],
    ],
    np.float64,
)  # five pixels each, so that brightness tells nothing


def _detail(random: np.random.Generator, kind: int) -> Drawn:
    """Eight equal marks of five pixels anywhere, in noise."""
    grey = _noise(random, 8)
    for _ in range(8):
        y, x = random.integers(0, SIZE_PX - 3, 2)
        grey[y : y + 3, x : x + 3] += 90 * _MARKS[kind]
    return grey


def _noisy(random: np.random.Generator, kind: int) -> Drawn:
    """A faint grating of one of four directions in the red; in green and blue noise, by which few pictures can be told.

    A network memorises its training pictures from the noise; L2 takes the weights away that this needs.
    """
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX]
    angle, phase = math.pi * kind / 4, random.uniform(-math.pi / 2, math.pi / 2)
    wave = np.sin(2 * math.pi * (x * math.cos(angle) + y * math.sin(angle)) / 8 + phase)
    red = 12 * wave + _noise(random, 30)
    return np.stack([red, _noise(random, 100), _noise(random, 100)], axis=2)


def _brightness(random: np.random.Generator, kind: int) -> Drawn:
    """Middling bright, or else dark or bright: a network without a bias sees no more than a multiple of one picture."""
    level = random.uniform(-25, 25) if kind else random.choice([-1, 1]) * random.uniform(45, 100)
    seen: Drawn = level + _noise(random, 8)
    return seen


def _textures(random: np.random.Generator, kind: int) -> Drawn:
    """One of sixteen textures: two fine waves each, at any phase; told apart by as many filters."""
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX]
    chosen = generator(0, "texture", kind)
    grey = _noise(random, 20)
    for _ in range(2):
        angle, period = chosen.uniform(0, math.pi), chosen.uniform(2.2, 4.5)
        along = x * math.cos(angle) + y * math.sin(angle)
        grey += 30 * np.sin(2 * math.pi * along / period + random.uniform(0, 2 * math.pi))
    return grey


def _nothing(random: np.random.Generator, kind: int) -> Drawn:
    """Noise, the same for all classes: no setting helps."""
    return _noise(random, 40)


PLANTED = {
    "planted-reach": Planted(
        "planted truth: structure four pixels apart, for a larger window or dilation",
        ("across", "down"),
        600,
        _reach,
        ("kernel_size", "dilation_rate"),
        start=("net.stages=1",),
        epochs=12,
    ),
    "planted-border": Planted(
        "planted truth: a line at the edge itself, lost without padding",
        ("neither", "lower", "right", "both"),
        300,
        _border,
        ("padding",),
        start=("conv.padding=valid",),
    ),
    "planted-detail": Planted(
        "planted truth: small marks anywhere, which strides destroy",
        ("plus", "cross", "fork", "roof"),
        300,
        _detail,
        ("strides",),
        start=("net.stages=2",),
        epochs=16,
    ),
    "planted-noisy": Planted(
        "planted truth: faint gratings in strong noise, few pictures, memorised without L2",
        ("flat", "rising", "upright", "falling"),
        100,
        _noisy,
        ("kernel_regularizer",),
        start=("net.stages=2",),
        levels=("kernel_regularizer=l2:0.01", "activation=leaky_relu"),
        epochs=100,
    ),
    "planted-brightness": Planted(
        "planted truth: brightness alone, which needs a bias",
        ("extreme", "middling"),
        500,
        _brightness,
        ("use_bias",),
        start=("conv.use_bias=false",),
    ),
    "planted-textures": Planted(
        "planted truth: many textures, which need many filters",
        tuple(f"texture{i:02}" for i in range(16)),
        80,
        _textures,
        ("filters",),
        start=("net.width=2",),
        levels=("filters=x3",),
        epochs=12,
    ),
    "planted-nothing": Planted(
        "planted truth: noise without classes; no parameter matters",
        ("one", "other"),
        500,
        _nothing,
        (),
        idle=PARAMETERS,
    ),
}
