"""Intervals that no evaluation record holds: against another library, by simulation, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score as sklearn_f1

from convwise.intervals import f1_score, macro_f1, paired_difference, wilson


def confusion_of(labels: np.ndarray, answers: np.ndarray, k: int) -> np.ndarray:
    return np.bincount(labels * k + answers, minlength=k * k).reshape(k, k)


def test_the_values_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, 200)
    answers = np.where(rng.random(200) < 0.7, labels, rng.integers(0, 4, 200))
    counts = confusion_of(labels, answers, 4)
    each = sklearn_f1(labels, answers, average=None)
    for i in range(4):
        union = int(counts[i].sum() + counts[:, i].sum() - counts[i, i])
        assert f1_score(int(counts[i, i]), union).value == pytest.approx(each[i])
    assert macro_f1(counts).value == pytest.approx(each.mean())


def test_a_class_without_images_counts_in_no_mean() -> None:
    counts = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    assert macro_f1(counts).value == pytest.approx(macro_f1(counts[:2, :2]).value)


def test_the_limits_move_apart_where_there_is_nothing_but_certainty() -> None:
    perfect = macro_f1(np.diag([10, 10]))
    assert perfect.value == 1
    assert 0.8 < perfect.low < 0.9  # Wilson's lower limit of 20 of 20
    assert f1_score(20, 20).high == 1


def test_a_perfect_macro_f1_is_no_surer_than_its_smallest_classes() -> None:
    """One of a thousand images taken for the class of five would cost it 1 - 10 / 11 and this mean half of that."""
    one_wrong = macro_f1(np.array([[5, 0], [1, 999]])).value
    perfect = macro_f1(np.diag([5, 1000]))
    assert perfect.low < one_wrong < 1
    assert macro_f1(np.diag([10, 10, 10])).low == pytest.approx(wilson(1.0, 30).low, abs=1e-3)


@pytest.mark.parametrize("accuracy", [0.6, 0.9])
def test_the_intervals_hold_the_truth_about_as_often_as_they_say(accuracy: float) -> None:
    """2,000 draws of 120 images, 4 uneven classes: 95 % within what the count of draws allows, and the known bias."""
    rng = np.random.default_rng(0)
    sizes = np.array([0.5, 0.25, 0.15, 0.1])
    wrong = (1 - accuracy) / 3
    p = sizes[:, None] * (np.full((4, 4), wrong) + np.eye(4) * (accuracy - wrong))
    true_f1 = 2 * p.diagonal() / (p.sum(axis=0) + p.sum(axis=1))
    held = held_class = 0
    for _ in range(2000):
        counts = rng.multinomial(120, p.ravel()).reshape(4, 4)
        estimate = macro_f1(counts)
        held += estimate.low <= true_f1.mean() <= estimate.high
        union = int(counts[0].sum() + counts[:, 0].sum() - counts[0, 0])
        of_class = f1_score(int(counts[0, 0]), union)
        held_class += of_class.low <= true_f1[0] <= of_class.high
    assert 0.925 < held / 2000 < 0.975
    assert 0.93 < held_class / 2000 < 0.975


def test_a_paired_difference_by_hand() -> None:
    """1 image right in the first alone, 7 in the second alone, of 21: 2/23 - 8/23, and 1.96 times its error."""
    found = paired_difference(1, 7, 21)
    assert found.value == pytest.approx(-6 / 21)
    assert (found.low, found.high) == pytest.approx((-0.5084, -0.0134), abs=2e-4)


def test_a_paired_difference_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    n, both, first, second = 150, 0.8, 0.08, 0.04
    held = 0
    for _ in range(2000):
        _, a, b, _ = rng.multinomial(n, [both, first, second, 1 - both - first - second])
        found = paired_difference(int(a), int(b), n)
        held += found.low <= first - second <= found.high
    assert 0.935 < held / 2000 < 0.975
