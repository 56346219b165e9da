"""The groups of a list of pictures are those that were planted, joined with those that are given."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from convwise import copy_groups
from convwise.errors import RequestError


def scene(seed: int) -> Image.Image:
    """A picture of broad patches, so that saving it again changes little of it."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(noise).resize((96, 96), Image.Resampling.BICUBIC)


@pytest.fixture
def planted(tmp_path: Path) -> list[Path]:
    """0 and 5 are one file, 1 and 4 equal pixels, 2 and 3 near-copies; 6 and 7 stand alone."""
    paths = [tmp_path / f"{number}.png" for number in range(8)]
    for number in (0, 1, 2, 6, 7):
        scene(number).save(paths[number])
    paths[5].write_bytes(paths[0].read_bytes())
    scene(1).save(paths[4], compress_level=1)
    assert paths[4].read_bytes() != paths[1].read_bytes()
    scene(2).filter(ImageFilter.GaussianBlur(0.6)).save(paths[3])
    return paths


def test_what_was_planted_is_found(planted: list[Path]) -> None:
    assert copy_groups(planted).tolist() == [0, 1, 2, 2, 1, 0, 3, 4]
    assert copy_groups(planted, copies="exact").tolist() == [0, 1, 2, 3, 1, 0, 4, 5]
    assert copy_groups(planted, copies="ignore").tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_near_copies_count_within_a_class_and_equal_ones_across(planted: list[Path]) -> None:
    labels = ["a", "a", "a", "b", "b", "b", "a", "b"]
    assert copy_groups(planted, labels).tolist() == [0, 1, 2, 3, 1, 0, 4, 5]


def test_given_groups_are_joined_with_the_copies(planted: list[Path]) -> None:
    """6 belongs to 0's patient, 0 is a copy of 5, and 5 belongs to 7's patient: a chain of four."""
    patients = ["p", "q", "r", "s", "t", "u", "p", "u"]
    assert copy_groups(planted, groups=patients).tolist() == [0, 1, 2, 2, 1, 0, 0, 0]
    assert copy_groups(planted, groups=patients, copies="ignore").tolist() == [0, 1, 2, 3, 4, 5, 0, 5]


def test_the_numbers_follow_the_order_of_the_list(planted: list[Path]) -> None:
    order = [7, 3, 5, 2, 0, 6]
    assert copy_groups([planted[i] for i in order]).tolist() == [0, 1, 2, 1, 2, 3]


def test_a_single_picture_is_a_group(planted: list[Path]) -> None:
    assert copy_groups(planted[:1]).tolist() == [0]


def test_what_does_not_fit_is_refused(planted: list[Path]) -> None:
    with pytest.raises(RequestError, match="groups: 3 for the 8 pictures of X"):
        copy_groups(planted, groups=[1, 2, 3])
    with pytest.raises(RequestError, match="copies=some: choose one of"):
        copy_groups(planted, copies="some")
    planted[2].write_text("no picture")
    with pytest.raises(RequestError, match=r"X\[2\]=.*2\.png \(.+\): cannot be read"):
        copy_groups(planted)
