"""What a careful person says of a folder's pictures: each planted, each alone; and nothing of a plain folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.commands.data import check_data

SAYS = {
    "gray": "3 of 51 pictures are gray",
    "long": "3 of 51 pictures are at least twice as long as wide",
    "small": "3 of 51 pictures have a side below 32 px (the smallest 20x25)",
    "few": "fewer than 20 images in 1 class: class d (3)",
}


def plant(folder: Path, kind: str) -> None:
    mode, size = {
        "gray": ("L", (40, 40)), "long": ("RGB", (40, 90)), "small": ("RGB", (20, 25)), "few": ("RGB", (40, 40)),
    }[kind]  # fmt: skip
    place = folder / ("class d" if kind == "few" else "class a")
    place.mkdir(exist_ok=True)
    for i in range(3):
        shade = 60 * i + 20
        Image.new(mode, size, shade if mode == "L" else (shade, 3 * i, 7)).save(place / f"planted {i}.png")


def test_of_a_plain_folder_nothing_is_said(picture_folder: Callable[..., Path]) -> None:
    assert check_data(picture_folder(per_class=20)).remarks == ()


@pytest.mark.parametrize("kind", SAYS)
def test_each_is_said_with_its_number_and_nothing_else_is(picture_folder: Callable[..., Path], kind: str) -> None:
    folder = picture_folder(per_class=16 if kind != "few" else 20)
    plant(folder, kind)
    found = [remark for remark in check_data(folder).pictures if kind == "few" or not remark.startswith("fewer than")]
    assert len(found) == 1
    assert found[0].startswith(SAYS[kind])


def test_one_class_alone_and_a_list_that_is_not_read(picture_folder: Callable[..., Path]) -> None:
    folder = picture_folder(n_classes=1, per_class=20)
    (folder / "labels.csv").write_text("a,b\n")
    assert [remark.partition(",")[0] for remark in check_data(folder).pictures] == [
        "one class alone", "labels.csv lies there and is not read: the labels are the names of the sub-folders",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "mode", "says"),
    [
        ((96, 32), "RGB", "keep their shape with size=64x192, height x width"),
        ((40, 100), "RGB", "keep their shape with size=160x64, height x width"),
        ((1200, 40), "RGB", "keep their shape with size=64x1024, height x width"),
        ((40, 40), "L", "all 42 pictures are gray: channels=1 trains on the one channel that they have"),
    ],
)
def test_where_all_pictures_are_of_one_kind_the_option_is_named(
    tmp_path: Path, size: tuple[int, int], mode: str, says: str
) -> None:
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        for i in range(21):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            Image.fromarray(random.integers(0, 256, shape, np.uint8)).save(tmp_path / name / f"{i}.png")
    (found,) = check_data(tmp_path).pictures
    assert found.endswith(says)
