from pathlib import Path

import cv2
import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.images.shapes import OUTLINES, draw_shape, make_shapes


def test_there_are_eight_outlines_inside_the_unit_circle() -> None:
    assert len(OUTLINES) == 8
    for name, contours in OUTLINES.items():
        assert np.hypot(*contours[0].T).max() < 1.3, name


def test_an_image_depends_on_seed_class_and_number_alone() -> None:
    image = draw_shape("star", seed=1, number=2)
    assert image.shape == (96, 96, 3)
    assert np.array_equal(image, draw_shape("star", seed=1, number=2))
    for other in (
        draw_shape("star", seed=2, number=2),
        draw_shape("star", seed=1, number=3),
        draw_shape("ring", seed=1, number=2),
    ):
        assert not np.array_equal(image, other)


def test_the_files_hold_the_drawn_pixels_in_class_folders(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    folder = make_shapes(tmp_path / "s", per_class=2, size_px=32, seed=4, progress=lambda *now: told.append(now))
    assert sorted(entry.name for entry in folder.iterdir()) == sorted(OUTLINES)
    assert told[-1] == (16, 16)
    pixels = cv2.imread(str(folder / "heart" / "heart_0001.png"))[:, :, ::-1]
    assert np.array_equal(pixels, draw_shape("heart", size_px=32, seed=4, number=1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["s"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_shapes(tmp_path / "s", per_class=2, size_px=32, progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"per_class": 0}, {"size_px": 8}])
def test_numbers_out_of_range_and_existing_folders_are_refused(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="it must be a whole number"):
        make_shapes(tmp_path / "s", **options)
    with pytest.raises(RequestError, match="exists"):
        make_shapes(tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # the score has settled long before
def test_a_linear_classifier_on_pixels_does_not_come_near() -> None:
    from sklearn.linear_model import LogisticRegression

    labels = [name for name in OUTLINES for _ in range(80)]
    pixels = [draw_shape(name, size_px=32, number=i) for name in OUTLINES for i in range(80)]
    x, y, test = (
        np.array(pixels).reshape(len(labels), -1) / 255 - 0.5,
        np.array(labels),
        np.arange(len(labels)) % 4 == 0,
    )
    score = LogisticRegression(max_iter=50).fit(x[~test], y[~test]).score(x[test], y[test])
    assert score < 0.45
