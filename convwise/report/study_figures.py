"""The picture of a study: every value that was tried, with the interval that decided about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.files import write_atomically
from convwise.report.study_marks import Mark, mark_of
from convwise.report.study_numbers import amount, unit
from convwise.study.result import Interval, Kind, StudyResult

# By the tone of a mark: those of the page, which colour-blind readers tell apart.
COLOURS = {"better": "#0b62a4", "worse": "#a05a00", "same": "#57606a"}

_MARKERS = {"up": "^", "down": "v", "square": "s", "diamond": "D", "circle": "o"}
_BETWEEN = 0.62  # of a row, for the values within a parameter


@dataclass(frozen=True)
class Bar:
    """What is drawn of one value: at `height`, in the colour of its own verdict (None: a quick look has none)."""

    parameter: str
    value: str
    effect: Interval
    kind: Kind | None
    height: float


def bars(result: StudyResult) -> tuple[Bar, ...]:
    """A parameter's values one below the other, the parameter that gains most on top; nothing without an interval."""
    rows = []
    for verdict in result.verdicts:
        seen = [(level, level.effect) for level in verdict.all_tried if level.effect is not None]
        if seen:
            rows.append((verdict.parameter, seen))
    rows.sort(key=lambda row: max(effect.estimate for _, effect in row[1]))
    drawn, height = [], 0.0
    for parameter, seen in rows:
        for level, effect in reversed(seen):
            kind = None if result.quick else level.verdict
            after = f", after {' + '.join(level.after)}" if level.after else ""
            drawn.append(Bar(parameter, f"{level.value}{after}", effect, kind, height))
            height += _BETWEEN
        height += 1 - _BETWEEN
    return tuple(drawn)


def effects_figure(result: StudyResult, path: Path) -> None:
    """Draws the effects of all values that were tried as a PNG file."""
    from matplotlib.figure import Figure

    drawn = bars(result)
    tallest = max((bar.height for bar in drawn), default=0.0)
    figure = Figure(figsize=(8, 0.42 * tallest + 2.3), layout="constrained")
    axes = figure.subplots()
    smallest = result.smallest_effect
    axes.axvspan(-smallest, smallest, color="#eeeeee", zorder=0, label=f"within {amount(smallest, result)}")
    axes.axvline(0, color="#888888", linewidth=0.8)
    for bar in drawn:
        mark = mark_of(bar.kind, bar.effect)
        limits = [bar.effect.low, bar.effect.high]
        axes.plot(limits, [bar.height, bar.height], color=COLOURS[mark.tone], linewidth=2.5, solid_capstyle="round")
        axes.plot(bar.effect.estimate, bar.height, **_look(mark))
    axes.set_yticks([bar.height for bar in drawn], [f"{bar.parameter}: {bar.value}" for bar in drawn], parse_math=False)
    axes.set_ylim(-0.6, tallest + 0.6)
    if not result.quick:
        for word, mark in _in_order(drawn):
            axes.plot([], [], label=word, linewidth=2.5, **_look(mark))
    what = "estimates of short trainings, no verdicts" if result.quick else "in whole trainings"
    axes.set_xlabel(f"effect on {result.metric.replace('_', ' ')}, {unit(result)}, with the interval that decides")
    axes.set_title(f"{result.net} at {result.size} px on {Path(result.data).name}, {what}", parse_math=False)
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", dpi=130)


def _look(mark: Mark) -> dict[str, Any]:
    colour = COLOURS[mark.tone]
    return {"color": colour, "marker": _MARKERS[mark.shape], "markersize": 8, "markeredgecolor": colour,
            "markerfacecolor": "white" if mark.hollow else colour}  # fmt: skip


def _in_order(drawn: Sequence[Bar]) -> list[tuple[str, Mark]]:
    """The marks that are there, with their words, which say where the own value is kept because the other loses."""
    found = {}
    for bar in drawn:
        mark = mark_of(bar.kind, bar.effect)
        found[f"{mark.word}: it loses" if mark.tone == "worse" else mark.word] = mark
    return sorted(found.items(), key=lambda each: list(COLOURS).index(each[1].tone))
