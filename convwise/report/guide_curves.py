"""The guide's figures that are curves, histograms and kernels rather than maps: initial values, penalties, limits."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from convwise.nets.guide.records import Array, Example
from convwise.report.guide_style import (
    BLUE,
    GREEN,
    INK,
    LINE,
    ORANGE,
    RED,
    SOFT,
    caption,
    outline,
    place,
    say,
    sheet,
    show,
)


def kernel_initializer(example: Example) -> Figure:
    """Kernels above, the spread of the outputs through eight layers below."""
    figure = sheet(
        "Drawn too small, the signal dies in eight layers; too large, it blows up",
        "Above: first kernels. Below: outputs before each ReLU, layers 1 to 8, from -4 to 4; beyond: at the rim.",
        height_inches=4.75,
    )
    bins = np.linspace(-4, 4, 65)
    for column, case in enumerate(example.cases):
        left = 0.42 + 1.77 * column
        assert case.kernels is not None
        tiles = _tiles(case.kernels[:, :, :16], columns=8)
        show(place(figure, left, 0.72, 1.58, 0.42), tiles, signed=True, limits=(-0.08, 0.08))
        panel = place(figure, left, 1.3, 1.58, 2.8)
        for depth, outputs in enumerate(case.series):
            counts, _ = np.histogram(np.clip(outputs, -4, 4), bins)
            height = 0.92 * np.sqrt(counts / counts.max())
            middle = (bins[1:] + bins[:-1]) / 2
            panel.fill_between(middle, -depth, height - depth, color=BLUE, alpha=0.85, linewidth=0, step="mid")
            panel.plot([-4, 4], [-depth, -depth], color=LINE, linewidth=0.6)
        panel.set(xlim=(-4, 4), ylim=(-7.05, 1))
        caption(figure, left, 4.3, case.label, case.note, width=1.58)
        if column == 0:
            for depth in range(8):
                say(figure, 0.34, 1.3 + 2.8 * (1 + depth) / 8.05 - 0.06, str(depth + 1), color=SOFT, ha="right")
    return figure


def bias_initializer(example: Example) -> Figure:
    """What a ReLU lets through at the start."""
    figure = sheet(
        "The first bias decides how much a ReLU lets through at the start",
        "Outputs of 32 fresh he_normal filters before the ReLU, all positions. Blue passes, gray is cut.",
        height_inches=2.9,
    )
    bins = np.linspace(-4, 4, 81)
    for column, case in enumerate(example.cases):
        left = 0.3 + 1.78 * column
        panel = place(figure, left, 0.72, 1.58, 1.35, frame=True)
        counts, _ = np.histogram(case.series[0], bins)
        middle = (bins[1:] + bins[:-1]) / 2
        colours = [BLUE if x > 0 else LINE for x in middle]
        panel.bar(middle, counts, width=0.1, color=colours)
        panel.axvline(0, color=INK, linewidth=0.8)
        panel.set(xlim=(-4, 4), yticks=[], xticks=[-4, 0, 4])
        panel.spines["left"].set_visible(False)
        caption(figure, left, 2.48, case.label, case.note, width=1.58)
    return figure


def kernel_regularizer(example: Example) -> Figure:
    """The kernels found under each penalty, and their weights."""
    figure = sheet(
        "A penalty on weights: L2 shrinks the whole kernel, L1 empties most of it",
        "One 9x9 kernel learned from noisy outputs for a small picture, 300 steps. Below: its 81 weights by size.",
        height_inches=3.55,
    )
    truth = example.cases[0]
    bound = 1.6 * float(np.abs(truth.series[0]).max())
    for column, case in enumerate(example.cases):
        left = 0.3 + 1.43 * column
        assert case.kernels is not None
        panel = place(figure, left, 0.72, 1.22)
        show(panel, case.kernels[:, :, 0], signed=True, limits=(-bound, bound))
        outline(panel, 9, 9)
        panel = place(figure, left, 2.12, 1.22, 0.8, frame=True)
        order = np.sort(case.series[0])
        panel.bar(range(81), order, width=1.0, color=np.where(order > 0, RED, BLUE).tolist())
        panel.set(xlim=(-1, 81), ylim=(-0.75 * bound, 0.75 * bound), xticks=[], yticks=[])
        panel.spines[["left", "bottom"]].set_visible(False)
        panel.axhline(0, color=LINE, linewidth=0.8)
        caption(figure, left, 3.2, case.label, case.note, width=1.22)
    return figure


def bias_regularizer(example: Example) -> Figure:
    """The bias on its way to 1."""
    figure = sheet(
        "A penalty on the bias: at usual strength nothing happens",
        "One convolution learns a picture that is 1 too light: the bias should be 1. A high penalty stops it short.",
        height_inches=2.95,
    )
    panel = place(figure, 0.5, 0.72, 4.9, 1.8, frame=True)
    panel.axhline(1, color=LINE, linewidth=1)
    looks = ((INK, "-", 3.2), (ORANGE, "--", 1.6), (BLUE, "-", 1.6), (RED, "-", 1.6))
    for case, (colour, style, width) in zip(example.cases, looks, strict=True):
        panel.plot(case.series[0], color=colour, linestyle=style, linewidth=width)
    panel.set(xlim=(0, len(example.cases[0].series[0])), ylim=(0, 1.12), yticks=[0, 0.5, 1])
    panel.set_xlabel("step", fontsize=8, color=SOFT)
    for row, (case, (colour, style, width)) in enumerate(zip(example.cases, looks, strict=True)):
        top = 0.9 + 0.32 * row
        key = place(figure, 5.55, top - 0.06, 0.3, 0.05)
        key.plot([0, 1], [0, 0], color=colour, linestyle=style, linewidth=width)
        say(figure, 5.93, top, case.label, fontsize=8.5)
        say(figure, 7.35, top, case.note, fontsize=8, color=SOFT, ha="right")
    return figure


def activity_regularizer(example: Example) -> Figure:
    figure = sheet(
        "A penalty on outputs makes them sparse: few units respond",
        "Eight filters with ReLU, trained so that another convolution redraws the picture. White: zero.",
        height_inches=3.95,
    )
    gray: Array = example.image.mean(axis=2)
    show(place(figure, 0.16, 1.7, 0.85), gray)
    caption(figure, 0.16, 2.7, "the picture", width=0.85)
    largest = max(float(case.maps.max()) for case in example.cases if case.maps is not None)
    for row, case in enumerate(example.cases):
        assert case.maps is not None
        top = 0.72 + 1.07 * row
        for i in range(8):
            panel = place(figure, 1.25 + 0.765 * i, top, 0.72)
            panel.imshow(np.sqrt(case.maps[:, :, i] / largest), cmap="Blues", vmin=0, vmax=0.8, interpolation="nearest")
            outline(panel, *case.maps.shape[:2])
        say(figure, 1.25, top + 0.88, f"{case.label}: {case.note}")
    return figure


def kernel_constraint(example: Example) -> Figure:
    """Weights and filters' lengths before and after one projection."""
    figure = sheet(
        "What each limit does to a kernel, and what an axis left at 0 does not",
        "24 filters, one update. Above: all weights before (gray) and after. Below: each filter's length, 0 to 4.4.",
        height_inches=4.2,
    )
    bins = np.linspace(-2, 2, 61)
    for column, case in enumerate(example.cases):
        left, wide = 0.42 + 1.42 * column, 1.26
        before, after, lengths_before, lengths_after = case.series
        colour = RED if "left" in case.label else BLUE
        panel = place(figure, left, 0.75, wide, 0.95, frame=True)
        tallest = float(np.histogram(before, bins)[0].max()) * 1.5
        panel.hist(before, bins.tolist(), color=LINE)
        panel.hist(after, bins.tolist(), histtype="step", color=colour, linewidth=1.3)
        panel.set(xlim=(-2, 2), ylim=(0, tallest), yticks=[], xticks=[-2, 0, 2])
        panel.spines["left"].set_visible(False)
        panel = place(figure, left, 2.05, wide, 1.4, frame=True)
        x = np.arange(len(lengths_before))
        panel.vlines(x, lengths_before, lengths_after, color=LINE, linewidth=1)
        panel.scatter(x, lengths_before, s=7, color="0.65")
        panel.scatter(x, lengths_after, s=9, color=colour, zorder=3)
        panel.set(xlim=(-1, 24), ylim=(0, 4.4), xticks=[], yticks=[0, 1, 2, 3, 4] if column == 0 else [])
        said = case.label.replace(", axis", ",\naxis").replace("UnitNorm(axis", "UnitNorm(\naxis")
        say(figure, left + wide / 2, 3.62, said, ha="center", va="top", fontsize=8)
    return figure


def bias_constraint(example: Example) -> Figure:
    """Sixteen biases before and after one projection."""
    figure = sheet(
        "A limit on the bias: non_neg cuts, a norm scales the whole row",
        "The biases of 16 filters before (gray) and after one update.",
        height_inches=2.85,
    )
    for column, case in enumerate(example.cases):
        left, wide = 0.42 + 2.4 * column, 2.1
        before, after = case.series
        panel = place(figure, left, 0.72, wide, 1.4, frame=True)
        x = np.arange(len(before))
        panel.bar(x, before, width=0.85, color="0.86")
        panel.bar(x, after, width=0.5, color=GREEN if case.label == "non_neg" else BLUE)
        panel.axhline(0, color=SOFT, linewidth=0.8)
        panel.set(xlim=(-0.8, 15.8), ylim=(-2.6, 2.6), xticks=[], yticks=[-2, 0, 2] if column == 0 else [])
        panel.spines["bottom"].set_visible(False)
        caption(figure, left, 2.4, case.label, case.note, width=wide)
    return figure


def _tiles(kernels: Array, *, columns: int) -> Array:
    """Kernels (height, width, number) on a sheet, a white line between them."""
    height, width, n = kernels.shape
    rows = -(-n // columns)
    tiles = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1), np.float32)
    for i in range(n):
        row, column = divmod(i, columns)
        y, x = row * (height + 1), column * (width + 1)
        tiles[y : y + height, x : x + width] = kernels[:, :, i]
    return tiles
