"""Charts as SVG without a style attribute: their colours are the page's, in both themes. Numbers in, markup out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from convwise.names import shown
from convwise.report.confidence import Bin
from convwise.report.svg import BOTTOM, LEFT, RIGHT, TOP, Panel, frame, svg, tag, text, ticks, whole_ticks
from convwise.report.table import percent

if TYPE_CHECKING:
    from markupsafe import Markup


def learning_curves(rows: Sequence[Mapping[str, float]], best_epoch: int, *, over: bool = True) -> Markup:
    """Loss and accuracy by epoch, training and validation, with the kept epoch marked; "" without an epoch.

    `over`: whether the training has ended; else the epoch is the best so far.
    """
    from markupsafe import Markup

    trained = [row for row in rows if "loss" in row]
    if not trained:
        return Markup("")
    width, height = 210.0, 170.0
    span = LEFT + width + RIGHT
    parts = []
    for i, (name, title) in enumerate((("loss", "loss"), ("accuracy", "accuracy"))):
        epochs = [row["epoch"] for row in trained]
        lines = [(kind, key) for kind, key in (("training", name), ("validation", f"val_{name}")) if key in trained[-1]]
        values = [row[key] for _, key in lines for row in trained if key in row]
        if not values:
            continue
        y_range = (0.0, max(values) * 1.05 or 1.0) if name == "loss" else _accuracy_range(values)
        panel = Panel(i * span + LEFT, width, height, _ends(epochs), y_range)
        parts += [frame(panel, title, "epoch", whole_ticks(epochs), ticks(*y_range), as_percent=name != "loss")]
        parts += (
            [_kept(panel, best_epoch, f"{'kept' if over else 'best so far'}: {best_epoch}" if i == 0 else "")]
            if best_epoch in epochs
            else []
        )
        ends = []
        for kind, key in lines:
            points = [panel.at(row["epoch"], row[key]) for row in trained if key in row]
            parts.append(_line(points, kind))
            ends.append((points[-1][1], kind, points[-1][0]))
        parts += _end_labels(ends)
    marked = f"epoch {best_epoch} was kept" if over else f"epoch {best_epoch} is the best so far"
    said = f"Learning curves over {len(trained)} epochs; {marked}."
    return svg(2 * span, TOP + height + BOTTOM, said, Markup("").join(parts))


def many_curves(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Markup:
    """Lines by name, each of (epoch, validation loss); told apart by dashes and by their names; "" without any."""
    from markupsafe import Markup

    if not curves:
        return Markup("")
    every = [point for points in curves.values() for point in points]
    epochs, values = [x for x, _ in every], [y for _, y in every]
    y_range = (0.0, max(values) * 1.05 or 1.0)
    panel = Panel(LEFT, 420, 200, _ends(epochs), y_range)
    parts = [frame(panel, "validation loss", "epoch", whole_ticks(epochs), ticks(*y_range), as_percent=False)]
    ends = []
    for number, (name, points) in enumerate(curves.items()):
        drawn = [panel.at(x, y) for x, y in points]
        parts.append(_line(drawn, f"run{number % 4}"))
        ends.append((drawn[-1][1], f"run{number % 4}", panel.x + panel.width, shown(name)[-24:]))
    before = -math.inf
    for y, kind, x, name in sorted(ends):
        before = max(y, before + 14)
        parts.append(text(x + 9, before + 4, name, "start", f"name {kind}"))
    said = f"Validation loss by epoch of {', '.join(map(shown, curves))}."
    return svg(LEFT + 420 + 190, TOP + 200 + BOTTOM, said, Markup("").join(parts))


def reliability_chart(bins: Sequence[Bin]) -> Markup:
    """Share right against the probability given, with intervals; on the dotted line the two are the same."""
    from markupsafe import Markup

    side = 220.0
    panel = Panel(LEFT, side, side, (0, 1), (0, 1))
    quarters = [0, 0.25, 0.5, 0.75, 1]
    parts = [frame(panel, "share right", "probability given", quarters, quarters, as_percent=True, x_percent=True)]
    (x0, y0), (x1, y1) = panel.at(0, 0), panel.at(1, 1)
    parts.append(tag('<line class="guide" x1="%s" y1="%s" x2="%s" y2="%s"/>', x0, y0, x1, y1))
    for each in bins:
        x, y = panel.at(each.confidence, each.right.value)
        low, high = panel.at(0, each.right.low)[1], panel.at(0, each.right.high)[1]
        parts.append(tag('<line class="whisker" x1="%s" y1="%s" x2="%s" y2="%s"/>', x, low, x, high))
        radius = 2.5 + 3 * math.sqrt(each.n / max(other.n for other in bins))
        parts.append(tag('<circle class="dot" cx="%s" cy="%s" r="%s"/>', x, y, radius))
    said = "; ".join(f"{percent(each.confidence)}: {percent(each.right.value)} of {each.n} right" for each in bins)
    return svg(LEFT + side + 20, TOP + side + BOTTOM, f"Probability given against share right. {said}.",
                Markup("").join(parts))  # fmt: skip


def bar(part: float | None, width: int = 60) -> Markup:
    """A share of 1 as a bar beside its number."""
    found = 0.0 if part is None else min(max(part, 0.0), 1.0)
    return tag(
        '<svg class="bar" viewBox="0 0 %s 8" width="%s" height="8" aria-hidden="true">'
        '<rect class="track" width="%s" height="8"/><rect class="fill" width="%s" height="8"/></svg>',
        width, width, width, found * width,
    )  # fmt: skip


def _line(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    from markupsafe import Markup

    drawn = Markup("")
    if len(points) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        drawn += tag('<polyline class="line %s" points="%s"/>', kind, path)
    if len(points) < 30:  # one epoch is a point, not an invisible line
        drawn += Markup("").join(tag('<circle class="%s" cx="%s" cy="%s" r="2.6"/>', kind, x, y) for x, y in points)
    return drawn


def _kept(panel: Panel, epoch: int, label: str) -> Markup:
    x = panel.at(epoch, panel.y_range[0])[0]
    line = tag('<line class="guide" x1="%s" y1="%s" x2="%s" y2="%s"/>', x, TOP, x, TOP + panel.height)
    # At the right edge the words stand to the left of the line.
    end = "end" if x > panel.x + 0.6 * panel.width else "start"
    return line + (text(x + (-4 if end == "end" else 4), TOP + panel.height - 5, label, end) if label else "")


def _end_labels(ends: Sequence[tuple[float, str, float]]) -> list[Markup]:
    """The names of the lines at their ends, apart from each other."""
    placed: list[Markup] = []
    before = -math.inf
    for y, kind, x in sorted(ends):
        before = max(y, before + 14)
        placed.append(text(x + 7, before + 4, kind, "start", f"name {kind}"))
    return placed


def _ends(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _accuracy_range(values: Sequence[float]) -> tuple[float, float]:
    """From a step below the lowest value to 1, so that what happens near 1 can be seen."""
    return max(0.0, math.floor(10 * min(values)) / 10), 1.0
