"""The guide's figures, one a parameter: what a real convolution answered, side by side. Draws, computes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from convwise.nets.guide.records import Array, Example
from convwise.report import guide_curves
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
    save,
    say,
    sheet,
    show,
)


def draw_guide_figure(example: Example, path: str | Path) -> None:
    """Writes the figure of one parameter as a PNG, 900 pixels wide."""
    save(guide_figure(example), path, colours=200)


def guide_figure(example: Example) -> Figure:
    """The figure of one parameter."""
    return _FIGURES[example.parameter](example)


def _filters(example: Example) -> Figure:
    figure = sheet(
        "Every filter is one kernel and makes one map",
        "Eight 5x5x3 kernels on one picture. In the maps red: the pattern is there, blue: its opposite.",
        height_inches=3.25,
    )
    full = example.cases[-1]
    assert full.maps is not None
    assert full.kernels is not None
    show(place(figure, 0.16, 1.15, 0.95), example.image)
    caption(figure, 0.16, 2.27, "the picture", width=0.95)
    for i in range(8):
        left = 1.35 + 0.76 * i
        show(place(figure, left + 0.15, 0.68, 0.4), _coloured(full.kernels[:, :, 3 * i : 3 * i + 3]))
        show(panel := place(figure, left, 1.15, 0.7), full.maps[:, :, i], signed=True)
        outline(panel, *full.maps.shape[:2])
    for row, case in enumerate(example.cases):
        assert case.maps is not None
        n, top = case.maps.shape[2], 2.12 + 0.42 * row
        panel = place(figure, 1.35, top - 0.12, 0.76 * n - 0.06, 0.08)
        panel.plot([0, 0, 1, 1], [1, 0, 0, 1], color=BLUE, linewidth=1.3, clip_on=False)
        panel.set(xlim=(0, 1), ylim=(0, 1))
        say(figure, 1.35, top + 0.13, f"{case.label}: {case.note}", fontsize=8.5)
    return figure


def _kernel_size(example: Example) -> Figure:
    figure = sheet(
        "A larger window blurs more and answers to coarser edges",
        "Two kernels in four sizes: the mean of the window above, a slope at 30 degrees below. Boxes: the window.",
        height_inches=4.75,
    )
    for column, case in enumerate(example.cases):
        assert case.maps is not None
        assert case.kernels is not None
        left, size = 0.45 + 1.75 * column, case.kernels.shape[0]
        for row, signed in enumerate((False, True)):
            top = 0.72 + 1.72 * row
            maps = case.maps[:, :, row]
            # All at one scale: 64 pixels are 1.6 inches wide.
            side = 1.6 * len(maps) / 64
            panel = place(figure, left + (1.6 - side) / 2, top + (1.6 - side) / 2, side)
            show(panel, maps, signed=signed)
            outline(panel, *maps.shape)
            panel.add_patch(Rectangle((3, 3), size, size, fill=False, edgecolor=ORANGE, linewidth=1.8))
        caption(figure, left, 4.35, case.label, case.note, width=1.6)
    say(figure, 0.3, 1.52, "mean", rotation=90, color=SOFT, va="center", ha="center")
    say(figure, 0.3, 3.24, "slope", rotation=90, color=SOFT, va="center", ha="center")
    return figure


def _strides(example: Example) -> Figure:
    figure = sheet(
        "A stride of 2 keeps every second window each way: a quarter of the map",
        "Above: where the windows stand (dots: centres, box: the first 3x3 window). Below: the maps at one scale.",
        height_inches=4.3,
    )
    edge = 12
    for stride, case in enumerate(example.cases, start=1):
        left = 0.3 + 1.8 * (stride - 1)
        panel = place(figure, left, 0.72, 1.4)
        show(panel, example.image[48 : 48 + edge, 34 : 34 + edge], limits=(0.1, 1.0))
        centres = np.arange(1, edge - 1, stride)
        x, y = np.meshgrid(centres, centres)
        panel.scatter(x, y, s=11, color=ORANGE, edgecolor="white", linewidth=0.4)
        panel.add_patch(Rectangle((-0.5, -0.5), 3, 3, fill=False, edgecolor=RED, linewidth=1.8, clip_on=False))
        assert case.maps is not None
        side = 1.5 * len(case.maps) / 94
        show(place(figure, left + (1.4 - side) / 2, 2.3 + (1.5 - side) / 2, side), case.maps[:, :, 0], limits=(0.2, 1))
        caption(figure, left, 3.98, case.label, case.note, width=1.4)
    return figure


def _padding(example: Example) -> Figure:
    figure = sheet(
        "'valid' loses an edge in every layer; 'same' lets zeros creep inwards",
        "A 7x7 mean, one layer after the other. Dotted: the size of the picture. Orange: as far as zeros have reached.",
        height_inches=4.15,
    )
    size = example.image.shape[0]
    for row, case in enumerate(example.cases):
        top = 0.78 + 1.72 * row
        for column, maps in enumerate((example.image, *case.series)):
            left = 0.36 + 1.42 * column
            panel = place(figure, left, top, 1.3)
            edge = (size - len(maps)) / 2
            panel.imshow(
                maps,
                cmap="gray",
                vmin=0.2,
                vmax=1,
                interpolation="nearest",
                extent=(edge, edge + len(maps), edge + len(maps), edge),
            )
            panel.set(xlim=(-0.6, size + 0.6), ylim=(size + 0.6, -0.6))
            panel.add_patch(Rectangle((0, 0), size, size, fill=False, edgecolor=SOFT, linestyle=":", linewidth=1))
            if row == 1 and column:
                reach = 3 * column
                box = (reach, reach), size - 2 * reach, size - 2 * reach
                panel.add_patch(Rectangle(*box, fill=False, edgecolor=ORANGE, linewidth=1.4))
            name = f"layer {column}" if column else "the picture"
            caption(figure, left, top + 1.45, f"{name}: {len(maps)} x {len(maps)}", width=1.3)
        say(figure, 0.22, top + 0.65, case.label, rotation=90, va="center", ha="center", weight="bold")
    return figure


def _data_format(example: Example) -> Figure:
    last, first, difference = example.cases
    figure = sheet(
        "The same numbers in another order, and the same answer",
        "Left: how the first pixels lie in memory. Right: the three output channels of the same kernels.",
        height_inches=3.6,
    )
    colours = (RED, GREEN, BLUE)
    for row, case in enumerate((last, first)):
        top = 0.85 + 1.35 * row
        say(figure, 0.16, top, case.label, weight="bold")
        say(figure, 0.16, top + 0.17, case.note, fontsize=7.8, color=SOFT)
        panel = place(figure, 0.16, top + 0.3, 3.0, 0.3)
        for i in range(12):
            channel, pixel = (i % 3, i // 3) if row == 0 else (i // 4, i % 4)
            panel.add_patch(Rectangle((i + 0.04, 0), 0.92, 1, color=colours[channel]))
            text = f"{'RGB'[channel]}{pixel}"
            panel.text(i + 0.5, 0.47, text, ha="center", va="center", fontsize=8, color="white", weight="bold")
        panel.set(xlim=(0, 12), ylim=(0, 1))
        assert case.maps is not None
        for channel in range(3):
            show(panel := place(figure, 3.6 + 1.22 * channel, top - 0.12, 1.14), case.maps[:, :, channel], signed=True)
            outline(panel, *case.maps.shape[:2])
    say(figure, 3.6, 3.43, f"largest difference between the two rows: {difference.note}", color=INK)
    return figure


def _dilation_rate(example: Example) -> Figure:
    figure = sheet(
        "Gaps let nine weights see further, and the picture keeps its resolution",
        "Above: the upper half of the star, with the nine taps. Below: a 3x3 slope at 30 degrees with those gaps.",
        height_inches=5.05,
    )
    for column, (rate, case) in enumerate(zip((1, 2, 4), example.cases, strict=True)):
        left = 0.3 + 2.42 * column
        panel = place(figure, left + 0.15, 0.72, 1.8)
        show(panel, example.image[16:46, 17:47], limits=(0.15, 0.95))
        centre_x, centre_y, reach = 20, 10, 2 * rate + 1
        x, y = np.meshgrid(centre_x + rate * np.array([-1, 0, 1]), centre_y + rate * np.array([-1, 0, 1]))
        panel.scatter(x, y, s=22, marker="s", color=ORANGE, edgecolor="white", linewidth=0.6)
        corner = centre_x - rate - 0.5, centre_y - rate - 0.5
        panel.add_patch(Rectangle(corner, reach, reach, fill=False, edgecolor=RED, linewidth=1.6))
        assert case.maps is not None
        side = 1.9 * len(case.maps) / 64
        panel = place(figure, left + 0.1 + (1.9 - side) / 2, 2.66 + (1.9 - side) / 2, side)
        show(panel, case.maps[:, :, 0], signed=True)
        outline(panel, *case.maps.shape[:2])
        caption(figure, left, 4.72, case.label, case.note, width=2.1)
    return figure


def _groups(example: Example) -> Figure:
    figure = sheet(
        "With groups, an output channel hears only its own part of the inputs",
        "Eight channels, each an edge in another direction. Above: which reach which. Below: the first output.",
        height_inches=4.5,
    )
    for column, case in enumerate(example.cases):
        left = 0.42 + 1.76 * column
        assert case.maps is not None
        assert case.kernels is not None
        panel = place(figure, left, 0.9, 1.45, 1.0)
        groups = int(case.label.partition("=")[2])
        for i, j in zip(*np.nonzero(case.kernels[:, :, 0]), strict=True):
            colour = (BLUE, ORANGE, GREEN, RED)[(i * groups // 8) % 4]
            panel.plot([i, j], [1, 0], color=colour, linewidth=0.9, alpha=0.8, zorder=1)
        panel.scatter([*range(8), *range(8)], [1] * 8 + [0] * 8, s=26, color=INK, zorder=2, clip_on=False)
        panel.set(xlim=(-0.4, 7.4), ylim=(-0.12, 1.12))
        show(panel := place(figure, left, 2.28, 1.45), case.maps[:, :, 0])
        outline(panel, *case.maps.shape[:2])
        caption(figure, left, 4.02, case.label, case.note, width=1.45)
    say(figure, 0.26, 0.98, "in", color=SOFT, ha="center")
    say(figure, 0.26, 1.86, "out", color=SOFT, ha="center")
    return figure


def _activation(example: Example) -> Figure:
    figure = sheet(
        "An activation bends the answer, above all below zero",
        "Above: output against input, from -3 to 3. Below: the answer to a slope at 30 degrees, one colour scale.",
        height_inches=3.75,
    )
    for column, case in enumerate(example.cases):
        left = 0.2 + 1.45 * column
        ramp, curve = case.series
        panel = place(figure, left, 0.75, 1.28, 1.1)
        panel.plot([-3, 3], [0, 0], color=LINE, linewidth=0.8)
        panel.plot([0, 0], [-3, 3], color=LINE, linewidth=0.8)
        panel.plot(ramp, curve, color=BLUE, linewidth=2)
        panel.set(xlim=(-3, 3), ylim=(-3.1, 3.1))
        assert case.maps is not None
        show(panel := place(figure, left, 2.05, 1.28), case.maps[:, :, 0], signed=True, limits=(-3, 3))
        outline(panel, *case.maps.shape[:2])
        caption(figure, left, 3.56, case.label.removeprefix("activation="), width=1.28)
    return figure


def _use_bias(example: Example) -> Figure:
    figure = sheet(
        "A bias is a threshold, and batch normalisation takes it out again",
        "The answer to a slope, with three biases. Above: ReLU. Below: batch normalisation, then ReLU.",
        height_inches=4.9,
    )
    for column, case in enumerate(example.cases):
        left = 0.7 + 2.2 * column
        assert case.maps is not None
        for row in range(2):
            show(panel := place(figure, left, 0.74 + 1.9 * row, 1.75), case.maps[:, :, row], signed=True)
            outline(panel, *case.maps.shape[:2])
        caption(figure, left, 4.58, case.label, case.note + " above", width=1.75)
    say(figure, 0.4, 1.62, "ReLU", rotation=90, va="center", ha="center", weight="bold")
    say(figure, 0.4, 3.52, "normalised, ReLU", rotation=90, va="center", ha="center", weight="bold")
    say(figure, 7.28, 3.52, "all three are equal", rotation=270, va="center", ha="center", color=SOFT)
    return figure


def _coloured(kernel: Array) -> Array:
    """A kernel of three channels as a picture: zero is gray, and the largest value reaches the end of the scale."""
    scaled: Array = 0.5 + 0.5 * kernel / np.abs(kernel).max()
    return scaled


_FIGURES: dict[str, Callable[[Example], Figure]] = {
    "filters": _filters,
    "kernel_size": _kernel_size,
    "strides": _strides,
    "padding": _padding,
    "data_format": _data_format,
    "dilation_rate": _dilation_rate,
    "groups": _groups,
    "activation": _activation,
    "use_bias": _use_bias,
    "kernel_initializer": guide_curves.kernel_initializer,
    "bias_initializer": guide_curves.bias_initializer,
    "kernel_regularizer": guide_curves.kernel_regularizer,
    "bias_regularizer": guide_curves.bias_regularizer,
    "activity_regularizer": guide_curves.activity_regularizer,
    "kernel_constraint": guide_curves.kernel_constraint,
    "bias_constraint": guide_curves.bias_constraint,
}
