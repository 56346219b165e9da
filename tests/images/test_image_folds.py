"""Folds: a partition of what is not tested, even by class, with copies on one side."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convwise.errors import RequestError
from convwise.images.folds import folds
from convwise.images.split import split_images
from tests.images.test_split import counts_of, make


@given(counts=st.lists(st.integers(10, 60), min_size=1, max_size=6), n_folds=st.integers(2, 5), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_each_image_that_is_not_tested_validates_once_and_trains_in_all_other_folds(
    counts: list[int], n_folds: int, seed: int
) -> None:
    index = make({f"c{i}": n for i, n in enumerate(counts)})
    split = split_images(index, seed=seed)
    found = folds(split, index, n_folds=n_folds, seed=seed)
    pool = set(range(len(index.paths))) - set(split.test.tolist())
    assert sorted(i for fold in found for i in fold.validation.tolist()) == sorted(pool)
    for fold in found:
        assert set(fold.train.tolist()) == pool - set(fold.validation.tolist())
        assert fold.test.tolist() == split.test.tolist()
    by_class = np.array([counts_of(index, fold.validation) for fold in found])
    assert (np.ptp(by_class, axis=0) <= 1).all()
    assert np.ptp(by_class.sum(axis=1)) <= 1  # the remainders of the classes go to different folds


def test_copies_stay_together_and_another_seed_is_another_division() -> None:
    index = make({"a": 40, "b": 40}, groups=[[f"a/{i:04d}.png" for i in range(k, k + 4)] for k in range(0, 24, 4)])
    split = split_images(index, seed=0)
    first, second = (folds(split, index, n_folds=3, seed=seed) for seed in (1, 2))
    groups = index.copy_groups()
    for fold in (*first, *second):
        assert not set(groups[fold.train]) & set(groups[fold.validation])
    assert [fold.digest for fold in first] != [fold.digest for fold in second]


def test_a_validation_side_that_is_given_stays_the_only_fold() -> None:
    sides = {f"a/{i:04d}.png": "validation" for i in range(3)} | {f"b/{i:04d}.png": "validation" for i in range(3)}
    index = make({"a": 12, "b": 12}, subsets=sides)
    split = split_images(index, seed=0)
    assert [fold.digest for fold in folds(split, index, n_folds=3, seed=1)] == [split.digest]


def test_a_class_with_fewer_images_than_folds_is_named() -> None:
    index = make({"a": 40, "b": 4})
    with pytest.raises(RequestError, match=r"too few images for 4 folds in b \(3\)"):
        folds(split_images(index, seed=0), index, n_folds=4, seed=0)
