"""Curves that were drawn to say one thing get that diagnosis, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.report.diagnosis import Diagnosis, diagnose

N = 20


def rows(loss: np.ndarray, held: np.ndarray, accuracy: float, val_accuracy: float) -> list[dict[str, float]]:
    return [
        {"epoch": i + 1, "loss": float(a), "val_loss": float(b), "accuracy": accuracy, "val_accuracy": val_accuracy}
        for i, (a, b) in enumerate(zip(loss, held, strict=True))
    ]


def found(loss: np.ndarray, held: np.ndarray, accuracy: float, val_accuracy: float, n: int = 400) -> Diagnosis:
    best = int(held.argmin()) + 1
    return diagnose(rows(loss, held, accuracy, val_accuracy), best, n_validation=n)


t = np.arange(1, N + 1)
FALLING = 1.5 / t + 0.2


@pytest.mark.parametrize(
    ("kind", "loss", "held", "accuracies"),
    [
        ("settled", FALLING, 0.3 + np.exp(-t), (0.97, 0.95)),
        ("ended early", 2.0 - 0.08 * t, 2.1 - 0.08 * t, (0.6, 0.6)),
        ("overfitting", FALLING, 0.5 + 0.02 * np.abs(t - 5), (0.99, 0.94)),
        ("overfitting", FALLING, 0.3 + np.exp(-t), (0.99, 0.70)),
        ("underfitting", 0.9 + np.exp(-t), 0.9 + np.exp(-t), (0.60, 0.61)),
        ("noisy", FALLING, 0.6 + 0.2 * (-1.0) ** t + 0.1 / t, (0.97, 0.95)),
    ],
)
def test_a_planted_course_is_found(
    kind: str, loss: np.ndarray, held: np.ndarray, accuracies: tuple[float, float]
) -> None:
    diagnosis = found(loss, held, *accuracies)
    assert diagnosis.kind == kind
    assert diagnosis.evidence
    assert all(any(letter.isdigit() for letter in line) for line in diagnosis.evidence[:1])


def test_a_gap_that_chance_explains_is_no_overfitting() -> None:
    assert found(FALLING, 0.3 + np.exp(-t), 0.99, 0.85, n=10).kind == "settled"
    assert found(FALLING, 0.3 + np.exp(-t), 0.99, 0.85, n=400).kind == "overfitting"


@pytest.mark.parametrize("seed", range(20))
def test_settled_curves_with_a_little_noise_stay_settled(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 0.004, N)
    assert found(FALLING, 0.3 + 0.7 * np.exp(-t / 2) + noise, 0.96, 0.95).kind == "settled"


def test_one_epoch_none_and_no_validation() -> None:
    one = diagnose(rows(np.array([1.25]), np.array([1.0]), 0.5, 0.5), 1, n_validation=10, label_smoothing=0.05)
    assert one.kind == "one epoch"
    assert "training loss 1.250" in one.evidence[0]
    assert diagnose([], 0, n_validation=10).kind == "no curve"
    blind = [{"epoch": i, "loss": 1.0 / i} for i in (1, 2, 3)]
    assert diagnose(blind, 3, n_validation=0).kind == "no validation"
    first_stage = [{"epoch": 0, "val_loss": 0.4}, *rows(np.array([1.0]), np.array([0.3]), 0.9, 0.9)]
    assert diagnose(first_stage, 1, n_validation=9).kind == "one epoch"


def test_label_smoothing_is_named_where_there_is_some() -> None:
    smoothed = diagnose(rows(FALLING, 0.3 + np.exp(-t), 0.97, 0.95), 20, n_validation=50, label_smoothing=0.1)
    assert "label smoothing of 0.1" in smoothed.evidence[-1]
    plain = diagnose(rows(FALLING, 0.3 + np.exp(-t), 0.97, 0.95), 20, n_validation=50)
    assert not any("smoothing" in line for line in plain.evidence)
