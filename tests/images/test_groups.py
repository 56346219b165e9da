"""Groups by folder or expression: whole on one side of every division, counted, and torn ones told."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convwise
from convwise.errors import RequestError
from convwise.images.groups import check_group_by, group_counts, grouped, torn_groups
from convwise.images.index import ImageIndex
from convwise.images.prepare import index_folder
from convwise.images.split import Split, resplit, split_images
from convwise.runs.notes import group_notes

SIDES = ("train", "validation", "test")


@pytest.fixture
def patients(tmp_path: Path) -> Callable[..., Path]:
    """Two classes, of each 12 patients with 2 to 4 pictures; the patient in the name, or as a folder."""

    def make(*, folders: bool = False, sides: bool = False) -> Path:
        random = np.random.default_rng(5)
        for label, name in enumerate(("ill", "well")):
            for patient in range(12):
                for shot in range(2 + patient % 3):
                    side = ("train" if (patient + shot) % 4 else "test") if sides else "."
                    place = tmp_path / "data" / side / name / (f"patient{patient}" if folders else ".")
                    place.mkdir(parents=True, exist_ok=True)
                    pixels = np.clip(random.normal(60 + 120 * label, 40, (20, 20, 3)), 0, 255).astype(np.uint8)
                    Image.fromarray(pixels).save(place / f"patient{patient}_{shot}.png")
        return tmp_path / "data"

    return make


def sides_of(index: ImageIndex, split: Split, key: Callable[[str], str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for side in SIDES:
        for i in getattr(split, side):
            found[key(index.paths[i])].add(side)
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("group_by", ["folder", r"(patient\d+)_"])
def test_a_group_is_on_one_side_of_the_split_and_of_every_division_anew(
    patients: Callable[..., Path], group_by: str, seed: int
) -> None:
    """Without groups it is not: there is something to claim. An expression joins a patient's pictures over classes."""

    def patient(path: str) -> str:
        name = path.rpartition("/")[2].partition("_")[0]
        return f"{path.partition('/')[0]} {name}" if group_by == "folder" else name

    plain = index_folder(patients(folders=True))
    torn = sides_of(plain, split_images(plain, seed=seed), patient)
    assert any(len(sides) > 1 for sides in torn.values())
    index = grouped(plain, group_by)
    split = split_images(index, seed=seed)
    assert all(len(sides) == 1 for sides in sides_of(index, split, patient).values())
    assert all(len(getattr(split, side)) for side in SIDES)
    for root in range(3):
        again = resplit(split, index, validation=0.3, seed=root)
        assert np.array_equal(again.test, split.test)
        assert all(len(sides) == 1 for sides in sides_of(index, again, patient).values())
    assert index.groups is not None
    assert torn_groups(index.groups, split) == 0


def test_groups_and_copies_are_one_union(patients: Callable[..., Path]) -> None:
    """A copy ties two patients together: all of both stay on one side."""
    root = patients(folders=True)
    (root / "ill/patient1/copy_of_2.png").write_bytes((root / "ill/patient2/patient2_0.png").read_bytes())
    index = grouped(index_folder(root), "folder")
    together = index.together()
    tied = {together[i] for i, path in enumerate(index.paths) if path.startswith(("ill/patient1/", "ill/patient2/"))}
    assert len(tied) == 1
    assert len(set(together.tolist())) == 24 - 1


def test_without_groups_nothing_changes(patients: Callable[..., Path]) -> None:
    index = index_folder(patients())
    assert np.array_equal(index.together(), index.copy_groups())


def test_given_sides_that_tear_groups_apart_are_told_with_the_count(patients: Callable[..., Path]) -> None:
    index = grouped(index_folder(patients(sides=True)), r"(patient\d+)")
    split = split_images(index, seed=0)
    expected = sum(
        len(sides) > 1 for sides in sides_of(index, split, lambda path: path.split("patient")[1].split("_")[0]).values()
    )
    assert expected > 0
    assert index.groups is not None
    assert torn_groups(index.groups, split) == expected
    assert any(f"{expected} groups on more than one" in line for line in group_notes(index, split, r"(patient\d+)"))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("(", "no regular expression"), (r"patient\d+", "a group in parentheses"), ("", "it is empty"), (3, "a text"),
        ("(a)" * 1000, "a group in parentheses"),
    ],
)  # fmt: skip
def test_what_is_no_grouping_is_refused(value: object, says: str) -> None:
    with pytest.raises(RequestError, match=f"group_by=.*{says}"):
        check_group_by(value)


def test_a_grouping_that_groups_nothing_is_refused(patients: Callable[..., Path]) -> None:
    index = index_folder(patients())
    for group_by, says in (("folder", "no picture lies in a folder below"), ("(film)", "found in no path")):
        with pytest.raises(RequestError, match=says):
            grouped(index, group_by)


def test_a_training_keeps_the_groups_together_and_records_them(patients: Callable[..., Path], tmp_path: Path) -> None:
    notes: list[str] = []
    from convwise.training.hooks import Hooks

    small = {"net": "simple", "size": 16, "epochs": 1, "batch": 8, "settings": ["conv.filters=4"], "recipe": "plain"}
    asked = {**small, "group_by": r"(patient\d+)_", "out": tmp_path / "run"}
    run = convwise.train(patients(), **asked, hooks=Hooks(note=notes.append)).run
    split = run.split
    sides: dict[str, set[str]] = defaultdict(set)
    for side in SIDES:
        for path in split[side]:
            sides[path.split("/")[1].split("_")[0]].add(side)
    assert {len(each) for each in sides.values()} == {1}
    assert run.settings.group_by == r"(patient\d+)_"
    assert run.summary["groups"] == {
        "by": r"(patient\d+)_", "n_groups": 12, "n_images": 72, "largest": 8, "alone": 0,
    }  # fmt: skip
    assert any("12 groups of 72 images, 8 in the largest" in note for note in notes)


def test_counts_of_groups_and_of_pictures_that_stand_alone(patients: Callable[..., Path]) -> None:
    index = grouped(index_folder(patients()), r"ill/(patient1\d*)_")
    assert index.groups is not None
    assert group_counts(index.groups, "x") == {"by": "x", "n_groups": 3, "n_images": 10, "largest": 4, "alone": 62}
