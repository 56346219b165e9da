"""Pictures named one by one are laid out as a folder that says what the list said, whatever its order."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.errors import RequestError
from convwise.images.cleaning import clean_caches
from convwise.images.picture_list import PictureList, picture_paths
from convwise.images.prepare import index_folder
from convwise.images.split import split_images


@pytest.fixture
def paths(picture_folder: Callable[..., Path]) -> list[Path]:
    return sorted(picture_folder(per_class=8).glob("*/*.png"))


def labels_of(paths: list[Path]) -> list[str]:
    return [path.parent.name for path in paths]


def refuse(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> None:
    """Makes the system refuse these kinds of links, so that pictures are linked otherwise or copied."""

    def no(*arguments: object) -> None:
        raise OSError("not permitted")

    for name in names:
        monkeypatch.setattr(os, name, no)


def test_the_index_holds_every_picture_under_its_label(paths: list[Path]) -> None:
    pictures = PictureList.of(paths, labels_of(paths))
    place = pictures.laid_out()
    index = index_folder(place.folder)
    place.require_all_read(index, pictures)
    found = {place.number_of[path]: index.class_names[label] for path, label in zip(index.paths, index.labels)}  # noqa: B905
    assert [found[number].partition(" ")[2] for number in range(len(paths))] == labels_of(paths)
    for path in index.paths:
        assert (place.folder / path).read_bytes() == paths[place.number_of[path]].read_bytes()


def test_classes_are_sorted_as_numpy_does_and_so_are_their_folders(paths: list[Path]) -> None:
    numbers = {"class a": 10, "class b": 2, "class c": 100}
    pictures = PictureList.of(paths, [numbers[name] for name in labels_of(paths)])
    assert pictures.classes == (2, 10, 100)
    index = index_folder(pictures.laid_out().folder)
    assert [name.partition(" ")[2] for name in index.class_names] == ["2", "10", "100"]


def test_the_order_of_the_list_changes_neither_folder_nor_split(paths: list[Path]) -> None:
    def validated(order: list[int]) -> tuple[Path, set[Path]]:
        chosen = [paths[i] for i in order]
        place = PictureList.of(chosen, labels_of(chosen)).laid_out()
        index = index_folder(place.folder, copies="ignore")
        split = split_images(index, test=0.0, validation=0.25, seed=3)
        return place.folder, {chosen[place.number_of[index.paths[i]]] for i in split.validation}

    given = list(range(len(paths)))
    folder, side = validated(given)
    assert len(side) == 6
    assert validated(np.random.default_rng(0).permutation(given).tolist()) == (folder, side)


@pytest.mark.parametrize("refused", [(), ("symlink",), ("symlink", "link")])
def test_a_changed_picture_is_read_anew(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...]
) -> None:
    refuse(monkeypatch, refused)

    def content() -> str:
        return index_folder(PictureList.of(paths, labels_of(paths)).laid_out().folder).digest

    Image.new("RGB", (40, 40), "black").save(paths[3], "BMP")
    before = content()
    assert content() == before
    Image.new("RGB", (40, 40), "white").save(paths[3], "BMP")  # as many bytes
    assert content() != before


def test_hidden_folders_and_names_are_read_too(paths: list[Path], tmp_path: Path) -> None:
    """In a folder that is walked they are passed over; a path that is named is meant."""
    hidden = tmp_path / ".hidden" / ".picture.png"
    hidden.parent.mkdir()
    Image.new("RGB", (40, 40), "red").save(hidden)
    chosen = [*paths, hidden]
    pictures = PictureList.of(chosen, [*labels_of(paths), "class a"])
    place = pictures.laid_out()
    place.require_all_read(index_folder(place.folder), pictures)


def test_pictures_of_one_name_and_odd_labels_do_not_meet(tmp_path: Path) -> None:
    chosen = []
    for number in range(6):
        (tmp_path / str(number)).mkdir()
        chosen.append(tmp_path / str(number) / "same.png")
        Image.new("RGB", (20, 20), (40 * number, 0, 0)).save(chosen[-1])
    labels = ["train", "test", "a/b", "a\\b", "..", "x" * 400]
    place = PictureList.of(chosen, labels).laid_out()
    assert len(index_folder(place.folder, copies="ignore")) == 6


@pytest.mark.parametrize("refused", [("symlink",), ("symlink", "link")])
def test_where_links_are_refused_the_folder_says_the_same(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch, refused: tuple[str, ...]
) -> None:
    refuse(monkeypatch, refused)
    pictures = PictureList.of(paths, labels_of(paths))
    place = pictures.laid_out()
    assert not any(file.is_symlink() for file in place.folder.rglob("*"))
    place.require_all_read(index_folder(place.folder), pictures)


def test_cleaning_removes_the_folder_and_no_picture(paths: list[Path]) -> None:
    folder = PictureList.of(paths, labels_of(paths)).laid_out().folder
    assert clean_caches().n_removed == 0
    assert folder.is_dir()
    assert clean_caches(0).n_removed == 1
    assert not folder.exists()
    assert all(path.stat().st_size for path in paths)


def test_what_cannot_be_read_is_named_by_its_place_and_reason(paths: list[Path], tmp_path: Path) -> None:
    text, cut = tmp_path / "words.txt", tmp_path / "cut.png"
    text.write_text("no picture")
    cut.write_bytes(paths[0].read_bytes()[:200])
    pictures = PictureList.of([*paths[:4], text, *paths[4:], cut], ["class a"] * 26)
    place = pictures.laid_out()
    with pytest.raises(RequestError, match=rf"X\[4\]={text} \(not a picture\), X\[25\]={cut} \(.+\): cannot be read"):
        place.require_all_read(index_folder(place.folder), pictures)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("picture.png", "X=picture.png: it must be a sequence of paths"),
        (Path("picture.png"), "X=picture.png: it must be a sequence of paths"),
        ([], r"X=\[\]: there is no picture in it"),
        (np.array([]), r"X=\[\]: there is no picture in it"),
        (["nowhere.png"], r"X\[0\]=nowhere.png: there is no such file"),
        (["."], r"X\[0\]=.: it is a folder"),
        ([os.devnull], rf"X\[0\]={os.devnull}: it is no regular file"),
        ([3], r"X\[0\]: a int; X must be one-dimensional and hold paths"),
        (np.zeros((2, 4)), r"X\[0\]: a ndarray; X must be one-dimensional"),
        (["a\0b"], "no path holds a zero byte"),
    ],
)
def test_what_is_no_sequence_of_files_is_refused(given: object, message: str) -> None:
    with pytest.raises(RequestError, match=message) as caught:
        picture_paths(given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_labels_that_do_not_fit_are_refused(paths: list[Path]) -> None:
    for chosen, labels, message in (
        (paths, ["a"] * 23, "y: 23 labels for the 24 pictures of X"),
        (paths, np.zeros((24, 2)), r"y: its shape is \(24, 2\); it must be one-dimensional"),
        (paths[:2], np.array(["a", 3], object), "y: its labels cannot be sorted"),
        ([*paths, f"{paths[0].parent}/../class a/000.png"], ["a"] * 25, r"X\[24\]=.+: it is X\[0\] already"),
    ):
        with pytest.raises(RequestError, match=message):
            PictureList.of(chosen, labels)
