"""The planted data sets: what is drawn is what was planted, and nothing simpler tells the classes apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from convwise.conv2d import PARAMETERS, parse_settings
from convwise.images.datasets import DATASETS, DRAWN
from convwise.images.planted import PLANTED, SIZE_PX, make_planted
from convwise.seeds import generator
from convwise.study.factors import read_levels


def drawn(name: str, kind: int, number: int) -> np.ndarray:
    return PLANTED[name].draw(generator(7, name, kind, number), kind)


@pytest.mark.parametrize("name", PLANTED)
def test_each_has_a_name_a_truth_and_settings_that_can_be_read(name: str) -> None:
    planted = PLANTED[name]
    assert DATASETS[name].description.startswith("planted truth: ")
    assert name in DRAWN
    assert set(planted.matters) <= set(PARAMETERS)
    assert not set(planted.matters) & set(planted.idle)
    parse_settings(planted.start)
    read_levels(planted.levels)
    assert drawn(name, 0, 0).shape in ((SIZE_PX, SIZE_PX), (SIZE_PX, SIZE_PX, 3))


def test_pictures_depend_on_their_name_alone_and_differ(tmp_path: Path) -> None:
    one, other = (make_planted("planted-noisy", tmp_path / name) for name in ("one", "other"))
    files = sorted(path.relative_to(one) for path in one.rglob("*.png"))
    assert len(files) == 4 * PLANTED["planted-noisy"].per_class
    assert all((one / file).read_bytes() == (other / file).read_bytes() for file in files)
    assert len({(one / file).read_bytes() for file in files}) == len(files)
    picture = cv2.imread(str(one / files[0]))
    assert picture.shape == (SIZE_PX, SIZE_PX, 3)


def test_reach_is_told_by_pixels_four_apart_and_by_nothing_nearer() -> None:
    for kind, far in ((0, (4, 0)), (1, (0, 4))):
        pictures = np.stack([drawn("planted-reach", kind, i) for i in range(50)])

        def together(down: int, right: int, pictures: np.ndarray = pictures) -> float:
            a = pictures[:, : SIZE_PX - down, : SIZE_PX - right].ravel()
            return float(np.corrcoef(a, pictures[:, down:, right:].ravel())[0, 1])

        assert together(*far) == pytest.approx(0.5, abs=0.03)
        near = [(d, r) for d in range(5) for r in range(5) if (d, r) not in ((0, 0), far)]
        assert max(abs(together(d, r)) for d, r in near) < 0.03


def test_the_marks_are_equally_bright_and_brightness_is_the_same_on_the_mean() -> None:
    means = [np.mean([drawn("planted-detail", kind, i).mean() for i in range(60)]) for kind in range(4)]
    assert np.ptp(means) < 0.5
    extreme, middling = (np.array([drawn("planted-brightness", k, i).mean() for i in range(200)]) for k in (0, 1))
    assert abs(extreme).min() > abs(middling).max()
    assert abs(extreme.mean() - middling.mean()) < 15


def test_the_border_line_is_in_the_last_row_or_column_alone() -> None:
    for kind, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        mean = np.mean([drawn("planted-border", kind, i) for i in range(60)], axis=0)
        assert (mean[-1, 4:-4].mean() > 15) == bool(row)
        assert (mean[4:-4, -1].mean() > 15) == bool(column)


def test_the_gratings_are_in_the_red_alone() -> None:
    waves = ((0, 4), (3, 3), (4, 0), (3, -3))  # down and across, periods in a picture
    for kind, own in enumerate(waves):
        pictures = np.stack([drawn("planted-noisy", kind, i) for i in range(60)])
        power = (abs(np.fft.fft2(pictures, axes=(1, 2))) ** 2).mean(axis=0)
        others = [wave for wave in waves if wave != own]
        assert power[(*own, 0)] > 3 * max(power[(*wave, 0)] for wave in others)
        for colour in (1, 2):
            assert power[(*own, colour)] < 2 * min(power[(*wave, colour)] for wave in others)
