"""guide: the sixteen parameters explained, and a figure of each."""

from __future__ import annotations

from pathlib import Path

from convwise.conv2d.guide import Guidance, guide, guide_list, guide_text
from convwise.errors import RequestError
from convwise.nets.backend import require_backend
from convwise.places import file_to_write, named

__all__ = ["Guidance", "draw_figure", "guide", "guide_list", "guide_text"]


def draw_figure(parameter: str, path: str | Path) -> Path:
    """Computes the parameter's example with a real convolution and writes its figure; returns where.

    Takes from one to fifteen seconds, most of it Keras's start. Raises RequestError for an unknown parameter or a
    file that is not named .png, ConvwiseError where it cannot be written.
    """
    target = named(path, "figure")
    name = guide(parameter).parameter
    if target.suffix.lower() != ".png":
        example = target.with_suffix(".png") if target.name else "figure.png"
        raise RequestError(f"figure={path}: the figure is a PNG; name it {example}")
    file_to_write(target, "figure")
    require_backend()
    from convwise.nets.guide.examples import guide_example
    from convwise.report.guide_figures import draw_guide_figure

    draw_guide_figure(guide_example(name), target)
    return target
