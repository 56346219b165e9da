"""Dealing keeps groups whole, fills the sides by class as far as it can, and says what is missing."""

import numpy as np
import pytest

from convwise.images.dealing import deal


def quotas(*sides: tuple[int, ...]) -> list[np.ndarray]:
    return [np.array(side, np.int64) for side in sides]


def test_single_members_meet_the_numbers_exactly_in_the_order_of_their_keys() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    keys = [3, 1, 2, 0, 7, 6, 5, 4]
    dealt = deal(labels, np.arange(8), keys, quotas((2, 1), (1, 2)))
    assert [side.tolist() for side in dealt.sides] == [[1, 3, 7], [2, 5, 6]]  # 0 and 4, the last ones, are unused
    assert dealt.n_missing == (0, 0)
    assert not dealt.without.any()


@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_whole_whatever_its_classes_and_a_class_misses_less_than_a_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, groups = random.integers(0, 3, 120), np.arange(120) // 3
    sizes = np.bincount(labels, minlength=3)
    wanted = [sizes - sizes // 4, sizes // 4]
    dealt = deal(labels, groups, random.permutation(120).tolist(), wanted)
    side_of = {member: number for number, side in enumerate(dealt.sides) for member in side.tolist()}
    for group in range(40):
        assert len({side_of.get(3 * group + i) for i in range(3)}) == 1
    for number, side in enumerate(dealt.sides):
        missing = np.maximum(wanted[number] - np.bincount(labels[side], minlength=3), 0)
        assert dealt.n_missing[number] == missing.sum()
        assert (missing <= 3).all()


def test_a_class_whose_members_are_one_group_is_without_on_a_side() -> None:
    labels, groups = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 4, 5, 6, 7])
    dealt = deal(labels, groups, range(8), quotas((3, 3), (1, 1)))
    assert dealt.without.tolist() == [True, False]
    assert dealt.sides[0].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert dealt.n_missing == (0, 1)
