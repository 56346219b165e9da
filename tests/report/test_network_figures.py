"""The pictures of a network: the right channels, the right boxes, what is left out is said."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.report import network_figures as figures

IMAGE = np.full((64, 48, 3), 128, np.uint8)


def _texts(figure: figures.Figure) -> str:
    return " | ".join(text.get_text() for text in figure.texts)


def test_a_filter_is_scaled_about_gray_by_its_own_largest_weight() -> None:
    kernels = np.zeros((3, 3, 3, 2))
    kernels[0, 0, 0, 0], kernels[1, 1, 1, 0] = 4.0, -2.0
    shown = [np.asarray(panel.images[0].get_array()) for panel in figures.filters_figure(kernels).axes]
    assert len(shown) == 2
    assert shown[0][0, 0].tolist() == [1.0, 0.5, 0.5]
    assert shown[0][1, 1].tolist() == [0.5, 0.25, 0.5]
    assert (shown[1] == 0.5).all()  # all zero: gray, and no division by zero


def test_gray_pictures_and_filters_of_one_channel_are_drawn_gray() -> None:
    kernels = np.zeros((3, 3, 1, 1))
    kernels[0, 0], kernels[1, 1] = 4.0, -2.0
    (shown,) = [np.asarray(panel.images[0].get_array()) for panel in figures.filters_figure(kernels).axes]
    assert (shown[0, 0].tolist(), shown[1, 1].tolist(), shown[2, 2].tolist()) == ([1.0] * 3, [0.25] * 3, [0.5] * 3)
    gray = np.random.default_rng(0).integers(0, 256, (24, 40, 1), np.uint8)
    fields = [("conv", (3, 3), (1, 1), (0, 0))]
    for figure in (figures.feature_maps_figure(gray, []), figures.receptive_fields_figure(gray, fields)):
        assert np.array_equal(figure.axes[0].images[0].get_array(), np.repeat(gray, 3, axis=2) / 255)
    assert "24 x 40 px" in _texts(figures.feature_maps_figure(gray, []))


def test_filters_without_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="8 channels"):
        figures.filters_figure(np.zeros((3, 3, 8, 4)))


def test_the_channels_that_spread_most_come_first() -> None:
    maps = np.zeros((4, 4, 3))
    maps[:, :, 0] = 100.0  # large, but the same everywhere
    maps[0, 0, 1], maps[0, 0, 2] = 1.0, 5.0
    assert figures.strongest(maps, 2) == [2, 1]
    assert figures.strongest(maps, 9) == [2, 1, 0]


def test_feature_maps_show_each_layer_and_say_what_is_left_out() -> None:
    random = np.random.default_rng(0)
    maps = [(f"layer_{i}", random.random((4, 4, 10)), "relu" if i else "") for i in range(30)]
    few, many = figures.feature_maps_figure(IMAGE, maps[:3]), figures.feature_maps_figure(IMAGE, maps)
    assert len(few.axes) == 1 + 3 * 8
    assert "3 of" not in _texts(few)
    assert len(many.axes) == 1 + 12 * 8
    assert "12 of 30 layers" in _texts(many)
    assert "layer_0" in _texts(many)
    assert "layer_29" in _texts(many)


def test_the_central_unit_s_area_is_found_from_size_stride_and_offset() -> None:
    # Units at 3, 7, 11, ... : the one nearest to the centre of 64 pixels (31.5) stands at 31.
    area = figures.seen_area((64, 64), (7, 7), (4, 4), (3, 3))
    assert (area.top, area.bottom, area.left, area.right, area.is_cut) == (27.5, 34.5, 27.5, 34.5, False)


def test_an_area_beyond_the_edge_is_cut_and_said() -> None:
    area = figures.seen_area((64, 48), (95, 31), (16, 16), (0, 0))
    assert (area.top, area.bottom, area.is_cut) == (-0.5, 63.5, True)
    assert area.right - area.left == 31
    fields = [("near", (3, 3), (1, 1), (0, 0)), ("far", (95, 31), (16, 16), (0, 0))]
    figure = figures.receptive_fields_figure(IMAGE, fields)
    assert "field 95 x 31 px, stride 16, cut at the edge" in _texts(figure)
    assert "field 3 x 3 px, stride 1" in _texts(figure)
    boxes = figure.axes[0].patches
    # Each box is drawn twice: white below its colour.
    assert [box.get_linestyle() == "-" for box in boxes[1::2]] == [True, False]


def test_pictures_are_written_900_pixels_wide_and_nothing_else(tmp_path: Path) -> None:
    figures.draw_filters(np.random.default_rng(0).normal(size=(3, 3, 3, 40)), tmp_path / "a.png")
    figures.draw_feature_maps(IMAGE, [("conv", np.zeros((4, 4, 2)), "")], tmp_path / "b.png")
    figures.draw_receptive_fields(IMAGE, [], tmp_path / "c.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png", "c.png"]
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            assert picture.width == 900


@dataclass(frozen=True)
class Place:
    picture: int
    centre: tuple[float, float]
    size: tuple[float, float] = (3, 3)


def test_beside_each_filter_stand_the_places_that_it_answers_to() -> None:
    kernels = np.random.default_rng(1).normal(size=(3, 3, 3, 5))
    windows = [[Place(0, (5, 7)), Place(1, (0, 0))] for _ in range(5)]
    figure = figures.answers_figure(kernels, figures.Answering([IMAGE, IMAGE], windows))
    assert len(figure.axes) == 5 * 3
    patch = figure.axes[1]
    assert (np.mean(patch.get_xlim()), np.mean(patch.get_ylim())) == (7, 5)
    box = patch.patches[-1]
    assert (box.get_x(), box.get_y(), box.get_width(), box.get_height()) == (5.5, 3.5, 3, 3)
    assert "in 2 pictures" in _texts(figure)
    many = figures.answers_figure(np.ones((3, 3, 3, 64)), figures.Answering([IMAGE], [[] for _ in range(64)]))
    assert "The 30 of 64 with the largest weights." in _texts(many)
    assert "in this picture" in _texts(many)


def test_it_is_said_whether_maps_are_after_an_activation() -> None:
    maps = [("a", np.ones((4, 4, 2)), "relu"), ("b", np.ones((4, 4, 2)), "")]
    said = _texts(figures.feature_maps_figure(IMAGE, maps))
    assert "after relu" in said
    assert "no activation yet" in said


def test_fields_stand_from_the_smallest_to_the_largest_and_are_numbered() -> None:
    fields = [("large", (31, 31), (4, 4), (0, 0)), ("small", (3, 3), (1, 1), (0, 0)), ("tall", (9, 5), (1, 1), (0, 0))]
    figure = figures.receptive_fields_figure(IMAGE, fields)
    said = [text.get_text() for text in figure.texts]
    named = [text for text in said if text[:1].isdigit()]
    assert named == ["1  small", "2  tall", "3  large"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2", "3"]
