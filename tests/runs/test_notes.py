"""What copies do to a split, and how deep pictures are scaled: a line each, only where there is something to say."""

from dataclasses import replace

import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.images.copies import Copies, DuplicateGroup
from convwise.images.index import ImageIndex
from convwise.images.rules import Rules
from convwise.images.split import SIDES, split_images
from convwise.runs.notes import classes_without, copy_notes, depth_notes

N = 40


def index_of(copies: Copies, n: int = N) -> ImageIndex:
    """`n` images of each of the classes a and b: numbers 0 to n - 1 are a's."""
    paths = tuple(f"{name}/{i:03d}" for name in "ab" for i in range(n))
    labels = np.repeat(np.array([0, 1], np.int32), n)
    return ImageIndex("/r", paths, labels, ("a", "b"), ("",) * 2 * n, np.zeros((2 * n, 16), np.uint8), copies=copies)


def group(*members: int, kind: str = "near") -> DuplicateGroup:
    return DuplicateGroup(kind, members)  # type: ignore[arg-type]


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    for copies in (Copies(), Copies((group(1, 2), group(N + 1, N + 2)))):
        index = index_of(copies)
        assert copy_notes(index, split_images(index, seed=0)) == []


def test_equal_pictures_in_two_classes_are_told_and_stay_on_one_side() -> None:
    wrong = group(3, N + 5, kind="pixels")
    index = index_of(Copies((wrong,), (wrong,)))
    for seed in range(20):
        split = split_images(index, seed=seed)
        assert sum({3, N + 5} <= set(getattr(split, side).tolist()) for side in SIDES) == 1
        assert copy_notes(index, split)[0].startswith("1 label error: equal pictures in more than one class, such as ")


@pytest.mark.parametrize("name", ["across", "apart"])
def test_near_pairs_on_two_sides_are_counted_one_by_one(name: str) -> None:
    pairs = tuple((i, N + i) for i in range(N)) if name == "across" else tuple((i, i + 1) for i in range(N - 1))
    index = index_of(replace(Copies(), **{name: pairs}))
    split = split_images(index, seed=0)
    side = {int(i): s for s in SIDES for i in getattr(split, s)}
    n_divided = sum(side[i] != side[j] for i, j in pairs)
    assert n_divided > 5
    assert copy_notes(index, split)[0].startswith(
        f"{n_divided} pairs of near-copies on two sides of the split, such as "
    )


def test_a_side_that_misses_its_share_is_told_with_its_numbers() -> None:
    index = index_of(Copies((group(*range(28)), group(*range(28, 40)))), N)  # a's 40 images are two pictures
    with pytest.raises(RequestError, match="count less as a copy"):
        split_images(index, seed=0)
    split = split_images(index, seed=0, validation=0)  # a's share: 30 to train, 10 to test
    assert {side: len(getattr(split, side)) for side in ("train", "test")} == {"train": 28 + 30, "test": 12 + 10}
    assert copy_notes(index, split) == ["copies stay together, so some shares are missed: train 2 of 60 images"]


def test_the_scale_of_deep_pictures_is_told_and_what_goes_beyond_is_named() -> None:
    peaks = np.array([4095, 255, 12285, 0], np.uint16)
    assert depth_notes(replace(index_of(Copies(), 2), peaks=peaks), Rules(bits=12)) == (
        "16-bit pictures: 12 bits in use, scaled by 4095",
        "1 picture goes beyond 12 bits, cut off at 4095: b/000",
    )
    assert depth_notes(index_of(Copies()), Rules()) == ()


def test_classes_that_a_side_lacks_are_known() -> None:
    index = index_of(Copies())
    assert classes_without(index, np.array([0, 1, N - 1])) == ("b",)
    assert classes_without(index, np.array([0, N])) == ()
