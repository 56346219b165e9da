"""Charts as SVG without a style attribute: their colours are the page's, in both themes. Numbers in, markup out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convwise.names import shown
from convwise.report.confidence import Bin
from convwise.report.table import percent

if TYPE_CHECKING:
    from markupsafe import Markup

_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 26, 84, 34  # px around the plot


@dataclass(frozen=True)
class _Panel:
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
        return self.x + across * self.width, _TOP + (1 - up) * self.height


def learning_curves(rows: Sequence[Mapping[str, float]], best_epoch: int) -> Markup:
    """Loss and accuracy by epoch, training and validation, with the kept epoch marked; "" without an epoch."""
    from markupsafe import Markup

    trained = [row for row in rows if "loss" in row]
    if not trained:
        return Markup("")
    width, height = 210.0, 170.0
    span = _LEFT + width + _RIGHT
    parts = []
    for i, (name, title) in enumerate((("loss", "loss"), ("accuracy", "accuracy"))):
        epochs = [row["epoch"] for row in trained]
        lines = [(kind, key) for kind, key in (("training", name), ("validation", f"val_{name}")) if key in trained[-1]]
        values = [row[key] for _, key in lines for row in trained if key in row]
        if not values:
            continue
        y_range = (0.0, max(values) * 1.05 or 1.0) if name == "loss" else _accuracy_range(values)
        panel = _Panel(i * span + _LEFT, width, height, _ends(epochs), y_range)
        parts += [_frame(panel, title, "epoch", _whole_ticks(epochs), _ticks(*y_range), as_percent=name != "loss")]
        parts += [_kept(panel, best_epoch, label=i == 0)] if best_epoch in epochs else []
        ends = []
        for kind, key in lines:
            points = [panel.at(row["epoch"], row[key]) for row in trained if key in row]
            parts.append(_line(points, kind))
            ends.append((points[-1][1], kind, points[-1][0]))
        parts += _end_labels(ends)
    said = f"Learning curves over {len(trained)} epochs; epoch {best_epoch} was kept."
    return _svg(2 * span, _TOP + height + _BOTTOM, said, Markup("").join(parts))


def many_curves(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Markup:
    """Lines by name, each of (epoch, validation loss); told apart by dashes and by their names; "" without any."""
    from markupsafe import Markup

    if not curves:
        return Markup("")
    every = [point for points in curves.values() for point in points]
    epochs, values = [x for x, _ in every], [y for _, y in every]
    y_range = (0.0, max(values) * 1.05 or 1.0)
    panel = _Panel(_LEFT, 420, 200, _ends(epochs), y_range)
    parts = [_frame(panel, "validation loss", "epoch", _whole_ticks(epochs), _ticks(*y_range), as_percent=False)]
    ends = []
    for number, (name, points) in enumerate(curves.items()):
        drawn = [panel.at(x, y) for x, y in points]
        parts.append(_line(drawn, f"run{number % 4}"))
        ends.append((drawn[-1][1], f"run{number % 4}", panel.x + panel.width, shown(name)[-24:]))
    before = -math.inf
    for y, kind, x, name in sorted(ends):
        before = max(y, before + 14)
        parts.append(_text(x + 9, before + 4, name, "start", f"name {kind}"))
    said = f"Validation loss by epoch of {', '.join(map(shown, curves))}."
    return _svg(_LEFT + 420 + 190, _TOP + 200 + _BOTTOM, said, Markup("").join(parts))


def reliability_chart(bins: Sequence[Bin]) -> Markup:
    """Share right against the probability given, with intervals; on the dotted line the two are the same."""
    from markupsafe import Markup

    side = 220.0
    panel = _Panel(_LEFT, side, side, (0, 1), (0, 1))
    ticks = [0, 0.25, 0.5, 0.75, 1]
    parts = [_frame(panel, "share right", "probability given", ticks, ticks, as_percent=True, x_percent=True)]
    (x0, y0), (x1, y1) = panel.at(0, 0), panel.at(1, 1)
    parts.append(_tag('<line class="guide" x1="%s" y1="%s" x2="%s" y2="%s"/>', x0, y0, x1, y1))
    for each in bins:
        x, y = panel.at(each.confidence, each.right.value)
        low, high = panel.at(0, each.right.low)[1], panel.at(0, each.right.high)[1]
        parts.append(_tag('<line class="whisker" x1="%s" y1="%s" x2="%s" y2="%s"/>', x, low, x, high))
        radius = 2.5 + 3 * math.sqrt(each.n / max(other.n for other in bins))
        parts.append(_tag('<circle class="dot" cx="%s" cy="%s" r="%s"/>', x, y, radius))
    said = "; ".join(f"{percent(each.confidence)}: {percent(each.right.value)} of {each.n} right" for each in bins)
    return _svg(_LEFT + side + 20, _TOP + side + _BOTTOM, f"Probability given against share right. {said}.",
                Markup("").join(parts))  # fmt: skip


def bar(part: float | None, width: int = 60) -> Markup:
    """A share of 1 as a bar beside its number."""
    found = 0.0 if part is None else min(max(part, 0.0), 1.0)
    return _tag(
        '<svg class="bar" viewBox="0 0 %s 8" width="%s" height="8" aria-hidden="true">'
        '<rect class="track" width="%s" height="8"/><rect class="fill" width="%s" height="8"/></svg>',
        width, width, width, found * width,
    )  # fmt: skip


def _frame(
    panel: _Panel,
    title: str,
    x_title: str,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    *,
    as_percent: bool,
    x_percent: bool = False,
) -> Markup:
    from markupsafe import Markup

    parts = [_text(panel.x, _TOP - 12, title, "start", "label")]
    base = _TOP + panel.height
    for tick in y_ticks:
        y = panel.at(panel.x_range[0], tick)[1]
        parts.append(_tag('<line class="grid" x1="%s" y1="%s" x2="%s" y2="%s"/>', panel.x, y, panel.x + panel.width, y))
        parts.append(_text(panel.x - 6, y + 4, _number(tick, as_percent), "end"))
    for tick in x_ticks:
        parts.append(_text(panel.at(tick, 0)[0], base + 15, _number(tick, x_percent), "middle"))
    parts.append(_text(panel.x + panel.width / 2, base + 30, x_title, "middle", "label"))
    return Markup("").join(parts)


def _line(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    from markupsafe import Markup

    drawn = Markup("")
    if len(points) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn += _tag('<polyline class="line %s" points="%s"/>', kind, path)
    if len(points) < 30:  # one epoch is a point, not an invisible line
        drawn += Markup("").join(_tag('<circle class="%s" cx="%s" cy="%s" r="2.6"/>', kind, x, y) for x, y in points)
    return drawn


def _kept(panel: _Panel, epoch: int, *, label: bool) -> Markup:
    x = panel.at(epoch, panel.y_range[0])[0]
    line = _tag('<line class="guide" x1="%s" y1="%s" x2="%s" y2="%s"/>', x, _TOP, x, _TOP + panel.height)
    # At the right edge the words stand to the left of the line.
    end = "end" if x > panel.x + 0.6 * panel.width else "start"
    return line + (_text(x + (-4 if end == "end" else 4), _TOP + 10, f"kept: {epoch}", end) if label else "")


def _end_labels(ends: Sequence[tuple[float, str, float]]) -> list[Markup]:
    """The names of the lines at their ends, apart from each other."""
    placed: list[Markup] = []
    before = -math.inf
    for y, kind, x in sorted(ends):
        before = max(y, before + 14)
        placed.append(_text(x + 7, before + 4, kind, "start", f"name {kind}"))
    return placed


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> Markup:
    return _tag('<text class="%s" x="%s" y="%s" text-anchor="%s">%s</text>', kind, x, y, anchor, text)


def _svg(width: float, height: float, said: str, content: Markup) -> Markup:
    return _tag(
        '<svg class="chart" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s">%s</svg>',
        width, height, width, height, said, content,
    )  # fmt: skip


def _tag(pattern: str, *values: float | str) -> Markup:
    """The pattern with its values, of which texts are escaped unless they are markup."""
    from markupsafe import Markup

    return Markup(pattern) % tuple(f"{value:.6g}" if isinstance(value, int | float) else value for value in values)


def _number(value: float, as_percent: bool) -> str:
    return f"{100 * value:g} %" if as_percent else f"{value:g}"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _accuracy_range(values: Sequence[float]) -> tuple[float, float]:
    """From a step below the lowest value to 1, so that what happens near 1 can be seen."""
    return max(0.0, math.floor(10 * min(values)) / 10), 1.0


def _whole_ticks(values: Sequence[float]) -> list[float]:
    """At most seven whole numbers, evenly apart, the first and the last value among them where that fits."""
    low, high = int(min(values)), int(max(values))
    step = next(step for power in range(9) for step in (10**power, 2 * 10**power, 5 * 10**power)
                if (high - low) / step <= 6)  # fmt: skip
    inner = [tick for tick in range(low + 1, high + 1) if tick % step == 0 and tick - low >= step / 2]
    return [float(tick) for tick in (low, *inner)]


def _ticks(low: float, high: float) -> list[float]:
    """About five round numbers from low to high."""
    raw = (high - low) / 4
    power = 10 ** math.floor(math.log10(raw))
    step = next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= raw)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(high / step + 1e-9) + 1)]
