"""What names and numbers of a folder tell, and that they tell nothing where there is nothing."""

import numpy as np
import pytest

from convwise.images.directions import mirrored_pairs
from convwise.images.index import ImageIndex
from convwise.images.remarks import folder_remarks


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (("left", "right"), [("left", "right")]),
        (("Turn-Left", "stop", "turn right"), [("Turn-Left", "turn right")]),
        (("LeftHand", "RightHand"), [("LeftHand", "RightHand")]),
        (("arrow_left_red", "arrow_right_blue"), []),  # the colour tells them apart
        (("left shoe", "right glove"), []),
        (("port", "starboard"), [("port", "starboard")]),
        (("anti-clockwise", "clockwise"), [("anti-clockwise", "clockwise")]),
        (("Counter Clock Wise", "clock wise"), [("Counter Clock Wise", "clock wise")]),
        (("a", "b", "c", "d", "p", "q"), [("b", "d"), ("p", "q")]),
        (("B", "D", "P", "Q"), []),  # as capitals they are no mirror images
        (("type b", "type d"), []),
        (("←", "↑", "→"), [("←", "→")]),
        (("L", "R"), [("L", "R")]),
        (("k", "l", "r", "s"), []),
        (("copyright", "leftover"), []),
        (("eye_left_up", "eye_right_up", "eye_left_down", "eye_right_down"),
         [("eye_left_up", "eye_right_up"), ("eye_left_down", "eye_right_down")]),
    ],
)  # fmt: skip
def test_classes_that_mirror_each_other_by_name(names: tuple[str, ...], pairs: list[tuple[str, str]]) -> None:
    assert list(mirrored_pairs(names)) == pairs


def index_of(paths: list[str], notes: tuple[str, ...] = ()) -> ImageIndex:
    paths = sorted(paths)
    given = paths[0].startswith(("train/", "test/"))
    classes = [path.split("/")[given] for path in paths]
    names = tuple(sorted(set(classes)))
    return ImageIndex(
        root="/data",
        paths=tuple(paths),
        labels=np.array([names.index(name) for name in classes], np.int32),
        class_names=names,
        subsets=tuple(path.split("/")[0] if given else "" for path in paths),
        content=np.zeros((len(paths), 16), np.uint8),
        notes=notes,
    )


def many(pattern: str, *numbers: int) -> list[str]:
    """The pattern with every combination of numbers from 0."""
    return [pattern.format(*place) for place in np.ndindex(*numbers)]


BOTH = [*many("ill/p{}/{}.png", 4, 6), *many("well/p{}/{}.png", 4, 6)]


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ([*many("common/{}.png", 120), *many("rare/{}.png", 6)], ["uneven classes: 120 images of common, 6 of rare"]),
        ([*many("a/{}.png", 19), *many("b/{}.png", 5)], []),
        (many("ill/p{}/{}.png", 1, 9) + many("well/p{}/{}.png", 1, 9), []),  # a folder too many, no groups
        (many("ill/{}/x.png", 9) + many("well/{}/x.png", 9), []),  # one picture in each
        (BOTH, ["sub-folders within classes: 48 of 48 images are in 8 groups of 6, such as ill: p0"]),
        (many("a/patient{}_{:02}.jpg", 3, 4) + many("b/patient{} ({}).jpg", 3, 4),
         ["names with a common stem: 24 of 24 images are in 6 groups of 4, such as a: patient0"]),
        (many("a/p{}a.jpg", 5) + many("a/p{}b.jpg", 5), ["names with a common stem: 10 of 10 images are in 5 groups"]),
        (many("a/image_{:04}.jpg", 30) + many("b/image_{:04}.jpg", 30), []),  # one stem is the class
        (many("a/IMG{}.jpg", 30) + many("b/0b{}.jpg", 30), []),
        (many("train/a/p{}_{}.png", 2, 2) + many("test/a/q{}_{}.png", 2, 2), []),  # whole groups on each side
        (many("train/a/p{}_{}.png", 2, 2) + many("test/a/p{}_1{}.png", 2, 2),
         ["names with a common stem: 8 of 8 images are in 2 groups of 4, such as a: p0; 2 of these groups"]),
        (many("b/{}.png", 2) + many("d/{}.png", 2), ["by their names, b and d are mirror images"]),
    ],
)  # fmt: skip
def test_a_folder_is_told_what_is_so_and_no_more(paths: list[str], says: list[str]) -> None:
    found = folder_remarks(index_of(paths))
    assert len(found) == len(says)
    for remark, start in zip(found, says, strict=True):
        assert remark.startswith(start)


def test_how_the_folder_was_understood_comes_first() -> None:
    paths = [*many("b/{}.png", 2), *many("d/{}.png", 2)]
    assert folder_remarks(index_of(paths, ("there is only train/",)))[0] == "there is only train/"
