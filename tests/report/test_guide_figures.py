"""The guide's figures in docs/: all there, small, of one width; drawn without Keras, the same bytes every time."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.conv2d import PARAMETERS
from convwise.nets.guide.examples import guide_example
from convwise.report.guide_figures import draw_guide_figure, guide_figure

FIGURES = Path(__file__).resolve().parents[2] / "docs" / "figures"
QUICK = tuple(name for name in PARAMETERS if not name.endswith("regularizer"))


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_page_s_figure_is_there_and_small(name: str) -> None:
    path = FIGURES / f"{name}.png"
    assert path.stat().st_size < 80_000
    with Image.open(path) as picture:
        assert picture.width == 900


@pytest.mark.parametrize("name", QUICK)
def test_every_text_of_a_figure_lies_on_it(name: str) -> None:
    figure = guide_figure(guide_example(name))
    figure.canvas.draw()
    width, height = figure.canvas.get_width_height()
    for text in figure.texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text


@pytest.mark.parametrize("name", ["strides", "kernel_constraint"])
def test_a_figure_drawn_again_is_the_one_on_the_page(name: str, tmp_path: Path) -> None:
    draw_guide_figure(guide_example(name), tmp_path / "again.png")
    with Image.open(tmp_path / "again.png") as new, Image.open(FIGURES / f"{name}.png") as old:
        again, page = (np.asarray(picture.convert("RGB"), np.float64) for picture in (new, old))
    assert again.shape == page.shape
    # Another version of the drawing library moves a letter by a pixel; another figure differs all over.
    assert np.abs(again - page).mean() < 2


def test_drawing_needs_no_keras() -> None:
    code = (
        "import sys, convwise.report.guide_figures, convwise.report.network_figures; sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
