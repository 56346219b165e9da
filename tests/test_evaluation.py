import functools
import itertools
import json
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics

from convwise.evaluation import METRICS, Evaluation, evaluate, log_losses
from convwise.intervals import Estimate, calibration, mean_class, mean_loss, mistake_cost, wilson


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


@pytest.mark.parametrize(
    ("hits", "sizes"), [([0], [7]), ([5], [5]), ([450], [500]), ([9] * 4, [10] * 4), ([5] * 20, [5] * 20)]
)
def test_mean_class_of_one_class_and_of_equal_ones_is_clopper_and_pearsons(hits: list[int], sizes: list[int]) -> None:
    expected = stats.binomtest(sum(hits), sum(sizes)).proportion_ci(method="exact")
    estimate = mean_class(np.array(hits), np.array(sizes))
    assert (estimate.low, estimate.high) == pytest.approx((expected.low, expected.high), abs=3e-4)  # smoothed steps


def test_mean_class_beside_a_well_known_class_is_clopper_and_pearsons_of_the_rare_one() -> None:
    rare = stats.binomtest(4, 5).proportion_ci(method="exact")
    estimate = mean_class(np.array([100_000, 4]), np.array([100_000, 5]))
    assert (estimate.low, estimate.high) == pytest.approx(((1 + rare.low) / 2, (1 + rare.high) / 2), abs=2e-3)


@pytest.mark.parametrize("sizes", [(60, 2), (20, 3, 3), (12, 12)])
def test_the_mean_of_uneven_classes_is_held_as_often_as_it_says_by_enumeration(sizes: tuple[int, ...]) -> None:
    """Every outcome with its chance, at recalls between 0.5 and 1, each class with its own."""
    outcomes = list(itertools.product(*(range(n + 1) for n in sizes)))
    limits = np.array([(e.low, e.high) for e in (mean_class(np.array(x), np.array(sizes)) for x in outcomes)])
    for recalls in itertools.product((0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0), repeat=len(sizes)):
        marginals = [stats.binom.pmf(np.arange(n + 1), n, p) for n, p in zip(sizes, recalls, strict=True)]
        chance = functools.reduce(np.multiply.outer, marginals).ravel()
        held = (limits[:, 0] - 1e-9 <= np.mean(recalls)) & (np.mean(recalls) <= limits[:, 1] + 1e-9)
        assert chance[held].sum() >= 0.94, recalls


@pytest.mark.parametrize(("images", "recall"), [(2, 0.5), (3, 0.9), (10, 0.5), (10, 0.9)])
def test_the_mean_of_many_small_classes_is_held_as_often_as_it_should_be(images: int, recall: float) -> None:
    support = np.full(40, images)
    draws = np.random.default_rng(0).binomial(images, recall, (400, 40))
    estimates = [mean_class(draw, support) for draw in draws]
    held = np.mean([e.low <= recall <= e.high for e in estimates])
    assert 0.915 < held < 0.985  # 3 standard errors (0.011) around 0.95
    spread = (recall * (1 - recall) / (40 * images)) ** 0.5
    width = np.mean([e.high - e.low for e in estimates])
    assert width == pytest.approx(2 * 1.96 * spread, rel=0.05)  # no wider than the scatter asks


def test_mean_loss_limits_are_gamma_quantiles() -> None:
    losses = np.random.default_rng(0).exponential(0.5, 200)
    estimate, mean, variance = mean_loss(losses, 4.0), losses.mean(), losses.var(ddof=1) / 200
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


def test_the_lower_limit_of_calibration_error_does_not_stop_where_accuracies_meet_one() -> None:
    """Upwards a confident network has no room: its accuracies soon are 1, and that is no hypothesis to reckon with."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.95, 1, 1000)
    sure = calibration(confidence, rng.random(1000) < confidence - 0.3, 0)
    assert sure.value - 4 * (0.7 * 0.3 / 1000) ** 0.5 < sure.low < 0.3 < sure.high
    doubtful = calibration(confidence - 0.7, rng.random(1000) < confidence - 0.1, 0)
    assert doubtful.value - 4 * (0.1 * 0.9 / 1000) ** 0.5 < doubtful.low < 0.6 < doubtful.high


def test_a_mistake_costs_what_its_answers_cost() -> None:
    assert mistake_cost(-np.log(np.tile([0.99, 0.01], (50, 1))), 0.1) == pytest.approx(-math.log(0.01))
    # Certain and even answers: nearly all mistakes are among the even ones, at whatever temperature.
    certain_and_even = np.array([[0.0, 16.0]] * 50 + [[math.log(2), math.log(2)]] * 50)
    assert mistake_cost(certain_and_even, 0.25) == pytest.approx(math.log(2), rel=0.01)
    # Wrong in 35 of 100, half of it beyond the even ones: 16 / T = log(0.8 / 0.2) there.
    moments = [0.25 * math.log(2) ** power + 0.1 * 16**power for power in (1, 2)]
    assert mistake_cost(certain_and_even, 0.35) == pytest.approx(moments[1] / moments[0], rel=0.01)


def test_an_overconfident_networks_log_loss_is_held_though_most_test_sets_show_few_mistakes() -> None:
    """Two hundred images, two mistakes expected: a test set with one or none knows little of what they cost."""
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        labels = np.arange(n) % 4
        logits = rng.normal(size=(n, 4))
        logits[np.arange(n), labels] += np.linspace(2.8, 5.2, 4)[labels]
        exp = np.exp(20 * (logits - logits.max(axis=1, keepdims=True)))
        return labels, exp / exp.sum(axis=1, keepdims=True)

    labels, p = draw(200_000)
    truth = log_losses(p, labels).mean()
    held = 0
    for _ in range(300):
        labels, p = draw(200)
        estimate = evaluate(labels, p, list("abcd"), split="test").log_loss
        held += estimate.low <= truth <= estimate.high
    assert held / 300 >= 0.94


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
