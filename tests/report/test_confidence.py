"""How sure and how right: against the evaluation's own number, and with planted wrong labels."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.evaluation import evaluate
from convwise.report.confidence import Answers, how_sure, label_doubts, reliability

NAMES = ("a", "b", "c")


def answers(labels: np.ndarray, p: np.ndarray) -> Answers:
    return Answers(tuple(f"{i}.png" for i in range(len(labels))), labels, p, NAMES)


def test_the_bins_add_up_to_the_calibration_error_of_the_evaluation() -> None:
    """Right nine times in ten in every other bin and seldom between, so that another division gives another error."""
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.35, 1, 300)
    right = rng.random(300) < np.where((sure * 15).astype(int) % 2, 0.9, 0.1)
    labels = np.arange(300) % 3
    p = np.repeat(((1 - sure) / 2)[:, None], 3, axis=1)
    p[np.arange(300), np.where(right, labels, (labels + 1) % 3)] = sure
    bins = reliability(answers(labels, p))
    error = sum(each.n * abs(each.right.value - each.confidence) for each in bins) / 300
    assert error == pytest.approx(evaluate(labels, p, NAMES, split="test").calibration_error.value)
    assert sum(each.n for each in bins) == 300


@pytest.mark.parametrize(("sure", "says"), [(0.9, "about as sure"), (0.99, "surer than"), (0.5, "less sure")])
def test_the_sentence_says_which_way_it_is_off(sure: float, says: str) -> None:
    labels = np.zeros(400, int)
    right = np.arange(400) % 10 > 0
    p = np.where(right[:, None], [sure, 1 - sure, 0], [1 - sure, sure, 0]) if sure > 0.5 else np.full((400, 3), 0.25)
    if sure == 0.5:
        p[np.arange(400), np.where(right, 0, 1)] = 0.5
    assert says in how_sure(answers(labels, p))


def test_planted_wrong_labels_are_doubted_and_honest_mistakes_are_not() -> None:
    """A network that is sure where it is right and unsure where it errs, and ten labels that were swapped."""
    rng = np.random.default_rng(0)
    truth = np.arange(300) % 3
    p = np.full((300, 3), 0.02)
    p[np.arange(300), truth] = 0.96
    unsure = rng.choice(300, 30, replace=False)
    p[unsure] = 0.2
    p[unsure, (truth[unsure] + 1) % 3] = 0.6
    swapped = [i for i in range(300) if i not in unsure][:10]
    labels = truth.copy()
    labels[swapped] = (truth[swapped] + 1) % 3
    found = label_doubts(answers(labels, p))
    assert {each.position for each in found} == set(swapped)
    assert all(each.right >= 0.85 * each.n for each in found)


def test_a_network_that_is_always_sure_casts_doubt_on_nothing() -> None:
    labels = np.arange(90) % 3
    p = np.full((90, 3), 0.005)
    p[np.arange(90), np.where(np.arange(90) % 4, labels, (labels + 1) % 3)] = 0.99
    assert label_doubts(answers(labels, p)) == ()
