"""Pictures of a trained network from plain arrays: first filters, feature maps layer by layer, receptive fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from convwise.names import printable
from convwise.report.guide_style import BLUE, GREEN, INK, RED, SOFT, outline, place, save, say, sheet, show

Pair = tuple[float, float]
MAPS_A_LAYER, MOST_LAYERS, MOST_FIELDS, MOST_FILTERS = 8, 12, 10, 30
_FIELD_COLOURS = (BLUE, RED, GREEN, "#8C4C7A", INK)  # neighbours in size are told apart by more than lightness


class Window(Protocol):
    """Where a filter answers: a picture by its number, the centre and the size (height, width) in px."""

    @property
    def picture(self) -> int:
        """Its number."""

    @property
    def centre(self) -> Pair:
        """Of the window."""

    @property
    def size(self) -> Pair:
        """Of the window."""


@dataclass(frozen=True, eq=False)
class Answering:
    """Pictures (height, width, 3 or 1) in 0..255, and for each filter the windows in them that it answers most to."""

    pictures: Sequence[NDArray[Any]]
    windows: Sequence[Sequence[Window]]


def draw_filters(kernels: NDArray[Any], path: str | Path, answering: Answering | None = None) -> None:
    """The first layer's kernels (height, width, 3 or 1, n), each beside what it answers most to, where that is given.

    Each kernel is scaled by its own largest value: gray is zero.
    """
    save(filters_figure(kernels) if answering is None else answers_figure(kernels, answering), path)


def draw_feature_maps(image: NDArray[Any], maps: Sequence[tuple[str, NDArray[Any], str]], path: str | Path) -> None:
    """The image and below it, a row a layer, the eight channels whose values spread most over the positions.

    `image` (height, width, 3 or 1) in 0..255; `maps`: (layer name, (height, width, channels), the activation that they
    are after, "" for none). Of more than 12 layers 12 are shown, evenly spaced, the first and the last among them, and
    the sheet says so.
    """
    save(feature_maps_figure(image, maps), path)


def draw_receptive_fields(
    image: NDArray[Any], fields: Sequence[tuple[str, Pair, Pair, Pair]], path: str | Path
) -> None:
    """What one central unit of each layer sees of the image, as nested boxes.

    `image`: (height, width, 3 or 1) in 0..255. `fields`: (layer name, size, stride, offset), pairs (height, width) in
    pixels of the image; offset is the centre of the first unit's window, 0 being the centre of the first pixel. A box
    that reaches beyond the image is cut there, drawn dashed, and its label says so. Of more than ten layers ten are
    shown, evenly spaced.
    """
    save(receptive_fields_figure(image, fields), path)


def filters_figure(kernels: NDArray[Any]) -> Figure:
    """The sheet of `draw_filters`. Raises ValueError for another number of channels than 3 or 1."""
    height, width, channels, n = kernels.shape
    if channels not in (1, 3):
        raise ValueError(f"kernels of {channels} channels have no colours; 3 or 1 are needed")
    columns = min(n, 8 if n <= 32 else 16)
    side = min(7.18 / columns, 0.85)
    rows = -(-n // columns)
    figure = sheet(
        f"The weights of the first layer: {n} filters of {height} x {width}",
        "Each is scaled by its own largest weight. Gray: zero, lighter: a positive weight, darker: a negative one.",
        height_inches=0.75 + rows * side + 0.1,
    )
    for i in range(n):
        row, column = divmod(i, columns)
        panel = place(figure, 0.16 + column * side, 0.68 + row * side, 0.93 * side, 0.93 * side * height / width)
        show(panel, _in_gray(kernels[:, :, :, i]))
    return figure


def answers_figure(kernels: NDArray[Any], answering: Answering) -> Figure:
    """The kernels, each beside the patches that it answers most to. Raises ValueError as `filters_figure`."""
    height, width, channels, n = kernels.shape
    if channels not in (1, 3):
        raise ValueError(f"kernels of {channels} channels have no colours; 3 or 1 are needed")
    norms = np.sqrt((kernels.astype(np.float64) ** 2).sum(axis=(0, 1, 2)))
    chosen = sorted(np.argsort(-norms, kind="stable")[:MOST_FILTERS].tolist())
    some = f" The {len(chosen)} of {n} with the largest weights." if len(chosen) < n else ""
    pictures = "this picture" if len(answering.pictures) == 1 else f"{len(answering.pictures)} pictures"
    side, columns = 0.42, 3
    figure = sheet(
        f"What the {n} filters of the first layer answer most to",
        f"Left: the {height} x {width} weights, gray is zero. Right: the strongest places in {pictures}; "
        f"the box is what the filter sees.{some}",
        height_inches=0.75 + -(-len(chosen) // columns) * (side + 0.1) + 0.05,
    )
    for number, i in enumerate(chosen):
        row, column = divmod(number, columns)
        left, top = 0.16 + column * 2.45, 0.72 + row * (side + 0.1)
        show(place(figure, left, top, side, side * min(1.0, height / width)), _in_gray(kernels[:, :, :, i]))
        for place_, window in enumerate(answering.windows[i]):
            panel = place(figure, left + 0.5 + place_ * (side + 0.03), top, side)
            _patch(panel, answering.pictures[window.picture], window)
    return figure


def _patch(panel: Axes, picture: NDArray[Any], window: Window) -> None:
    """What lies about a window, three times its size, the window outlined."""
    reach = max(4.5, 1.5 * max(window.size))
    (y, x), (height, width) = window.centre, window.size
    panel.add_patch(Rectangle((x - reach, y - reach), 2 * reach, 2 * reach, facecolor="0.9", zorder=-1))  # no picture
    panel.imshow(_in_colours(picture), interpolation="nearest")
    panel.set(xlim=(x - reach, x + reach), ylim=(y + reach, y - reach))
    for colour, thick in (("white", 2.2), (RED, 1.1)):
        box = Rectangle((x - width / 2, y - height / 2), width, height, fill=False, edgecolor=colour, linewidth=thick)
        panel.add_patch(box)


def _in_gray(kernel: NDArray[Any]) -> NDArray[np.float64]:
    """A kernel (height, width, 3 or 1) as RGB about gray."""
    values = kernel.astype(np.float64)
    largest = float(np.abs(values).max()) or 1.0
    return np.repeat(0.5 + 0.5 * values / largest, 3 // values.shape[2], axis=2)


def feature_maps_figure(image: NDArray[Any], maps: Sequence[tuple[str, NDArray[Any], str]]) -> Figure:
    """The sheet of `draw_feature_maps`."""
    chosen = spaced(maps, MOST_LAYERS)
    rows = f" {len(chosen)} of {len(maps)} layers." if len(chosen) < len(maps) else ""
    side, left, first = 0.68, 1.92, 1.92
    figure = sheet(
        "What each layer answers to this picture",
        f"One row per layer: the {MAPS_A_LAYER} channels whose values spread most, each from its smallest value (dark) "
        f"to its largest.{rows}",
        height_inches=first + len(chosen) * (side + 0.07) + 0.08,
    )
    show(place(figure, left, 0.7, 1.1), _in_colours(image))
    _label(figure, left - 0.08, 1.2, "the picture", f"{image.shape[0]} x {image.shape[1]} px")
    for row, (name, values, after) in enumerate(chosen):
        top = first + row * (side + 0.07)
        for column, channel in enumerate(strongest(values, MAPS_A_LAYER)):
            pixels = values[:, :, channel]
            low, high = float(pixels.min()), float(pixels.max())
            panel = place(figure, left + column * (side + 0.015), top, side)
            # A channel of one value throughout is dark, not a division by zero.
            panel.imshow(
                pixels, cmap="cividis", vmin=low, vmax=high if high > low else low + 1, interpolation="nearest"
            )
        height, width, channels = values.shape
        name = printable(name)
        short = name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"
        said = f"after {after}" if after else "no activation yet"
        _label(figure, left - 0.08, top + 0.26, short, f"{height} x {width} x {channels}", said)
    return figure


def _in_colours(pixels: NDArray[Any]) -> NDArray[Any]:
    """(height, width, 3 or 1) in 0..255 as RGB in 0..1; gray as three equal colours."""
    return np.repeat(np.asarray(pixels), 3 // pixels.shape[2], axis=2) / 255


def _label(figure: Figure, right: float, top: float, name: str, *notes: str) -> None:
    say(figure, right, top, name, fontsize=8, ha="right")
    for line, note in enumerate(notes, start=1):
        say(figure, right, top + 0.15 * line, note, fontsize=7.8, ha="right", color=SOFT)


def strongest(maps: NDArray[Any], n: int) -> list[int]:
    """The n channels of (height, width, channels) with the largest standard deviation over the positions, in order."""
    spread = np.asarray(maps, np.float64).std(axis=(0, 1))
    return [int(channel) for channel in np.argsort(-spread, kind="stable")[:n]]


def spaced(items: Sequence[Any], most: int) -> list[Any]:
    """All of the items, or `most` of them evenly spaced, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]


@dataclass(frozen=True)
class SeenArea:
    """What the unit nearest to the image's centre sees: edges in pixels of the image, cut where it ends."""

    top: float
    left: float
    bottom: float
    right: float
    is_cut: bool


def seen_area(image_size: tuple[int, int], size: Pair, stride: Pair, offset: Pair) -> SeenArea:
    """The window of the central unit. Pixel i covers i - 0.5 to i + 0.5, so an uncut image reaches from -0.5.

    The window's centre is offset + i x stride (Araujo, Norris and Sim 2019, Computing receptive fields of
    convolutional neural networks, Distill), for the i that comes nearest to the centre of the image.
    """
    lows, highs, is_cut = [], [], False
    for length, reach, step, first in zip(image_size, size, stride, offset, strict=True):
        nearest = max(0, round(((length - 1) / 2 - first) / step)) if step else 0
        centre = first + nearest * step
        low, high = centre - reach / 2, centre + reach / 2
        is_cut |= low < -0.5 or high > length - 0.5
        lows.append(min(max(low, -0.5), length - 0.5))
        highs.append(max(min(high, length - 0.5), -0.5))
    return SeenArea(lows[0], lows[1], highs[0], highs[1], is_cut)


def receptive_fields_figure(image: NDArray[Any], fields: Sequence[tuple[str, Pair, Pair, Pair]]) -> Figure:
    """The sheet of `draw_receptive_fields`."""
    by_size = sorted(fields, key=lambda each: (each[1][0] * each[1][1], each[1]))
    chosen = spaced(by_size, MOST_FIELDS)
    some = f" {len(chosen)} of {len(fields)} layers." if len(chosen) < len(fields) else ""
    height, width = image.shape[:2]
    side = 3.6
    figure = sheet(
        "How much of the picture one unit of each layer sees",
        f"The unit nearest to the centre, the smallest field first. Dashed: cut at the picture's edge.{some}",
        height_inches=0.72 + side + 0.12,
    )
    tall, wide = (side, side * width / height) if height >= width else (side * height / width, side)
    panel = place(figure, 0.16, 0.72, wide, tall)
    show(panel, _in_colours(image))
    outline(panel, height, width)
    taken: list[tuple[float, float]] = []
    for row, (name, size, stride, offset) in enumerate(chosen):
        colour = _FIELD_COLOURS[row % len(_FIELD_COLOURS)]
        area = seen_area((height, width), size, stride, offset)
        box = (area.left, area.top), area.right - area.left, area.bottom - area.top
        # White below the colour: every box stands out on a dark picture as on a light one.
        panel.add_patch(Rectangle(*box, fill=False, edgecolor="white", linewidth=3.2, clip_on=False))
        style = (0, (4, 2)) if area.is_cut else "-"
        panel.add_patch(Rectangle(*box, fill=False, edgecolor=colour, linewidth=1.8, linestyle=style, clip_on=False))
        _numbered(panel, area, f"{row + 1}", colour, taken)
        top = 0.86 + 0.36 * row
        key = place(figure, 4.0, top - 0.075, 0.3, 0.06)
        key.plot([0, 1], [0, 0], color=colour, linewidth=2.4, linestyle=style)
        name = printable(name)
        short = name if len(name) <= 30 else f"{name[:14]}…{name[-15:]}"
        say(figure, 4.4, top, f"{row + 1}  {short}", fontsize=8.5)
        seen = f"field {size[0]:g} x {size[1]:g} px, stride {stride[0]:g}"
        say(figure, 4.4, top + 0.15, seen + (", cut at the edge" if area.is_cut else ""), fontsize=7.8, color=SOFT)
    return figure


def _numbered(panel: Axes, area: SeenArea, number: str, colour: Any, taken: list[tuple[float, float]]) -> None:
    """The number of a box at the first of its corners that has none yet; a box without such a corner goes without."""
    least = 0.06 * (panel.get_xlim()[1] - panel.get_xlim()[0])
    corners = {("left", "top"): (area.left, area.top), ("right", "bottom"): (area.right, area.bottom),
               ("right", "top"): (area.right, area.top), ("left", "bottom"): (area.left, area.bottom)}  # fmt: skip
    for (across, up), (x, y) in corners.items():
        if all(abs(x - other_x) + abs(y - other_y) > least for other_x, other_y in taken):
            taken.append((x, y))
            panel.text(x, y, number, fontsize=7.5, weight="bold", color="white", ha=across, va=up,
                       bbox={"facecolor": colour, "edgecolor": "white", "linewidth": 0.6, "pad": 1.4})  # fmt: skip
            return
