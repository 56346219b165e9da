"""Paired differences: the intervals hold as often as they say, for new seeds, and for new seeds and new images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from convwise.study.paired import over_seeds, over_seeds_and_images, surely_below, without_it


def test_over_seeds_is_the_paired_t_interval() -> None:
    differences = np.array([0.5, 1.0, 2.0, -0.5, 1.5])
    found = over_seeds(differences)
    low, high = stats.t.interval(0.95, 4, loc=differences.mean(), scale=stats.sem(differences))
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.estimate == pytest.approx(0.9)


def test_one_pair_has_no_interval() -> None:
    assert over_seeds(np.array([1.0])).high == np.inf
    assert over_seeds_and_images(np.ones((1, 5))).low == -np.inf


@pytest.mark.parametrize(("by_seed", "by_image", "rest"), [(1.0, 0.0, 5.0), (0.5, 4.0, 10.0), (0.0, 4.0, 10.0)])
def test_seeds_and_images_are_both_covered(by_seed: float, by_image: float, rest: float) -> None:
    random = np.random.default_rng(5)
    n, m, studies = 5, 200, 1000
    held = 0
    for _ in range(studies):
        seeds, images = random.normal(0, by_seed, (n, 1)), random.normal(0, by_image, (1, m))
        found = over_seeds_and_images(2.0 + seeds + images + random.normal(0, rest, (n, m)))
        held += found.low <= 2.0 <= found.high
    assert 0.93 <= held / studies <= 0.995


def test_images_without_any_difference_give_a_point() -> None:
    found = over_seeds_and_images(np.zeros((5, 30)))
    assert (found.estimate, found.low, found.high) == (0.0, 0.0, 0.0)


def test_surely_below_errs_as_rarely_as_it_says() -> None:
    random = np.random.default_rng(1)
    wrong = np.mean([surely_below(random.normal(0, 1, 5), 0.05) for _ in range(4000)])
    assert 0.04 <= wrong <= 0.06
    assert surely_below(np.full(5, -1.0), 0.05)
    assert not surely_below(np.full(5, 1.0), 0.05)
    assert not surely_below(np.array([-5.0, -5.0]), 0.05)


def test_what_taking_a_change_back_tells_errs_as_rarely_as_it_says_over_all_looks() -> None:
    random = np.random.default_rng(1)

    def told(mean: float) -> list[str]:
        answers = []
        for _ in range(4000):
            losses = random.normal(mean, 1, 10)
            looks = [without_it(losses[:n], 1.0, 2) for n in (5, 10)]
            answers.append(looks[0] or looks[1])
        return answers

    assert 0.025 <= np.mean([answer == "needed" for answer in told(0.0)]) <= 0.05
    assert 0.025 <= np.mean([answer == "not needed" for answer in told(-1.0)]) <= 0.045
    assert np.mean([answer == "needed" for answer in told(-3.0)]) > 0.99
    assert without_it(np.array([-5.0, -5.0]), 1.0, 2) == ""  # too few
    # Surely lower, and surely by less than what is worth having.
    assert without_it(np.array([-0.2, -0.3, -0.25, -0.2, -0.3]), 1.0, 2) == "not needed"
