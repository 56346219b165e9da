"""The patches that filters answer most to: found where they were planted, one of each picture first."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from convwise.nets.activations import feature_maps
from convwise.nets.patches import strongest_patches


def maps_with(places: list[tuple[int, int, float]], side: int = 10) -> np.ndarray:
    found = np.zeros((side, side, 1))
    for i, j, value in places:
        found[i, j, 0] = value
    return found


def test_the_largest_answers_come_first_and_of_other_pictures() -> None:
    maps = [maps_with([(2, 3, 5.0), (8, 8, 4.0)]), maps_with([(1, 1, 3.0)])]
    (patches,) = strongest_patches(maps, (3, 3), (2, 2), (1, 1), 3)
    assert [(each.picture, each.answer) for each in patches] == [(0, 5.0), (1, 3.0), (0, 4.0)]
    assert patches[0].centre == (5, 7)  # 1 + 2 x 2, 1 + 2 x 3


def test_windows_of_one_picture_do_not_overlap() -> None:
    maps = [maps_with([(4, 4, 9.0), (4, 5, 8.0), (4, 7, 7.0)])]
    (patches,) = strongest_patches(maps, (3, 3), (1, 1), (0, 0), 2)
    assert [each.answer for each in patches] == [9.0, 7.0]


def test_there_are_no_more_than_fit() -> None:
    (patches,) = strongest_patches([np.ones((2, 2, 1))], (5, 5), (1, 1), (0, 0), 4)
    assert len(patches) == 1


def test_a_filter_for_red_finds_the_red_patch_in_pixels_of_the_picture() -> None:
    """A detector of known weights: the centre must be that of the patch, through a stride of 2."""
    model = keras.Sequential([keras.Input((20, 20, 3)), layers.Conv2D(1, 3, strides=2, padding="valid", name="red")])
    model.get_layer("red").set_weights([np.tile(np.array([1, -1, -1.0]), (3, 3, 1))[..., None], np.zeros(1)])
    picture = np.full((20, 20, 3), 100, np.uint8)
    picture[6:9, 12:15] = (255, 0, 0)
    (found,) = feature_maps(model, picture, most=1)
    (patches,) = strongest_patches([found.values], (3, 3), (2, 2), (1, 1), 1)
    assert patches[0].centre == (7, 13)
