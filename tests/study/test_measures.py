"""Readings against counting by hand: accuracy, mean class accuracy, the images that differ, the tempered log loss."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from convwise.study.measures import Judged, Scores, image_effects, reading, usual_metric

LABELS = np.array([0, 0, 0, 0, 1, 1, 2, 2])


def answers(predicted: list[int], sure: float = 0.8) -> np.ndarray:
    rows = np.full((len(predicted), 3), (1 - sure) / 2)
    rows[np.arange(len(predicted)), predicted] = sure
    return rows


UNCHANGED = Scores.of(answers([0, 0, 0, 1, 1, 1, 2, 0]), LABELS)  # 6 of 8
CHANGED = Scores.of(answers([0, 0, 0, 0, 1, 0, 2, 2]), LABELS)  # 7 of 8; three images differ


@pytest.mark.parametrize(
    ("metric", "difference", "churn", "worth"),
    [
        ("accuracy", 12.5, 3 * 12.5**2, 12.5),
        # An image of class 0 is worth 100 / (3 x 4), one of the others 100 / (3 x 2).
        ("mean_class_accuracy", 100 / 12, (100 / 12) ** 2 + 2 * (100 / 6) ** 2, 100 / 6),
    ],
)
def test_a_reading_by_hand(metric: str, difference: float, churn: float, worth: float) -> None:
    found = reading(CHANGED, [UNCHANGED], Judged(LABELS, 3), metric)  # type: ignore[arg-type]
    assert (found.difference, found.churn, found.worth) == pytest.approx((difference, churn, worth))
    assert found.score == pytest.approx(CHANGED.loss - UNCHANGED.loss)


def test_against_two_unchanged_trainings_it_is_the_mean_of_both_readings() -> None:
    judged = Judged(LABELS, 3)
    both = reading(CHANGED, [UNCHANGED, CHANGED], judged, "accuracy")
    one = reading(CHANGED, [UNCHANGED], judged, "accuracy")
    assert (both.difference, both.churn, both.score) == pytest.approx(
        (one.difference / 2, one.churn / 2, one.score / 2)
    )


@pytest.mark.parametrize("metric", ["accuracy", "mean_class_accuracy", "log_loss"])
def test_what_a_change_does_to_each_image_adds_up_to_the_reading(metric: str) -> None:
    of = [UNCHANGED, CHANGED], Judged(LABELS, 3), metric
    effects = image_effects(CHANGED, *of)  # type: ignore[arg-type]
    assert effects.mean() == pytest.approx(reading(CHANGED, *of).difference)  # type: ignore[arg-type]
    assert (effects != 0).sum() == 3 or metric == "log_loss"


def test_less_log_loss_is_a_gain() -> None:
    found = reading(CHANGED, [UNCHANGED], Judged(LABELS, 3), "log_loss")
    assert found.difference == pytest.approx(UNCHANGED.raw_loss - CHANGED.raw_loss)
    assert found.difference > 0
    assert (found.churn, found.worth) == (0, 0)


def test_the_temperature_of_one_half_is_fitted_on_the_other() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 400)
    logits = 3 * np.eye(4)[labels] + random.normal(0, 2.5, (400, 4))
    probabilities = np.exp(2 * logits)  # twice as sure as it ought to be
    probabilities /= probabilities.sum(axis=1, keepdims=True)

    def loss(temperature: float, rows: np.ndarray) -> float:
        scaled = np.log(np.maximum(probabilities[rows], 1e-6)) / temperature
        scaled -= np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-scaled[np.arange(len(rows)), labels[rows]].mean())

    halves = np.arange(0, 400, 2), np.arange(1, 400, 2)
    best = [
        optimize.minimize_scalar(lambda t, r=rows: loss(t, r), bounds=(0.2, 5), method="bounded").x for rows in halves
    ]
    expected = (loss(best[1], halves[0]) + loss(best[0], halves[1])) / 2
    found = Scores.of(probabilities, labels)
    assert found.loss == pytest.approx(expected, rel=5e-3)
    assert found.loss < found.raw_loss


def test_being_twice_as_sure_changes_no_score() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 300)
    rows = random.dirichlet((1, 1, 1), 300) * 0.7 + 0.3 * np.eye(3)[labels]
    sharper = rows**1.5 / (rows**1.5).sum(axis=1, keepdims=True)
    assert Scores.of(sharper, labels).loss == pytest.approx(Scores.of(rows, labels).loss, abs=2e-3)


@pytest.mark.parametrize(
    ("counts", "metric"), [((10, 50), "accuracy"), ((10, 51), "mean_class_accuracy"), ((3, 3), "accuracy")]
)
def test_uneven_classes_are_judged_by_mean_class_accuracy(counts: tuple[int, ...], metric: str) -> None:
    assert usual_metric(counts) == metric
