"""The look of the guide's and the network's pictures: 900 pixels wide, few colours, told apart by colour-blind eyes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from convwise.files import write_atomically

# Okabe and Ito (2008).
BLUE, ORANGE, GREEN, RED, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9"
INK, SOFT, LINE = "0.15", "0.42", "0.8"
DPI, WIDTH_INCHES = 120, 7.5  # 900 pixels
DIVERGING = "RdBu_r"  # negative blue, zero white, positive red


def sheet(title: str, subtitle: str, *, height_inches: float) -> Figure:
    """An empty sheet with what to see in bold and how it was made below. Leave the top 0.62 inches to them."""
    figure = Figure(figsize=(WIDTH_INCHES, height_inches), dpi=DPI, facecolor="white")
    figure.text(0.16 / WIDTH_INCHES, 1 - 0.25 / height_inches, title, fontsize=11, weight="bold", color=INK)
    figure.text(0.16 / WIDTH_INCHES, 1 - 0.45 / height_inches, subtitle, fontsize=8.5, color=SOFT)
    return figure


def place(
    figure: Figure, left: float, top: float, width: float, height: float | None = None, *, frame: bool = False
) -> Axes:
    """A panel at inches from the left and the top edge; square unless told a height; without axes unless framed."""
    high = figure.get_size_inches()[1]
    tall = width if height is None else height
    panel = figure.add_axes((left / WIDTH_INCHES, 1 - (top + tall) / high, width / WIDTH_INCHES, tall / high))
    if frame:
        panel.spines[["top", "right"]].set_visible(False)
        panel.spines[["left", "bottom"]].set_color(LINE)
        panel.tick_params(labelsize=7.5, colors=SOFT, length=2)
    else:
        panel.set_axis_off()
    return panel


def say(figure: Figure, left: float, top: float, text: str, **look: Any) -> None:
    """Text at inches from the left and the top edge (its base line). No formulas: names hold underscores."""
    high = figure.get_size_inches()[1]
    look = {"fontsize": 8.5, "color": INK, "parse_math": False, **look}
    figure.text(left / WIDTH_INCHES, 1 - top / high, text, **look)


def caption(figure: Figure, left: float, top: float, label: str, note: str = "", *, width: float = 0.0) -> None:
    """A label in ink and a softer note below it; centred over `width` inches where that is given."""
    where = {"ha": "center"} if width else {}
    say(figure, left + width / 2, top, label, fontsize=8.5, **where)
    if note:
        say(figure, left + width / 2, top + 0.16, note, fontsize=8, color=SOFT, **where)


def show(panel: Axes, pixels: NDArray[Any], *, limits: tuple[float, float] | None = None, signed: bool = False) -> None:
    """An array as it is, pixel by pixel: RGB, gray between `limits`, or colours about zero up to the largest value."""
    if signed:
        bound = float(np.abs(pixels).max()) or 1.0
        low, high = limits or (-bound, bound)
        panel.imshow(pixels, cmap=DIVERGING, vmin=low, vmax=high, interpolation="nearest")
    elif pixels.ndim == 3:
        panel.imshow(np.clip(pixels, 0, 1), interpolation="nearest")
    else:
        low, high = limits or (float(pixels.min()), float(pixels.max()) or 1.0)
        panel.imshow(pixels, cmap="gray", vmin=low, vmax=high, interpolation="nearest")


def outline(panel: Axes, height: float, width: float, *, colour: str = LINE, style: str = "-") -> None:
    """A thin frame around pixels 0..width, 0..height, half of it outside."""
    x, y = [-0.5, width - 0.5, width - 0.5, -0.5, -0.5], [-0.5, -0.5, height - 0.5, height - 0.5, -0.5]
    panel.plot(x, y, color=colour, linewidth=1, linestyle=style, clip_on=False)


def save(figure: Figure, path: str | Path, *, colours: int | None = None) -> None:
    """Writes the PNG; `colours` (2 to 256) picks so many that fit it: a third of the size, a little less exact."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    picture = Image.open(buffer).convert("RGB")
    if colours:
        picture = picture.quantize(colours, dither=Image.Dither.NONE)
    with write_atomically(Path(path)) as file:
        picture.save(file, format="PNG", optimize=True)
