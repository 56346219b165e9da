"""Whether two pictures are nearly the same: one explains the other, up to brightness and a slight crop."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryFile

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.images.background import SAMPLE, Background
from convwise.images.cache_dir import cache_dir, clear_errors

LOOK_SIDE = 64
"""px: pictures are compared at this size, in colour."""

NEAR = 0.04
"""Share of a picture's own energy that its copy may leave unexplained; see docs/explanation/copies.md."""
NEAR_MOVED = 0.02
"""... after it was moved and scaled to fit, by which pictures that are no copies come to resemble each other too."""

_BLUR = 1.0  # px of a look: what saving and moving change is finer, what makes another picture is not

_LEAST_CONTRAST = 0.5  # gray levels that a picture must have of its own: less is rounding
_GAIN = 0.75, 1.33  # the brightness and contrast of copies differ by no more
_MOVED = 0.06  # of a side: a crop by 3 % moves an edge by half of that
_EDGE = 2  # px of a look that a moved one may lack
_HOPELESS = 1.2  # so much unexplained as it lies: no move of this size will help
_STEPS = 5
_GIVE_UP = 0.08  # of the energy that may be left after two steps
_PART = 1024  # pictures in memory at once

_Bytes = NDArray[np.uint8]
_Floats = NDArray[np.float32]


class Looks:
    """The pictures that are to be compared, small, on disk rather than in memory; and the set's background."""

    def __init__(self, numbers: Sequence[int], sample: Sequence[int], read: Callable[[int], _Bytes]) -> None:
        """Of the pictures `numbers`; `sample`, at most 256 pictures, tells what all have in common."""

        def small(number: int) -> _Bytes:
            return np.asarray(cv2.resize(read(number), (LOOK_SIDE, LOOK_SIDE), interpolation=cv2.INTER_AREA), np.uint8)

        self._row = {number: row for row, number in enumerate(numbers)}
        with (
            clear_errors(cache_dir()),
            TemporaryFile(dir=cache_dir()) as file,
            ThreadPoolExecutor(available_cores()) as pool,
        ):
            for start in range(0, len(numbers), _PART):
                file.writelines(look.tobytes() for look in pool.map(small, numbers[start : start + _PART]))
            file.flush()
            shape = (len(numbers), LOOK_SIDE, LOOK_SIDE, 3)
            self._pixels = np.memmap(file, np.uint8, "r", shape=shape)
            others = list(pool.map(small, [number for number in sample if number not in self._row]))
        known = [self._pixels[self._row[number]] for number in sample if number in self._row]
        flat = np.stack([_blurred(look) for look in (*known, *others)]).reshape(len(sample), -1)
        self._background = Background.of(flat)
        self._own: dict[int, float] = {}

    def distance(self, i: int, j: int) -> float:
        """How far the pictures i and j are from being one: up to 1 they are near-copies."""
        energy = min(self._energy(i), self._energy(j))
        if energy < _LEAST_CONTRAST**2 * 3 * LOOK_SIDE**2:
            return np.inf
        a, b = self._look(i), self._look(j)
        lying = unexplained(a, b) / energy
        if lying <= NEAR or lying > _HOPELESS:
            return float(lying / NEAR)
        # Of a picture and its crop, only the picture holds all that the other shows.
        moves = ((moved_onto(x, y, give_up=_GIVE_UP * energy / 3), y) for x, y in ((a, b), (b, a)))
        moved = min((unexplained(x, y) / energy for x, y in moves if x is not None), default=np.inf)
        return float(min(lying / NEAR, moved / NEAR_MOVED))

    def _look(self, number: int) -> _Floats:
        return _blurred(self._pixels[self._row[number]])

    def _energy(self, number: int) -> float:
        if number not in self._own:
            own = self._background.left(self._look(number).reshape(1, -1))
            self._own[number] = float((own**2).sum())
        return self._own[number]


def _blurred(look: _Bytes) -> _Floats:
    return np.asarray(cv2.GaussianBlur(look.astype(np.float32), (0, 0), _BLUR), np.float32)


def unexplained(a: _Floats, b: _Floats) -> float:
    """The sum of squares that remains of b when a, at the best brightness and contrast, is taken from it."""
    inside = slice(_EDGE, -_EDGE)
    x, y = (picture[inside, inside] - picture[inside, inside].mean() for picture in (a, b))
    gain = np.clip(float((x * y).sum()) / max(float((x * x).sum()), 1e-6), *_GAIN)
    return float(np.square(y - gain * x).sum() * (b.size / y.size))


def moved_onto(a: _Floats, b: _Floats, *, give_up: float = np.inf) -> _Floats | None:
    """a, moved and scaled along both axes so that it lies on b as well as it can: Lucas and Kanade (1981), in gray.

    None where after two steps a sum of squares above `give_up` is left of b's gray values.
    """
    side = len(a)
    place = np.arange(side, dtype=np.float32)
    centred = (place - (side - 1) / 2) / (side / 2)
    inside = slice(_EDGE, -_EDGE)
    target = b.mean(axis=2)[inside, inside].reshape(-1)
    moves = np.zeros(4)  # across, across at the edge, down, down at the edge: in px
    gray = moved = a.mean(axis=2)
    for number in range(_STEPS):
        across, down = (cv2.Sobel(moved, cv2.CV_32F, *axis, scale=1 / 8) for axis in ((1, 0), (0, 1)))
        terms = [across, across * centred, down, down * centred[:, None], moved, np.ones_like(moved)]
        columns = np.stack(terms)[:, inside, inside].reshape(6, -1)
        normal = columns @ columns.T
        # A plain picture moves nowhere; a little weight on "not at all" keeps the equations solvable.
        normal[range(4), range(4)] += 1e-3 * np.trace(normal[:4, :4]) / 4 + 1e-3
        step = np.linalg.solve(normal + 1e-6 * np.eye(6), columns @ target)
        if number == 1 and ((target - step @ columns) ** 2).sum() > give_up:
            return None
        moves = np.clip(moves + step[:4] / max(step[4], 0.2), -_MOVED * side / 2, _MOVED * side / 2)
        x, y = _map(place, centred, moves)
        moved = cv2.remap(gray, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.remap(a, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _map(place: _Floats, centred: _Floats, moves: NDArray[np.float64]) -> tuple[_Floats, _Floats]:
    across, down = place + moves[0] + moves[1] * centred, place + moves[2] + moves[3] * centred
    side = len(place)
    return np.tile(across, (side, 1)).astype(np.float32), np.tile(down[:, None], (1, side)).astype(np.float32)


def sample_of(numbers: Sequence[int]) -> list[int]:
    """At most 256 of these pictures, by chance, always the same."""
    if len(numbers) <= SAMPLE:
        return list(numbers)
    return sorted(np.random.default_rng(0).choice(numbers, SAMPLE, replace=False).tolist())
