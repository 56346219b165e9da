import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from convwise.evaluation import METRICS, Evaluation, evaluate
from convwise.intervals import Estimate, calibration, mean_class, mean_loss, wilson


def predictions(n: int = 400, k: int = 7, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64], list[str]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k))
    logits[np.arange(n), labels] += 1.5
    exp = np.exp(logits)
    return labels, exp / exp.sum(axis=1, keepdims=True), [f"class {i}" for i in range(k)]


def test_every_value_agrees_with_scikit_learn() -> None:
    labels, p, names = predictions()
    result, guess = evaluate(labels, p, names, split="test"), p.argmax(axis=1)
    assert result.accuracy.value == pytest.approx(metrics.accuracy_score(labels, guess))
    assert result.mean_class_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(labels, guess))
    assert result.top5_accuracy.value == pytest.approx(metrics.top_k_accuracy_score(labels, p, k=5))
    assert result.log_loss.value == pytest.approx(metrics.log_loss(labels, p))
    assert np.array_equal(result.confusion, metrics.confusion_matrix(labels, guess))
    expected = metrics.precision_recall_fscore_support(labels, guess)
    got = [(c.precision, c.recall, c.f1, c.support) for c in result.per_class]
    np.testing.assert_allclose(np.array(got).T, expected, rtol=1e-12)


def test_calibration_error_of_a_hand_made_case() -> None:
    # 0.62 and 0.66 share the bin (0.6, 2/3]: |1/2 - 0.64| * 2; 0.9 is alone in its own: |1 - 0.9|. Divided by 3.
    p = np.array([[0.62, 0.38], [0.66, 0.34], [0.9, 0.1]])
    result = evaluate(np.array([0, 1, 0]), p, ["a", "b"], split="test")
    assert result.calibration_error.value == pytest.approx((0.14 * 2 + 0.1) / 3)


def test_wilson_agrees_with_scipy() -> None:
    for hits, n in ((0, 7), (3, 10), (399, 400), (10, 10)):
        expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
        estimate = wilson(hits / n, n)
        assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_mean_class_of_one_class_is_nearly_wilson_and_equal_perfect_classes_add_up() -> None:
    one, plain = mean_class(np.array([450]), np.array([500])), wilson(0.9, 500)
    assert (one.low, one.high) == pytest.approx((plain.low, plain.high), abs=1e-3)
    perfect = mean_class(np.array([5] * 20), np.array([5] * 20))
    assert perfect == wilson(1.0, 100)


@pytest.mark.parametrize(("images", "recall"), [(2, 0.5), (3, 0.9), (10, 0.5), (10, 0.9)])
def test_the_mean_of_many_small_classes_is_held_as_often_as_it_should_be(images: int, recall: float) -> None:
    support = np.full(101, images)
    draws = np.random.default_rng(0).binomial(images, recall, (2000, 101))
    estimates = [mean_class(draw, support) for draw in draws]
    held = np.mean([e.low <= recall <= e.high for e in estimates])
    assert 0.93 < held < 0.97  # 4 standard errors (0.005) around 0.95
    spread = draws.mean(axis=1).std() / images
    width = np.mean([e.high - e.low for e in estimates])
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.05)  # the spread itself is known to 1.6 %


def test_mean_loss_limits_are_gamma_quantiles() -> None:
    losses = np.random.default_rng(0).exponential(0.5, 200)
    estimate, mean, variance = mean_loss(losses), losses.mean(), losses.var(ddof=1) / 200
    low = stats.gamma.ppf(0.025, mean**2 / variance, scale=variance / mean)
    worst = max(losses.max(), 4) / 200
    up, spread = mean + worst, variance + worst**2
    high = stats.gamma.ppf(0.975, up**2 / spread, scale=spread / up)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), rel=2e-3)  # Wilson and Hilferty's approximation


def test_a_hundred_answers_without_a_mistake_leave_room_for_some() -> None:
    p = np.tile([0.999, 0.001], (100, 1))
    result = evaluate(np.zeros(100, int), p, ["a", "b"], split="test")
    assert result.accuracy.low == pytest.approx(100 / (100 + 1.959964**2), abs=1e-6)
    assert result.log_loss.high > 0.05
    assert result.calibration_error.high > 0.02


def test_calibrated_predictions_include_zero_calibration_error_and_overconfident_ones_exclude_it() -> None:
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 2000)
    assert calibration(confidence, rng.random(2000) < confidence, 0).low == 0
    gap = calibration(confidence, rng.random(2000) < confidence - 0.2, 0)
    assert gap.low < 0.2 < gap.high
    assert gap.low > 0.15


@pytest.mark.slow
def test_the_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = dict.fromkeys(METRICS, 0)
    truth = evaluate(*predictions(200_000, seed=1), split="all")
    for seed in range(200):
        result = evaluate(*predictions(300, seed=seed + 10), split="test", seed=seed)
        for metric in METRICS:
            estimate = getattr(result, metric)
            held[metric] += estimate.low <= getattr(truth, metric).value <= estimate.high
    for metric, count in held.items():
        assert count / 200 >= 0.90, metric  # 3 standard errors (0.0154) below 0.95
    assert held["accuracy"] / 200 < 0.995


def test_json_and_back_is_the_same_record() -> None:
    labels, p, names = predictions()
    result = evaluate(labels, p, names, split="validation", paths=[f"{i}.png" for i in range(len(labels))])
    text = json.dumps(result.to_dict(), allow_nan=False)
    assert Evaluation.from_dict(json.loads(text)) == result
    assert json.loads(text)["intervals"].keys() == set(METRICS)


def test_mistakes_are_the_most_confident_wrong_answers_first() -> None:
    labels, p, names = predictions()
    result = evaluate(labels, p, names, split="test", paths=[str(i) for i in range(len(labels))])
    wrong = [i for i in range(len(labels)) if p[i].argmax() != labels[i]]
    expected = sorted(wrong, key=lambda i: -p[i].max())[:50]
    assert [m.path for m in result.mistakes] == [str(i) for i in expected]
    assert result.mistakes[0].label == names[labels[expected[0]]]
    assert result.mistakes[0].predicted == names[p[expected[0]].argmax()]


def test_a_class_without_images_is_left_out_of_the_mean_and_has_no_recall() -> None:
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.6, 0.2], [0.7, 0.2, 0.1]])
    result = evaluate(np.array([0, 1, 1]), p, ["a", "b", "none"], split="test")
    assert result.mean_class_accuracy.value == pytest.approx(0.75)
    absent = result.per_class[2]
    assert (absent.recall, absent.precision, absent.f1, absent.support) == (None, None, None, 0)


def test_top5_is_one_where_there_are_five_classes_or_fewer() -> None:
    assert evaluate(*predictions(k=5), split="test").top5_accuracy.value == 1


def test_a_certain_wrong_answer_costs_the_clipped_loss() -> None:
    result = evaluate(np.array([0]), np.array([[0.0, 1.0]]), ["a", "b"], split="test")
    assert result.log_loss.value == pytest.approx(-math.log(1e-7))


@pytest.mark.parametrize(
    ("labels", "p"),
    [
        ([0, 1], [[0.5, 0.5], [math.nan, 0.5]]),
        ([0, 2], [[0.5, 0.5], [0.5, 0.5]]),
        ([0, -1], [[0.5, 0.5], [0.5, 0.5]]),
        ([0], [[0.5, 0.5], [0.5, 0.5]]),
        ([0, 1], [[2.0, 3.0], [0.5, 0.5]]),
        ([0, 1], [[1.5, -0.5], [0.5, 0.5]]),
        ([0, 1], [[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]]),
        ([0.0, 1.0], [[0.5, 0.5], [0.5, 0.5]]),
    ],
)
def test_what_is_no_prediction_is_refused(labels: list[int], p: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="needed"):
        evaluate(np.array(labels), np.array(p), ["a", "b"], split="test")


def test_an_estimate_with_crossed_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="low"):
        Estimate(0.5, 0.6, 0.4)
