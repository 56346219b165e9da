"""A heatmap as a reader sees it: the picture with the map on it, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.images.thumbnails import jpeg
from convwise.names import shown
from convwise.report.pictures import data_uri
from convwise.report.table import percent


class Mapped(Protocol):
    """A heatmap with its hottest part."""

    @property
    def values(self) -> NDArray[np.float64]:
        """(h, w): how much of the answer comes from each place."""

    @property
    def region(self) -> NDArray[np.bool_]:
        """(h, w): the hottest part, which was erased."""


class Tested(Mapped, Protocol):
    """A heatmap and the test of it: see `convwise.nets.heatmap.heatmap.Heat`."""

    @property
    def probability(self) -> float:
        """Of the label."""

    @property
    def after(self) -> float:
        """With the region erased."""

    @property
    def after_random(self) -> NDArray[np.float64]:
        """With regions of the same form elsewhere erased."""

    @property
    def above_chance(self) -> bool:
        """Whether the region counts for more than others."""

    @property
    def believable(self) -> bool:
        """Whether most of the answer rests on the region, too."""


@dataclass(frozen=True)
class HeatView:
    """`source`: a data URI of the picture with its map; `sentence`: what erasing the region showed."""

    source: str
    width: int
    height: int
    sentence: str
    believable: bool


def heat_view(heat: Tested, pixels: NDArray[np.uint8], label: str, longest: int) -> HeatView:
    """The map on the picture that the network saw, its longer side `longest` px."""
    drawn = overlay(heat, pixels, longest)
    source = data_uri(jpeg(drawn, 85), "image/jpeg")
    return HeatView(source, drawn.shape[1], drawn.shape[0], heat_sentence(heat, label), heat.believable)


def overlay(heat: Mapped, pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """(h, w, 3): the picture in gray under the map, dark blue for little, yellow for much; the region outlined."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    gray = pixels[..., 0] if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    gray = cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC)
    low, high = float(heat.values.min()), float(heat.values.max())
    part = (heat.values - low) / (high - low) if high > low else np.zeros_like(heat.values)
    levels = cv2.resize((255 * part).astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
    colours = cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_CIVIDIS), cv2.COLOR_BGR2RGB)
    mixed = cv2.addWeighted(np.repeat(gray[..., None], 3, axis=2), 0.45, colours, 0.55, 0)
    mask = cv2.resize(heat.region.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    cv2.drawContours(mixed, outlines, -1, (255, 255, 255), 1)
    return np.asarray(mixed)


def enlarged(pixels: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """(h, w, 3): the picture, its longer side `longest` px, its pixels as squares."""
    height, width = pixels.shape[:2]
    scale = longest / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    coloured = pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
    return np.asarray(cv2.resize(coloured, size, interpolation=cv2.INTER_NEAREST))


def heat_sentence(heat: Tested, label: str) -> str:
    """What erasing the region did to the answer, what erasing others did, and what follows."""
    erased = float(heat.region.mean())
    others = heat.after_random
    found = (
        f"Erasing the outlined {100 * erased:.0f} % takes {shown(label)} from {percent(heat.probability)} to "
        f"{percent(heat.after)}; {len(others)} random regions of that form leave {percent(float(np.median(others)))} "
        f"(5 % of them {percent(float(np.quantile(others, 0.05)))} or less)"
    )
    if heat.believable:
        return f"{found}: the answer rests on this region."
    if heat.above_chance:
        return f"{found}: the region counts for more than others, but most of the answer stands without it."
    return f"{found}: do not believe this map, other regions count for as much."
