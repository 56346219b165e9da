"""A heatmap as a reader sees it: the picture with the map on it, and whether to believe it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HeatView:
    """`source`: a data URI of the picture with its map; `sentence`: what erasing the region showed."""

    source: str
    width: int
    height: int
    sentence: str
    believable: bool
