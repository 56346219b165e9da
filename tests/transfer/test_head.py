"""The first stage's classifier against scikit-learn's, and what it must find and not find."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from convwise.transfer.head import choose_c, fit_head, held_out

N_CLASSES = 4


def features(n: int, *, signal: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`n` rows of 12 features, each class around a centre of its own times `signal`; scales and offsets differ."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % N_CLASSES
    centres = np.random.default_rng(99).normal(size=(N_CLASSES, 12))
    rows = signal * centres[labels] + random.normal(size=(n, 12))
    return rows * np.geomspace(0.1, 30, 12) + np.linspace(-5, 5, 12), labels


@pytest.mark.parametrize("c", [1e-3, 1e-1, 1.0])
def test_the_head_is_scikit_learns_logistic_regression_on_standardised_features(c: float) -> None:
    rows, labels = features(200, signal=1.0)
    ours = fit_head(rows, labels, N_CLASSES, c=c, epsilon=0.0)
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    theirs = LogisticRegression(C=c, tol=1e-8, max_iter=5000).fit(scaled, labels)
    # L-BFGS stops at a relative gain of 1e-6.
    np.testing.assert_allclose(ours.log_probabilities(rows), theirs.predict_log_proba(scaled), atol=0.02)


def test_a_start_elsewhere_ends_at_the_same_head() -> None:
    rows, labels = features(120, signal=1.0)
    far = fit_head(rows, labels, N_CLASSES, c=10.0, epsilon=0.0)
    cold = fit_head(rows, labels, N_CLASSES, c=0.01, epsilon=0.0)
    warm = fit_head(rows, labels, N_CLASSES, c=0.01, epsilon=0.0, start=far)
    np.testing.assert_allclose(cold.kernel, warm.kernel, atol=0.01 * np.abs(cold.kernel).max())


def test_one_image_in_five_of_each_class_is_held_out_and_one_at_least() -> None:
    labels = np.repeat([0, 1, 2, 3], [20, 7, 2, 1])
    apart = held_out(labels, 3)
    assert [int(apart[labels == label].sum()) for label in range(4)] == [4, 1, 1, 0]
    assert np.array_equal(apart, held_out(labels, 3))
    assert not np.array_equal(apart, held_out(labels, 4))


def test_noise_takes_a_strong_penalty_and_a_strong_signal_a_weak_one() -> None:
    for signal, strong in ((0.0, True), (3.0, False)):
        rows, labels = features(200, signal=signal, seed=5)
        losses = choose_c(rows, labels, N_CLASSES, apart=held_out(labels, 0), epsilon=0.0)
        assert (min(losses, key=losses.__getitem__) <= 0.01) == strong
    # On noise the best that can be known is how many classes there are.
    rows, labels = features(200, signal=0.0, seed=5)
    losses = choose_c(rows, labels, N_CLASSES, apart=held_out(labels, 0), epsilon=0.0)
    assert min(losses.values()) == pytest.approx(np.log(N_CLASSES), abs=0.05)


def test_the_log_loss_is_of_the_images_asked() -> None:
    rows, labels = features(400, signal=1.0)
    head = fit_head(rows[:200], labels[:200], N_CLASSES, c=1.0, epsilon=0.0)
    by_hand = -np.mean([head.log_probabilities(rows[i : i + 1])[0, labels[i]] for i in range(200, 400)])
    assert head.log_loss(rows[200:], labels[200:]) == pytest.approx(by_hand)


def test_a_feature_that_never_changes_does_no_harm() -> None:
    rows, labels = features(100, signal=2.0)
    rows[:, 3] = 7.0
    head = fit_head(rows, labels, N_CLASSES, c=1.0, epsilon=1e-3)
    assert np.isfinite(head.log_probabilities(rows)).all()
    assert np.abs(head.kernel[3]).max() < 1e-6
