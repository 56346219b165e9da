"""How a value of a study is marked, the same wherever it is drawn: by its own verdict a symbol, a tone and a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convwise.study.result import Interval, Kind

if TYPE_CHECKING:
    from markupsafe import Markup

# Shapes about the origin, some 12 px wide.
_SHAPES = {
    "up": "M0,-6.5L6,4.5L-6,4.5Z",
    "down": "M0,6.5L6,-4.5L-6,-4.5Z",
    "square": "M-4.5,-4.5H4.5V4.5H-4.5Z",
    "diamond": "M0,-6L6,0L0,6L-6,0Z",
    "circle": "M-5,0A5,5 0 1 1 5,0A5,5 0 1 1 -5,0Z",
}


@dataclass(frozen=True)
class Mark:
    """`symbol` is the shape as a letter, for text; `tone`: better, worse or same; hollow where nothing is settled."""

    shape: str
    symbol: str
    tone: str
    word: str
    hollow: bool = False

    def drawn(self, x: str, y: str, kind: str = "") -> Markup:
        """The shape at a place, which may be in percent of what it is drawn in."""
        from convwise.report.svg import tag

        classes = " ".join(filter(None, ("mark", self.tone, "hollow" if self.hollow else "", kind)))
        return tag(
            '<svg x="%s" y="%s" width="1" height="1" overflow="visible"><path class="%s" d="%s"/></svg>',
            x, y, classes, _SHAPES[self.shape],
        )  # fmt: skip


def mark_of(kind: Kind | None, effect: Interval | None) -> Mark:
    """Of a value with that verdict and effect; None for one without a verdict, of a quick look or of a control."""
    if kind is None:
        return Mark("circle", "●", "same", "estimate")
    if kind == "set it":
        return Mark("up", "▲", "better", kind)
    if kind == "keep it":
        return Mark("down", "▼", "worse" if effect is not None and effect.high < 0 else "same", kind)
    if kind == "free choice":
        return Mark("square", "■", "same", kind)
    if kind == "early only":
        return Mark("diamond", "◆", "same", kind)
    return Mark("circle", "○", "same", kind, hollow=True)


CONFIRMED = Mark("up", "▲", "better", "confirmed")
NOT_CONFIRMED = Mark("circle", "○", "same", "not confirmed", hollow=True)
