"""How estimates narrow from look to look, by accuracy alone and with the score: a picture of stored whole trainings.

    python benchmarks/truth_figure.py hard kernel_regularizer kernel_size --out docs/images/study-looks.svg

The blocks are taken in the order in which they were trained, and estimated by the code of the study itself.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from machine import machine
from matplotlib.axes import Axes
from stored_blocks import STORE, Store, opened

from convwise.study.estimates import Estimate
from convwise.study.looks import LOOKS, level_for
from convwise.study.ruler import fitted
from convwise.study.weighing import weighed

WAYS = {"by accuracy alone": ("#8a5a00", -0.11), "with the score": ("#0b5fa5", 0.11)}
"""Colour, and how far beside the look."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("easy", "hard"))
    parser.add_argument("changes", nargs="+", metavar="CHANGE")
    parser.add_argument("--store", type=Path, default=STORE)
    parser.add_argument("--smallest-effect", type=float, default=1.0, help="points")
    parser.add_argument("--out", type=Path, required=True, help="an .svg file")
    options = parser.parse_args()
    store = opened(options.store / options.set)
    values = json.loads((options.store / f"{options.set}-levels.json").read_text())
    looks = [look for look in LOOKS if look <= len(store.blocks)]
    level = level_for(looks[-1])
    print(machine())
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "convwise", "font.size": 10, "font.family": "sans-serif"}
    n = len(options.changes)
    figure, (panels,) = plt.subplots(1, n, figsize=(4.4 * n, 3.4), sharey=True, squeeze=False)
    ways = dict(zip(WAYS, (by_look(store.without_scores(), looks), by_look(store, looks)), strict=True))
    for panel, change in zip(panels, options.changes, strict=True):
        found = {way: {look: each[change] for look, each in looked.items()} for way, looked in ways.items()}
        for way, estimates in found.items():
            for look, each in estimates.items():
                low, high = each.interval(level)
                print(f"{change}, {look} blocks, {way}: {each.estimate:+.2f} ({low:+.2f} to {high:+.2f})")
        panel.set_title(" ".join(values[change]).partition(".")[2], fontsize=10, loc="left")
        draw(panel, found, level, options.smallest_effect)
    first = figure.axes[0]
    first.set_ylabel("effect, points of accuracy")
    first.legend(frameon=False, loc="lower right", fontsize=9)
    figure.tight_layout()
    figure.savefig(options.out, metadata={"Date": None})


def by_look(store: Store, looks: list[int]) -> dict[int, Mapping[str, Estimate]]:
    """The estimates after so many blocks, by name; with the score where the store has it."""
    found = {}
    for look in looks:
        readings = store.readings(store.blocks[:look])
        found[look] = weighed(readings, fitted(readings))
    return found


def draw(panel: Axes, found: Mapping[str, Mapping[int, Estimate]], level: float, smallest: float) -> None:
    """Intervals side by side at each look, over the band of effects that are not worth having."""
    panel.axhspan(-smallest, smallest, color="#000000", alpha=0.07, linewidth=0)
    panel.axhline(0, color="#777777", linewidth=0.8)
    for way, estimates in found.items():
        colour, aside = WAYS[way]
        for place, each in enumerate(estimates.values()):
            low, high = each.interval(level)
            panel.plot([place + aside] * 2, [low, high], color=colour, linewidth=2, solid_capstyle="round")
        middles = [each.estimate for each in estimates.values()]
        panel.plot(
            [place + aside for place in range(len(middles))], middles, "o", color=colour, markersize=5, label=way
        )
    panel.set_xticks(range(len(estimates)), [str(look) for look in estimates])
    panel.set_xlabel("blocks")
    panel.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
