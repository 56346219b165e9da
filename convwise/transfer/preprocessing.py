"""Preprocessing: what a network's first convolution expects of a pixel, found by probing and never guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.records import record_of

Three = tuple[float, float, float]
_MEAN_PIXEL = (123.68, 116.779, 103.939)  # of ImageNet, RGB: what Keras's "caffe" mode takes off
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet at 0..1, RGB: Keras's "torch" mode
_TOLERANCE = 1e-4  # of the span of the answers: float32 rounds at about 1e-7 of it


@dataclass(frozen=True)
class Preprocessing:
    """Channel c of what the first convolution sees is scale[c] x pixel[order[c]] + offset[c], pixels being 0..255.

    `order` is a permutation of "RGB"; `scale` and `offset` are in that order. `name` says where it comes from.
    """

    name: str
    order: str = "RGB"
    scale: Three = (1.0, 1.0, 1.0)
    offset: Three = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        if sorted(self.order) != ["B", "G", "R"]:
            raise ValueError(f"order={self.order}: it must be a permutation of RGB")
        for name in ("scale", "offset"):
            object.__setattr__(self, name, tuple(float(value) for value in getattr(self, name)))
            if len(getattr(self, name)) != 3:
                raise ValueError(f"{name}={getattr(self, name)}: one number a channel is needed")

    @property
    def is_identity(self) -> bool:
        """Whether pixels go in as they are."""
        return self.order == "RGB" and self.scale == (1, 1, 1) and self.offset == (0, 0, 0)

    @property
    def channels(self) -> tuple[int, int, int]:
        """For each channel of the network, the RGB channel that it is made of."""
        first, second, third = ("RGB".index(letter) for letter in self.order)
        return first, second, third

    def in_rgb(self) -> tuple[list[float], list[float]]:
        """Scale and offset by RGB channel: for a network whose first kernel has been turned to RGB (`turned`)."""
        places = [self.channels.index(channel) for channel in range(3)]
        return [self.scale[place] for place in places], [self.offset[place] for place in places]

    def turned(self, kernel: NDArray[Any]) -> NDArray[Any]:
        """A first kernel (h, w, 3, filters) made for `order`, made for RGB: the sum over channels stays the same."""
        return np.ascontiguousarray(kernel[:, :, [self.channels.index(channel) for channel in range(3)], :])

    def applied(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """(..., 3) RGB -> (..., 3) float32 as the first convolution sees it."""
        turned = pixels[..., list(self.channels)].astype(np.float32)
        return turned * np.asarray(self.scale, np.float32) + np.asarray(self.offset, np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Preprocessing:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


def probed(function: Callable[[NDArray[np.float32]], Any], name: str) -> Preprocessing:
    """The preprocessing that `function` does to images (n, h, w, 3) of pixels 0..255, told from a few colours.

    Black gives the offset, each pure colour a column of the 3x3 matrix; both are checked on random pixels. Raises
    RequestError where the function is no affine map of the colours, or mixes them.
    """
    colours = np.concatenate([np.zeros((1, 3)), 255 * np.eye(3)]).astype(np.float32)
    answers = _asked(function, colours)
    offset = answers[0]
    matrix = (answers[1:] - offset).T / 255  # row: channel of the network, column: R, G, B
    random = np.random.default_rng(0).uniform(0, 255, (64, 3)).astype(np.float32)
    span = max(1e-6, float(np.ptp(answers)))
    if np.abs(_asked(function, random) - (random @ matrix.T + offset)).max() > _TOLERANCE * span:
        raise RequestError(
            f"{name}: what it does to a pixel is not an affine map, so it cannot be built into a network"
        )
    sources = np.abs(matrix).argmax(axis=1)
    scale = matrix[np.arange(3), sources]
    mixed = matrix.copy()
    mixed[np.arange(3), sources] = 0
    if sorted(sources) != [0, 1, 2] or np.abs(mixed).max() * 255 > _TOLERANCE * span:
        raise RequestError(f"{name}: it mixes the colours of a pixel, so it cannot be built into a network")
    # Rounded to what float32 answers can tell, so that an identity is one exactly.
    rounded = [tuple(float(f"{value:.7g}") for value in values) for values in (scale, offset)]
    return Preprocessing(name, "".join("RGB"[source] for source in sources), *rounded)  # type: ignore[arg-type]


def _asked(function: Callable[[NDArray[np.float32]], Any], colours: NDArray[np.float32]) -> NDArray[np.float64]:
    # A copy: some functions work in place.
    answers = np.asarray(function(colours.reshape(-1, 1, 1, 3).copy()), np.float64)
    return answers.reshape(len(colours), 3)


def _candidates() -> dict[str, Preprocessing]:
    ways: dict[str, tuple[Three, Three]] = {
        "0..1": ((1 / 255,) * 3, (0.0,) * 3),
        "-1..1": ((1 / 127.5,) * 3, (-1.0,) * 3),
        "-2..2": ((1 / 64,) * 3, (-2.0,) * 3),  # convwise's own networks
        "mean subtracted": ((1.0,) * 3, _three(-mean for mean in _MEAN_PIXEL)),
        "mean and deviation": (
            _three(1 / (255 * deviation) for deviation in _DEVIATION),
            _three(-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)),
        ),
    }
    found = {}
    for order in ("RGB", "BGR"):
        for way, (scale, offset) in ways.items():
            turned = [values if order == "RGB" else values[::-1] for values in (scale, offset)]
            found[f"{order} {way}"] = Preprocessing(f"{order} {way}", order, _three(turned[0]), _three(turned[1]))
    return found


def _three(values: Any) -> Three:
    first, second, third = values
    return first, second, third


# What the weights of the usual sources were trained with; a file that does not say so is tried with each of them.
CANDIDATES = _candidates()
