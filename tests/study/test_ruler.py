"""The finer ruler: it finds the slope, narrows what follows it, and leaves alone what only calibrates."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.study.estimates import Reading, estimates
from convwise.study.ruler import USUAL_SLOPE, fitted
from convwise.study.weighing import weighed

SLOPE = -30.0


def drawn(
    random: np.random.Generator, effects: dict[str, float], *, off: dict[str, float] | None = None, n: int = 6
) -> dict[str, list[Reading]]:
    """Accuracy with a noise of 1.5 points, the score with 0.5 points' worth, half of it shared."""
    readings = {}
    for name, effect in effects.items():
        a, b = random.normal(size=(2, n))
        score = (effect + (off or {}).get(name, 0.0) + 0.5 * (0.5 * a + np.sqrt(0.75) * b)) / SLOPE
        readings[name] = [Reading(d, s) for d, s in zip(effect + 1.5 * a, score, strict=True)]
    return readings


EFFECTS = {"much": 5.0, "more": -6.0, "some": 2.0, "none": 0.0, "nil": 0.0, "little": -1.0}


def test_the_slope_is_found_where_effects_show_it_and_the_usual_one_stands_where_none_does() -> None:
    random = np.random.default_rng(0)
    slopes = [fitted(drawn(random, EFFECTS)).slope for _ in range(200)]  # type: ignore[union-attr]
    assert np.mean(slopes) == pytest.approx(SLOPE, abs=2)
    nothing = fitted(drawn(random, dict.fromkeys("abcdef", 0.0)))
    assert nothing is not None
    assert nothing.slope == pytest.approx(USUAL_SLOPE, abs=6)


def test_intervals_are_half_as_wide_and_still_cover() -> None:
    random = np.random.default_rng(1)
    covered = narrower = 0.0
    n = 300
    for _ in range(n):
        readings = drawn(random, EFFECTS)
        plain, fine = estimates(readings), weighed(readings, fitted(readings))
        for name, effect in EFFECTS.items():
            low, high = fine[name].interval(0.025)
            covered += low <= effect <= high
            narrower += fine[name].error / plain[name].error
    assert covered / (n * len(EFFECTS)) > 0.94
    assert narrower / (n * len(EFFECTS)) < 0.65


def test_idle_changes_that_calibrate_a_little_do_not_flatten_the_slope() -> None:
    """Idle ones must not push an effect below what it is, however many blocks there are."""
    random = np.random.default_rng(3)
    names = ["gains", *(f"idle {i}" for i in range(11))]
    slopes, below, n = [], 0, 400
    for _ in range(n):
        off = {name: random.normal(0, 0.16) for name in names}
        readings = drawn(random, {name: float(name == "gains") for name in names}, off=off, n=48)
        ruler = fitted(readings)
        assert ruler is not None
        slopes.append(ruler.slope)
        below += weighed(readings, ruler)["gains"].interval(0.025)[1] < 1
    assert np.mean(slopes) == pytest.approx(SLOPE, abs=3)
    assert below / n < 0.06


def test_what_only_calibrates_is_not_taken_for_accuracy() -> None:
    random = np.random.default_rng(2)
    claimed, n = 0, 300
    for _ in range(n):
        readings = drawn(random, {**EFFECTS, "sure": 0.0}, off={"sure": 4.0}, n=8)
        low, high = weighed(readings, fitted(readings))["sure"].interval(0.025)
        claimed += not low <= 0 <= high
    assert claimed / n < 0.06


def test_without_scores_there_is_no_ruler() -> None:
    assert fitted({"a": [Reading(1.0), Reading(2.0)]}) is None
