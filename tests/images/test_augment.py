"""One warp per image, and what it must and must not change."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.images.augment import Augmentation, _inverse_maps, augment, cutmix

EVERYTHING = Augmentation(20, 0.15, 0.2, 5, 0.4, 0.1, 0.3, True)


def pictures(n: int = 64, side: int = 32) -> NDArray[np.uint8]:
    """Smooth pictures, all different."""
    rows, columns = np.mgrid[:side, :side] / side
    waves = [
        np.stack([np.sin(3 * rows + i), np.cos(4 * columns - i), np.sin(i + rows * columns)], -1) for i in range(n)
    ]
    return (127 + 120 * np.stack(waves)).astype(np.uint8)


def test_nothing_asked_for_changes_nothing() -> None:
    images = pictures()
    assert np.array_equal(augment(images, Augmentation(), np.random.default_rng(0)), images)


def test_the_same_generator_gives_the_same_pictures_and_another_does_not() -> None:
    images = pictures()
    first, again, other = (augment(images, EVERYTHING, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_originals_stay_as_they_were() -> None:
    images = pictures()
    before = images.copy()
    augment(images, EVERYTHING, np.random.default_rng(1))
    assert np.array_equal(images, before)


def test_a_flip_alone_mirrors_about_half_of_the_images_exactly() -> None:
    images = pictures(200)
    flipped = augment(images, Augmentation(horizontal_flip=True), np.random.default_rng(3))
    same = (flipped == images).all(axis=(1, 2, 3))
    mirrored = (flipped == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same ^ mirrored).all()
    assert 70 < mirrored.sum() < 130


def test_a_shift_moves_and_repeats_the_edge() -> None:
    images = np.zeros((50, 20, 20, 3), np.uint8)
    images[:, :, 10:] = 255
    moved = augment(images, Augmentation(shift=0.2, fill="nearest"), np.random.default_rng(0))
    edges = (moved[:, 10, :, 0] > 127).argmax(axis=1)
    assert edges.min() >= 6
    assert edges.max() <= 14
    assert len(set(edges.tolist())) > 4
    assert (moved[:, :, -1] == 255).all()
    assert (moved[:, :, 0] == 0).all()


def test_a_rotation_keeps_the_centre_and_turns_the_rest() -> None:
    images = np.zeros((30, 33, 33, 3), np.uint8)
    images[:, 15:18, 3:30] = 255
    turned = augment(images, Augmentation(rotation_degrees=90), np.random.default_rng(0))
    assert (turned[:, 16, 16] > 200).all()
    assert turned[:, 16, 4].std() > 50


def test_a_crop_never_looks_beyond_the_picture() -> None:
    """Inside a picture whose border differs, a window shows less of the border, never a reflected second one."""
    images = np.zeros((100, 40, 40, 3), np.uint8)
    images[:, :, :, 0] = np.arange(40) * 6  # brightness tells the column
    cropped = augment(images, Augmentation(smallest_crop=0.3), np.random.default_rng(0)).astype(int)
    assert (np.diff(cropped[:, 20, :, 0], axis=1) >= 0).all()


def test_contrast_keeps_the_mean_level_and_brightness_moves_it() -> None:
    images = np.full((100, 8, 8, 3), 100, np.uint8)
    images[:, :, :4] = 155
    contrast = augment(images, Augmentation(contrast=0.5), np.random.default_rng(0))
    assert np.abs(contrast.mean(axis=(1, 2, 3)) - 127.5).max() < 1.5
    assert contrast.std(axis=(1, 2, 3)).std() > 3
    brightness = augment(images, Augmentation(brightness=0.2), np.random.default_rng(0))
    assert brightness.mean(axis=(1, 2, 3)).std() > 10


def test_cutmix_mixes_targets_in_the_share_of_the_pixels() -> None:
    images = np.zeros((16, 30, 30, 3), np.uint8) + np.arange(16, dtype=np.uint8)[:, None, None, None]
    targets = np.eye(16, dtype=np.float32)
    for seed in range(20):
        mixed, mixed_targets = cutmix(images, targets, np.random.default_rng(seed))
        for row, target in zip(mixed, mixed_targets, strict=True):
            shares = np.bincount(row[:, :, 0].ravel(), minlength=16) / 900
            assert np.allclose(shares, target, atol=1e-6)


@pytest.mark.parametrize("change", [{"zoom": 2.0}, {"fill": "black"}, {"smallest_crop": 0.0}, {"horizontal_flip": 1}])
def test_an_impossible_augmentation_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RequestError, match=next(iter(change))):
        dataclasses.replace(Augmentation(), **change)


RECTANGLE = np.random.default_rng(5).integers(0, 256, (40, 24, 40, 3), np.uint8)


def test_one_channel_is_warped_as_each_of_three_equal_ones() -> None:
    gray = RECTANGLE[..., :1]
    alone = augment(gray, EVERYTHING, np.random.default_rng(2))
    among = augment(np.repeat(gray, 3, axis=3), EVERYTHING, np.random.default_rng(2))
    assert alone.shape == gray.shape
    assert np.array_equal(np.repeat(alone, 3, axis=3), among)


def test_a_rectangle_on_its_side_is_moved_as_upright_with_the_axes_exchanged() -> None:
    """No axis of a rectangle is taken for the other: only shares of its own sides count."""
    for options in ({"shift": 0.3}, {"smallest_crop": 0.3}, {"zoom": 0.4}):
        for way in (Augmentation(**options), Augmentation(horizontal_flip=True, **options)):
            wide, square = (_maps(way, height, width) for height, width in ((24, 40), (24, 24)))
            assert np.allclose(wide[:, 1], square[:, 1])  # rows as in a square of the height
            columns = _maps(way, 40, 40)[:, 0]
            assert np.allclose(wide[:, 0], columns)  # columns as in a square of the width


def test_a_rotation_turns_by_the_same_angle_whatever_the_sides() -> None:
    for height, width in ((32, 32), (24, 40), (96, 16)):
        linear = _maps(Augmentation(rotation_degrees=45), height, width)[:, :, :2]
        assert np.allclose(linear @ linear.transpose(0, 2, 1), np.eye(2))  # no side is stretched
        assert np.allclose(linear, _maps(Augmentation(rotation_degrees=45), 32, 32)[:, :, :2])
        middle = np.array([(width - 1) / 2, (height - 1) / 2, 1])
        assert np.allclose(_maps(Augmentation(rotation_degrees=45), height, width) @ middle, middle[:2])


def _maps(augmentation: Augmentation, height: int, width: int) -> NDArray[np.float64]:
    return _inverse_maps(augmentation, np.random.default_rng(4), 30, height, width)


def test_cutmix_of_a_rectangle_mixes_as_much_of_a_picture_as_of_its_target() -> None:
    ones = np.zeros((6, 24, 40, 1), np.uint8)
    ones[:3] = 255
    targets = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]
    for seed in range(8):
        mixed, answers = cutmix(ones, targets, np.random.default_rng(seed))
        assert np.allclose(mixed.mean(axis=(1, 2, 3)) / 255, answers[:, 0], atol=1e-5)
