"""The interval of few blocks: its formula by hand, its coverage by simulation, and the noise that is never lowered."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from convwise.study.estimates import Estimate, Reading, estimates


def test_three_candidates_by_hand() -> None:
    """v = max(f, (3 c + (b - 1) f) / (b + 2)), f at least (worth / 2) squared, c the mean of f or the churn's."""
    worth = 0.5
    values = {"calm": [0.0, 0.5, 0.0], "wild": [4.0, -4.0, 0.0], "still": [0.0, 0.0, 0.0]}
    found = estimates({name: [Reading(v, churn=2 * worth**2, worth=worth) for v in of] for name, of in values.items()})
    f = {"calm": 0.25 / 3, "wild": 16.0, "still": worth**2 / 4}
    capped = min(16.0, 4 * f["calm"])  # four times the median
    c = max((f["calm"] + f["still"] + capped) / 3, (6 * worth**2 + worth**2) / 3)
    for name in values:
        v = max(f[name], (3 * c + 2 * f[name]) / 5)
        assert found[name].error == pytest.approx(math.sqrt(v / 3)), name
        assert (found[name].df, found[name].n) == (5, 3)
        assert found[name].estimate == pytest.approx(np.mean(values[name]))


def test_limits_are_those_of_students_t() -> None:
    low, high = Estimate(1.0, 0.5, 7, 5).interval(0.025)
    assert (low, high) == pytest.approx(stats.t.interval(0.95, 7, loc=1.0, scale=0.5))


def test_noise_is_raised_towards_the_others_and_never_lowered() -> None:
    noisy = [Reading(v) for v in (3.0, -3.0, 0.0, 1.0)]
    alone = estimates({"noisy": noisy})["noisy"]
    calm = {f"calm{i}": [Reading(v) for v in (0.1, 0.0, -0.1, 0.0)] for i in range(5)}
    among = estimates({"noisy": noisy, **calm})
    assert among["noisy"].error == alone.error
    assert among["calm0"].error > estimates({"calm0": calm["calm0"]})["calm0"].error


def test_one_block_has_no_interval() -> None:
    assert estimates({"once": [Reading(1.0)], "twice": [Reading(1.0), Reading(2.0)]}).keys() == {"twice"}


@pytest.mark.parametrize(("n_blocks", "noisier"), [(3, 1.0), (6, 1.0), (3, 3.0), (6, 3.0)])
def test_nominal_95_percent_cover_nearly_90_even_for_a_candidate_with_three_times_the_noise(
    n_blocks: int, noisier: float
) -> None:
    random = np.random.default_rng(n_blocks)
    covered, n = 0, 1000
    for _ in range(n):
        readings = {f"c{i}": [Reading(v) for v in random.normal(0, 1, n_blocks)] for i in range(11)}
        readings["asked"] = [Reading(v) for v in random.normal(2, noisier, n_blocks)]
        low, high = estimates(readings)["asked"].interval(0.025)
        covered += low <= 2 <= high
    assert covered / n > 0.88
