"""SVG without a style attribute, in pieces: panels, frames, ticks, text. Colours are the page's, in both themes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

LEFT, TOP, RIGHT, BOTTOM = 46, 26, 84, 34  # px around the plot


@dataclass(frozen=True)
class Panel:
    """A plot at `x`, `width` wide and `height` high, of values in the two ranges."""

    x: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a value is drawn."""
        (x0, x1), (y0, y1) = self.x_range, self.y_range
        across = 0.5 if x1 == x0 else (x - x0) / (x1 - x0)
        up = 0.5 if y1 == y0 else (y - y0) / (y1 - y0)
        return self.x + across * self.width, TOP + (1 - up) * self.height


def frame(
    panel: Panel,
    title: str,
    x_title: str,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    *,
    as_percent: bool,
    x_percent: bool = False,
) -> Markup:
    """Grid, numbers and titles of a plot."""
    from markupsafe import Markup

    parts = [text(panel.x, TOP - 12, title, "start", "label")]
    base = TOP + panel.height
    for tick in y_ticks:
        y = panel.at(panel.x_range[0], tick)[1]
        parts.append(tag('<line class="grid" x1="%s" y1="%s" x2="%s" y2="%s"/>', panel.x, y, panel.x + panel.width, y))
        parts.append(text(panel.x - 6, y + 4, number(tick, as_percent), "end"))
    for tick in x_ticks:
        parts.append(text(panel.at(tick, 0)[0], base + 15, number(tick, x_percent), "middle"))
    parts.append(text(panel.x + panel.width / 2, base + 30, x_title, "middle", "label"))
    return Markup("").join(parts)


def text(x: float, y: float, said: str, anchor: str, kind: str = "tick") -> Markup:
    """Words at a place; `anchor`: start, middle or end."""
    return tag('<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>', kind, x, y, anchor, said)


def svg(width: float, height: float, said: str, content: Markup) -> Markup:
    """The drawing, `said` being what it shows in words."""
    return tag(
        '<svg class="chart" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s">%s</svg>',
        width, height, width, height, said, content,
    )  # fmt: skip


def tag(pattern: str, *values: float | str) -> Markup:
    """The pattern with its values, of which texts are escaped unless they are markup."""
    from markupsafe import Markup

    return Markup(pattern) % tuple(f"{value:.6g}" if isinstance(value, int | float) else value for value in values)


def number(value: float, as_percent: bool) -> str:
    """A number at an axis."""
    return f"{100 * value:g} %" if as_percent else f"{value:g}"


def whole_ticks(values: Sequence[float]) -> list[float]:
    """At most seven whole numbers, evenly apart, the first and the last value among them where that fits."""
    low, high = int(min(values)), int(max(values))
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power)
                if (high - low) / step <= 6)  # fmt: skip
    inner = [tick for tick in range(low + 1, high + 1) if tick % step == 0 and tick - low >= step / 2]
    return [float(tick) for tick in (low, *inner)]


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers from low to high."""
    raw = (high - low) / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]
