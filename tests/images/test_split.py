from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from convwise.errors import RequestError
from convwise.images.split import SIDES, Split, split_images


def make(counts: dict[str, int], groups: list[list[str]] | None = None, subsets: dict[str, str] | None = None) -> Any:
    """A stand-in for ImageIndex: `counts` images per class, some of them copies, some in given folders."""
    names = tuple(sorted(counts))
    paths = [f"{name}/{i:04d}.png" for name in names for i in range(counts[name])]
    labels = np.array([names.index(path.split("/")[0]) for path in paths], np.int32)
    ids = np.arange(len(paths))
    for group in groups or []:
        numbers = [paths.index(path) for path in group]
        ids[numbers] = numbers[0]
    sides = tuple((subsets or {}).get(path, "train" if subsets else "") for path in paths)
    return SimpleNamespace(
        root="root",
        paths=tuple(paths),
        labels=labels,
        class_names=names,
        subsets=sides,
        groups=None,
        copy_groups=lambda: ids,
        together=lambda: ids,
    )


def counts_of(index: Any, side: np.ndarray) -> list[int]:
    return np.bincount(index.labels[side], minlength=len(index.class_names)).tolist()


@given(
    counts=st.lists(st.integers(8, 60), min_size=1, max_size=6),
    test=st.floats(0.1, 0.5),
    validation=st.floats(0.1, 0.5),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=60, deadline=None)
def test_without_copies_each_class_meets_its_rounded_numbers_and_every_image_is_used(
    counts: list[int], test: float, validation: float, seed: int
) -> None:
    index = make({f"c{i}": n for i, n in enumerate(counts)})
    split = split_images(index, test=test, validation=validation, seed=seed)
    together = np.concatenate([split.train, split.validation, split.test])
    assert sorted(together.tolist()) == list(range(len(index.paths)))
    assert split.n_unused == 0
    for n, n_test, n_validation in zip(
        counts, counts_of(index, split.test), counts_of(index, split.validation), strict=True
    ):
        assert abs(n_test - n * test) <= 0.5 or n_test == 1
        assert abs(n_validation - (n - n_test) * validation) <= 0.5 or n_validation == 1


@given(data=st.data(), seed=st.integers(0, 1000), validation=st.sampled_from([0.0, 0.2]))
@settings(max_examples=60, deadline=None)
def test_copies_are_never_on_two_sides(data: st.DataObject, seed: int, validation: float) -> None:
    index = make({"a": 30, "b": 30, "c": 40})
    ids = np.array(data.draw(st.lists(st.integers(0, 60), min_size=100, max_size=100)))
    index.copy_groups = index.together = lambda: ids
    try:
        split = split_images(index, validation=validation, seed=seed)
    except RequestError:  # so many copies that a class misses a side
        reject()
    sides = [set(ids[getattr(split, side)].tolist()) for side in SIDES]
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert len(split.train) + len(split.validation) + len(split.test) + split.n_unused == 100


def test_a_group_across_two_classes_stays_together() -> None:
    index = make({"a": 8, "b": 8}, groups=[["a/0000.png", "b/0000.png"], ["a/0003.png", "b/0005.png"]])
    for seed in range(30):
        split = split_images(index, seed=seed)
        for pair in ((0, 8), (3, 13)):
            assert sum(set(pair) <= set(getattr(split, side).tolist()) for side in SIDES) == 1


def test_per_class_takes_exactly_n_with_validation_out_of_them_and_at_most_fifty_for_test() -> None:
    index = make({"big": 200, "small": 35})
    split = split_images(index, per_class=30, validation=0.2, seed=1)
    assert counts_of(index, split.train) == [24, 24]
    assert counts_of(index, split.validation) == [6, 6]
    assert counts_of(index, split.test) == [50, 5]
    assert split.n_unused == 120


def test_per_class_keeps_its_training_number_when_there_are_copies() -> None:
    index = make({"a": 60, "b": 60}, groups=[["a/0001.png", "a/0002.png"], ["b/0001.png", "b/0009.png", "b/0010.png"]])
    for seed in range(20):
        split = split_images(index, per_class=20, validation=0, seed=seed)
        assert counts_of(index, split.train) == [20, 20]


def test_fewer_per_class_are_a_part_of_more_per_class() -> None:
    index = make({"a": 60, "b": 60})
    few, many = (split_images(index, per_class=n, validation=0, seed=5) for n in (10, 30))
    assert set(few.train.tolist()) < set(many.train.tolist())


def test_the_same_seed_gives_the_same_split_and_another_seed_another() -> None:
    index = make({"a": 40, "b": 40})
    assert split_images(index, seed=3).digest == split_images(index, seed=3).digest
    assert split_images(index, seed=3).digest != split_images(index, seed=4).digest


def test_adding_a_class_does_not_reshuffle_the_others() -> None:
    before, after = (
        split_images(index, seed=3) for index in (make({"b": 40, "c": 25}), make({"a": 9, "b": 40, "c": 25}))
    )
    for side in SIDES:
        assert before.paths[side] == tuple(path for path in after.paths[side] if not path.startswith("a/"))


def test_zero_validation_and_zero_test_put_every_image_into_training() -> None:
    split = split_images(make({"a": 5, "b": 7}), test=0, validation=0, seed=0)
    assert (len(split.train), len(split.validation), len(split.test)) == (12, 0, 0)


def test_classes_too_small_are_named_five_at_most_with_a_count() -> None:
    index = make({f"tiny{i}": 10 for i in range(8)} | {"large": 100})
    with pytest.raises(RequestError, match=r"tiny0 \(10\).*tiny4 \(10\) and 3 more") as caught:
        split_images(index, per_class=30, seed=0)
    assert "tiny5" not in str(caught.value)
    assert "large" not in str(caught.value)


def test_a_class_of_copies_only_is_refused_by_name() -> None:
    index = make({"copies": 9, "fine": 20}, groups=[[f"copies/{i:04d}.png" for i in range(9)]])
    with pytest.raises(RequestError, match="different images in copies:"):
        split_images(index, seed=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_class": 3, "test": 0.2}, "exclude each other"),
        ({"per_class": 0}, "per_class=0"),
        ({"test": 1.0}, "test=1: it must be a share"),
        ({"test": float("nan")}, "test=nan"),
        ({"validation": -0.1}, "validation=-0.1"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        split_images(make({"a": 20}), seed=0, **options)


def test_given_folders_are_used_as_given_and_validation_comes_out_of_train() -> None:
    tests = {f"{name}/{i:04d}.png": "test" for name in "ab" for i in range(5)}
    index = make({"a": 25, "b": 25}, subsets=tests)
    split = split_images(index, validation=0.2, seed=0)
    assert set(split.paths["test"]) == set(tests)
    assert counts_of(index, split.validation) == [4, 4]
    assert counts_of(index, split.train) == [16, 16]
    with pytest.raises(RequestError, match="per_class=3"):
        split_images(index, per_class=3, seed=0)


def test_a_copy_across_given_folders_is_dropped_from_train_and_counted() -> None:
    subsets = {"a/0000.png": "test", "b/0000.png": "test", "a/0001.png": "validation", "b/0001.png": "validation"}
    copies = [["a/0000.png", "a/0007.png"], ["b/0001.png", "b/0008.png"]]
    split = split_images(make({"a": 10, "b": 10}, copies, subsets), seed=0)
    assert split.n_dropped_copies == 2
    assert not {"a/0007.png", "b/0008.png"} & set(split.paths["train"])
    assert len(split.train) == 14
    assert split.n_unused == 0


@pytest.mark.parametrize(
    ("options", "sizes", "protocol"),
    [
        ({}, (12, 4, 4), "folders as given, test=0.25 of train"),
        ({"test": 0.5}, (8, 4, 8), "folders as given, test=0.5 of train"),
        ({"test": 0.0}, (16, 4, 0), "folders as given, test=0 of train"),
        ({"per_class": 5}, (10, 4, 6), "folders as given, per_class=5, at most 50 for test of train"),
    ],
)
def test_without_a_test_folder_test_comes_out_of_train(
    options: dict[str, Any], sizes: tuple[int, ...], protocol: str
) -> None:
    valid = {f"{name}/{i:04d}.png": "validation" for name in "ab" for i in range(2)}
    split = split_images(make({"a": 10, "b": 10}, subsets=valid), seed=0, **options)
    assert (len(split.train), len(split.validation), len(split.test)) == sizes
    assert set(split.paths["validation"]) == set(valid)
    assert split.protocol == protocol


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"a": "train", "b": "train", "c": "test"}, r"c/ holds the class c \(4 images\), a/ does not"),
        ({"a": "train", "b": "validation"}, r"b/ holds the class b \(4 images\), a/ does not"),
        ({"a": "test", "b": "test"}, r"holds the class a, b \(8 images\), there is no train folder"),
    ],
)
def test_a_class_that_train_has_not_is_named(given: dict[str, str], says: str) -> None:
    subsets = {f"{name}/{i:04d}.png": side for name, side in given.items() for i in range(4)}
    with pytest.raises(RequestError, match=says):
        split_images(make(dict.fromkeys(given, 4), subsets=subsets), seed=0)


def test_a_test_side_that_copies_all_of_train_is_told_as_such() -> None:
    tests = {f"{name}/{i:04d}.png": "test" for name in "ab" for i in range(5)}
    copies = [[f"{name}/{i:04d}.png", f"{name}/{i + 5:04d}.png"] for name in "ab" for i in range(5)]
    with pytest.raises(
        RequestError, match=r"all 10 images to train the class a, b are copies of images in .*/; copies are"
    ):
        split_images(make({"a": 10, "b": 10}, copies, tests), seed=0)
    most = make({"a": 10, "b": 10}, copies[:4] + copies[5:9], tests)
    with pytest.raises(RequestError, match=r"as given, without 8 copies of other sides' images, in a \(1\), b \(1\)"):
        split_images(most, seed=0)
    assert split_images(most, validation=0, seed=0).n_dropped_copies == 8


def test_a_saved_split_finds_its_images_in_an_index_that_has_grown() -> None:
    split = split_images(make({"a": 12, "b": 12}), seed=0)
    grown = make({"a": 14, "aa": 3, "b": 12})
    again = Split.from_dict(split.to_dict(), grown)
    assert again.digest == split.digest
    assert tuple(grown.paths[i] for i in again.test) == split.paths["test"]


def test_a_saved_split_refuses_missing_images_and_changed_sides() -> None:
    split = split_images(make({"a": 12, "b": 12}), seed=0)
    with pytest.raises(RequestError, match="not in root"):
        Split.from_dict(split.to_dict(), make({"a": 5, "b": 12}))
    changed = split.to_dict()
    changed["train"], changed["test"] = changed["test"], changed["train"]
    with pytest.raises(RequestError, match="digest"):
        Split.from_dict(changed, make({"a": 12, "b": 12}))


def test_an_image_on_two_sides_is_refused() -> None:
    one, none = np.array([1]), np.array([], np.int64)
    with pytest.raises(ValueError, match="two sides"):
        Split(one, one, none, "by hand", 0, {"train": ("a",), "validation": ("a",), "test": ()})
