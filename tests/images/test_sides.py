"""Folders of every form: what their sides and classes are, or the one line with the way out."""

from pathlib import Path

import pytest

from convwise.errors import RequestError
from convwise.images.listing import Listing, list_files


def laid_out(root: Path, *places: str) -> Path:
    """Empty files: a listing opens none. `train/{a,b}` is a picture in each of train/a and train/b."""
    for place in places:
        head, brace, names = place.partition("{")
        for name in names.rstrip("}").split(",") if brace else [""]:
            folder = root / f"{head}{name}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "1.jpg").touch()
    return root


def understood(listing: Listing) -> dict[str, str]:
    """ "top/class" of each file -> its side."""
    return {path.rpartition("/")[0]: side for path, side in zip(listing.paths, listing.subsets, strict=True)}


@pytest.mark.parametrize(
    ("places", "sides", "note"),
    [
        (("Training/{a,b}", "Testing/{a,b}"), {"Training": "train", "Testing": "test"}, ""),
        (("TRAIN/{a,b}", "Dev/{a,b}", "eval/{a,b}"), {"TRAIN": "train", "Dev": "validation", "eval": "test"}, ""),
        (("train/{a,b}", "valid/{a,b}", "test/{a,b}"), {"train": "train", "valid": "validation", "test": "test"}, ""),
        (("train/{a,b}",), {"train": ""}, "only train/: its images are divided"),
        (("train/{a,b}", "val/{a,b}"), {"train": "train", "val": "validation"}, "no test folder: a share of train/"),
        (("test/{a,b}",), {"test": "test"}, ""),  # to be evaluated on
    ],
)
def test_the_usual_words_are_sides(tmp_path: Path, places: tuple[str, ...], sides: dict[str, str], note: str) -> None:
    listing = list_files(laid_out(tmp_path, *places))
    assert listing.class_names == ("a", "b")
    assert understood(listing) == {f"{top}/{name}": side for top, side in sides.items() for name in "ab"}
    assert len(listing.notes) == bool(note)
    assert note in "".join(listing.notes)


@pytest.mark.parametrize(
    ("places", "classes"),
    [
        (("train/", "bus/", "test/deep"), ("bus", "test", "train")),  # vehicles
        (("ill/{patient0,patient1}", "well/{patient0,patient1}"), ("ill", "well")),
        (("ill/{001,002,003}", "well/{002,003}"), ("ill", "well")),
        (("cat/{indoor,outdoor}", "dog/{park,beach}"), ("cat", "dog")),
        (("cat/", "cat/{a,b}", "dog/", "dog/{a,b}"), ("cat", "dog")),  # pictures beside the folders
        (("fold1/", "fold2/"), ("fold1", "fold2")),
    ],
)
def test_other_folders_are_classes(tmp_path: Path, places: tuple[str, ...], classes: tuple[str, ...]) -> None:
    listing = list_files(laid_out(tmp_path, *places))
    assert (listing.class_names, set(listing.subsets), listing.notes) == (classes, {""}, ())


@pytest.mark.parametrize(
    ("places", "says"),
    [
        (
            ("train/{a,b}", "test/"),
            r"test/ holds no class folders, so it cannot be evaluated on; to train .* name .*/train$",
        ),
        (("train/", "test/{a,b}"), "train/ holds no class folders, so it cannot be used"),
        (("train/", "test/"), "hold no class folders; put the images into one sub-folder per class, such as test/cat"),
        (("train/{a,b}", "val/{a,b}", "dev/{a,b}"), "dev/ and val/ are both for validation"),
        (("train/{a,b}", "test/{c,d}", "labels/"), "test/ and train/ are sides, labels/ beside them is none"),
        (("fold1/{a,b}", "fold2/{a,b}"), "fold1/ and fold2/ hold folders of the same names .a and b.*name .*/fold1"),
        (("north/{a,b,c}", "south/{a,b}"), "call them train, validation and test"),
        (("trainingSet/{0,1,2}", "testSet/{0,1,2}"), "testSet/ and trainingSet/ hold folders of the same names"),
        (("folds_1/{1,2}", "folds_2/{1,2}"), "same names"),
        (("a/{train,test}", "b/{train,test}"), "test and train lie within the class folders.*such as test/a"),
    ],
)
def test_what_is_neither_is_refused_with_the_way_out(tmp_path: Path, places: tuple[str, ...], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        list_files(laid_out(tmp_path, *places))


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir",
        "__MACOSX",
        ".AppleDouble",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        ".ipynb_checkpoints",
    ],
)
def test_what_systems_leave_behind_is_neither_side_nor_class_nor_picture(tmp_path: Path, name: str) -> None:
    laid_out(tmp_path, f"train/{{a,b,{name}}}", "test/{a,b}", f"{name}/x", f"train/a/{name}", f"train/a/{name}/deep")
    listing = list_files(tmp_path)
    assert listing.class_names == ("a", "b")
    assert understood(listing).keys() == {"train/a", "train/b", "test/a", "test/b"}
