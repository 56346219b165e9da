"""Plans: within the time, refused where nothing could be told, the same arithmetic for runs and minutes."""

from __future__ import annotations

import pytest

from convwise.errors import RequestError
from convwise.study.design import smallest_design
from convwise.study.plan import CANDIDATES, PAIRS, Pace, least_replicates, plan_by_minutes, plan_by_runs, promise

SIXTEEN = smallest_design(tuple(f"f{i:02}" for i in range(16)))
PACE = Pace(start=2.0, own_epoch=1.0, mean_epoch=1.5)


def test_runs_are_whole_replicates() -> None:
    plan = plan_by_runs(70, SIXTEEN, epochs=None, full_epochs=18, n_workers=2)
    assert (plan.replicates, plan.epochs) == (2, 6)
    assert "6 of 70 runs" in plan.note


def test_too_few_runs_are_refused_with_the_number_that_would_do() -> None:
    with pytest.raises(RequestError, match="at least 32"):
        plan_by_runs(31, SIXTEEN, epochs=None, full_epochs=18, n_workers=2)


def test_few_factors_need_replicates_for_an_error_term() -> None:
    design = smallest_design(("a",))
    assert design.n_runs == 2
    assert least_replicates(design) * design.n_runs - least_replicates(design) - 1 >= 4


@pytest.mark.parametrize("minutes", [10, 15, 30, 60])
def test_the_plan_keeps_to_the_time(minutes: float) -> None:
    plan = plan_by_minutes(minutes, 30.0, SIXTEEN, PACE, epochs=None, full_epochs=18, n_workers=2)
    trial = PACE.start + plan.epochs * PACE.mean_epoch
    screen = plan.replicates * SIXTEEN.n_runs * trial
    race = (CANDIDATES + 1) * PAIRS * trial * 0.6
    confirm = 2 * PAIRS * (PACE.start + 18 * 1.25)
    assert (screen + race + confirm) / 2 + 30 <= 60 * minutes


def test_more_time_buys_more() -> None:
    plans = [
        plan_by_minutes(m, 0.0, SIXTEEN, PACE, epochs=None, full_epochs=18, n_workers=2) for m in (10, 15, 30, 60, 240)
    ]
    trials = [plan.replicates * plan.epochs for plan in plans]
    assert trials == sorted(trials)
    assert trials[0] < trials[-1]
    assert all(plan.replicates >= 1 for plan in plans)


def test_too_little_time_is_refused_with_the_minutes_that_would_do() -> None:
    with pytest.raises(RequestError, match="give 7,") as refusal:
        plan_by_minutes(2, 20.0, SIXTEEN, PACE, epochs=None, full_epochs=18, n_workers=2)
    enough = float(str(refusal.value).split("give ")[1].split(",")[0])
    plan_by_minutes(enough, 20.0, SIXTEEN, PACE, epochs=None, full_epochs=18, n_workers=2)


def test_the_promise_shrinks_with_the_noise_and_the_trials() -> None:
    assert "64 trials" in promise(SIXTEEN, 2)
    assert promise(SIXTEEN, 1) != promise(SIXTEEN, 2) != promise(SIXTEEN, 2, deviation=0.5)
