"""Charts of a study: the curve over a parameter's values, and accuracy against time. Numbers in, SVG out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from convwise.names import counted, shown
from convwise.report.study_curves import Point, time_of
from convwise.report.study_marks import mark_of
from convwise.report.study_tables import is_own, value_of
from convwise.report.svg import BOTTOM, LEFT, TOP, Panel, frame, svg, tag, text, ticks
from convwise.study.result import StudyResult

if TYPE_CHECKING:
    from markupsafe import Markup

_STEP, _HEIGHT = 118.0, 190.0  # px: between two values, of a plot
_WIDTH = 460.0  # of the trade-off
_LABEL = 26  # characters of a name


def curve_chart(parameter: str, points: Sequence[Point], result: StudyResult, *, joined: bool) -> Markup:
    """Effect by value, each with its own interval and verdict; `joined` by a line where the values have an order."""
    from markupsafe import Markup

    n = len(points)
    panel = Panel(LEFT, _STEP * n, _HEIGHT, (-0.5, n - 0.5), _range(points, result.smallest_effect))
    parts = [_band(panel, result), frame(panel, _title(result), "", [], ticks(*panel.y_range), as_percent=False)]
    places = [panel.at(i, _estimate(point)) for i, point in enumerate(points)]
    if joined:
        parts.append(tag('<polyline class="line joins" points="%s"/>', " ".join(f"{x:.1f},{y:.1f}" for x, y in places)))
    base, base_adopted = TOP + panel.height, any(point.after for point in points)
    for i, point in enumerate(points):
        x = places[i][0]
        parts.append(_point(panel, i, point, result))
        value = f"{point.value} (own)" if is_own(point) and not base_adopted else point.value
        parts.append(text(x, base + 15, _short(value, 18), "middle", "label"))
        word = "adopted" if is_own(point) and base_adopted else _word(point, result)
        parts.append(text(x, base + 29, word, "middle"))
    said = "; ".join(f"{shown(value_of(point))}: {_estimate(point):+.3g}, {_word(point, result)}" for point in points)
    return svg(LEFT + panel.width + 10, base + BOTTOM, f"{parameter}: {said}.", Markup("").join(parts))


def trade_off_chart(points: Sequence[Point], beaten: Sequence[Point], result: StudyResult) -> Markup:
    """Effect against time, both of the unchanged network; what something beats is gray and has no name."""
    from markupsafe import Markup

    every = (*points, *beaten)
    logs = [math.log2(max(time_of(point.costs), 1e-3)) for point in every]
    x_range = (min(*logs, -0.4) - 0.25, max(*logs, 0.4) + 0.25)
    panel = Panel(LEFT, _WIDTH, _HEIGHT + 40, x_range, _range(every, result.smallest_effect))
    parts = [_band(panel, result), frame(panel, _title(result), "", [], ticks(*panel.y_range), as_percent=False)]
    base = TOP + panel.height
    for tick in _times(*x_range):
        parts.append(text(panel.at(math.log2(tick), 0)[0], base + 15, f"x{tick:g}", "middle"))
    parts.append(text(panel.x + panel.width / 2, base + 30, "time of a training, of the unchanged network's", "middle",
                      "label"))  # fmt: skip
    parts.append(_frontier(panel, list(zip(logs, points, strict=False))))
    drawn = list(zip(logs, every, strict=True))
    for log, point in reversed(drawn):
        parts.append(_point(panel, log, point, result, "beaten" if point in beaten else "frontier"))
    parts += _names(panel, drawn[: len(points)])
    names = ", ".join(shown(point.name) for point in points)
    said = f"Effect against time. Nothing tried beats {names}; {counted(len(beaten), 'other')} beaten."
    return svg(LEFT + _WIDTH + 20, base + BOTTOM, said, Markup("").join(parts))


def _frontier(panel: Panel, drawn: Sequence[tuple[float, Point]]) -> Markup:
    """The steps that no point lies above: from each time on, the most accurate that takes no longer."""
    steps: list[tuple[float, float]] = []
    for log, point in sorted(drawn, key=lambda each: (each[0], -_estimate(each[1]))):
        best = _estimate(point)
        if steps and best <= steps[-1][1]:
            continue
        if steps:
            steps.append((log, steps[-1][1]))
        steps.append((log, best))
    steps.append((panel.x_range[1], steps[-1][1]))
    path = " ".join("{:.1f},{:.1f}".format(*panel.at(*step)) for step in steps)
    return tag('<polyline class="line steps" points="%s"/>', path)


def _point(panel: Panel, at: float, point: Point, result: StudyResult, kind: str = "") -> Markup:
    x, y = panel.at(at, _estimate(point))
    if is_own(point):
        return tag('<circle class="own" cx="%s" cy="%s" r="4"/>', x, y)
    mark = mark_of(None if result.quick else point.kind, point.effect)
    if point.effect is None:
        return text(x, y + 4, "not known", "middle")
    low, high = panel.at(at, point.effect.low)[1], panel.at(at, point.effect.high)[1]
    line = tag('<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>', f"interval {mark.tone} {kind}", x, low, x, high)
    return line + mark.drawn(f"{x:.6g}", f"{y:.6g}", kind)


def _names(panel: Panel, drawn: Sequence[tuple[float, Point]]) -> list[Markup]:
    """The names beside their points, apart from each other."""
    made: list[Markup] = []
    before = {"start": -math.inf, "end": -math.inf}
    for y, x, name in sorted((*panel.at(log, _estimate(point))[::-1], _short(point.name)) for log, point in drawn):
        anchor = "end" if x > panel.x + 0.6 * panel.width else "start"
        before[anchor] = max(y + 4, before[anchor] + 14)
        made.append(text(x + (-10 if anchor == "end" else 10), before[anchor], name, anchor, "label"))
    return made


def _band(panel: Panel, result: StudyResult) -> Markup:
    """Within plus and minus the smallest effect, and the line of the unchanged network."""
    least = result.smallest_effect
    (x, top), (_, low) = panel.at(panel.x_range[0], least), panel.at(panel.x_range[0], -least)
    zero = panel.at(panel.x_range[0], 0)[1]
    return tag(
        '<rect class="band" x="%s" y="%s" width="%s" height="%s"/><line class="zero" x1="%s" y1="%s" x2="%s" y2="%s"/>',
        x, top, panel.width, low - top, x, zero, x + panel.width, zero,
    )  # fmt: skip


def _range(points: Sequence[Point], smallest: float) -> tuple[float, float]:
    limits = [limit for point in points if point.effect for limit in (point.effect.low, point.effect.high)]
    low, high = min(-1.2 * smallest, *limits, 0.0), max(1.2 * smallest, *limits, 0.0)
    margin = 0.06 * (high - low)
    return low - margin, high + margin


def _times(low: float, high: float) -> list[float]:
    """Powers of two; steps between them where there are few of these."""
    every = 1 if high - low > 2.2 else 2
    return [round(2 ** (step / every), 2) for step in range(math.ceil(low * every), math.floor(high * every) + 1)]


def _estimate(point: Point) -> float:
    return point.effect.estimate if point.effect else 0.0


def _word(point: Point, result: StudyResult) -> str:
    if is_own(point):
        return "unchanged"
    return mark_of(None if result.quick else point.kind, point.effect).word


def _title(result: StudyResult) -> str:
    return f"effect, {'nats' if result.metric == 'log_loss' else 'points'}"


def _short(name: str, most: int = _LABEL) -> str:
    return shown(name) if len(name) <= most else f"{shown(name)[: most - 1]}…"
