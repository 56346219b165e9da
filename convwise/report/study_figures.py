"""The picture of a study: every parameter's effect with its interval, against the smallest effect that matters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convwise.files import write_atomically

COLOURS = {
    "set it": "#1b7837",
    "keep it": "#555555",
    "free choice": "#2166ac",
    "undecided": "#e08214",
    "settled by rule": "#999999",
}


def effects_figure(result: Mapping[str, Any], path: Path) -> None:
    """Draws the effects of `result.json`, largest first, as a PNG file."""
    from matplotlib.figure import Figure

    rows = [verdict for verdict in result["verdicts"] if verdict["effect"]]
    rows.sort(key=lambda verdict: verdict["effect"]["estimate"])
    figure = Figure(figsize=(8, 0.42 * len(rows) + 1.6), layout="constrained")
    axes = figure.subplots()
    smallest = result["smallest_effect"]
    axes.axvspan(-smallest, smallest, color="#eeeeee", zorder=0, label=f"within {smallest:g} points")
    axes.axvline(0, color="#888888", linewidth=0.8)
    for place, verdict in enumerate(rows):
        effect, colour = verdict["effect"], COLOURS[verdict["verdict"]]
        axes.plot([effect["low"], effect["high"]], [place, place], color=colour, linewidth=2.5, solid_capstyle="round")
        axes.plot(effect["estimate"], place, "o", color=colour, markersize=6)
    names = [f"{v['parameter']}: {result['alternatives'].get(v['parameter'], v['value'])}" for v in rows]
    axes.set_yticks(range(len(rows)), names)
    for kind in dict.fromkeys(verdict["verdict"] for verdict in reversed(rows)):
        axes.plot([], [], "o-", color=COLOURS[kind], label=kind)
    axes.set_xlabel("effect on accuracy, points, with its 95 % interval")
    axes.set_title(f"{result['net']} at {result['size']} px on {Path(result['data']).name}")
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    with write_atomically(path) as file:
        figure.savefig(file, format="png", dpi=130)
