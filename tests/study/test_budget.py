"""Budgets: what was spent, what more would take, whether that reaches; by hand-made numbers."""

from __future__ import annotations

import pytest

from convwise.study.budget import Budget
from convwise.study.plan import Plan, together
from convwise.study.trials import Outcome, failed


def trial(key: str, epoch: float, *, start: float = 1.0, epochs: int = 2) -> Outcome:
    """Of a hundred images; an epoch takes so many seconds."""
    return Outcome(key, "done", accuracy=50.0, seconds_per_image=epoch / 100, seconds=start + epochs * epoch)


def budget(seconds: float | None, n_workers: int = 2) -> Budget:
    return Budget(Plan(1, 2, 6, n_workers, "", seconds, own_seconds=4.0), 100)


@pytest.mark.parametrize(
    ("seconds", "n_workers", "expected"),
    [([], 2, 0), ([3], 2, 3), ([1, 1, 1], 2, 2), ([1, 1, 4], 2, 5), ([4, 1, 1], 2, 4), ([1] * 5, 8, 1)],
)
def test_each_trial_goes_to_the_first_worker_that_is_free(
    seconds: list[float], n_workers: int, expected: float
) -> None:
    assert together(seconds, n_workers) == expected


def test_a_trial_is_counted_once() -> None:
    purse = budget(100.0)
    purse.spend([trial("a", 1), trial("b", 1), trial("a", 1)])  # 3 seconds each, side by side
    purse.spend([trial("b", 1), trial("c", 2)])  # 5 more
    assert purse.spent == 8
    assert purse.counts("c")
    assert not purse.counts("d")


def test_what_a_trial_takes_is_told_from_a_usual_start() -> None:
    purse = budget(100.0)
    purse.spend([trial("a", 1), trial("b", 3), trial("late", 1, start=30)])
    assert purse.seconds(trial("late", 1, start=30)) == 1 + 2 * 1


@pytest.mark.parametrize(("n_workers", "confirmation"), [(2, 30), (10, 7)])
def test_it_reaches_for_further_rounds_and_the_dearest_confirmation(n_workers: int, confirmation: float) -> None:
    """Spent 3; two rounds of 3; then five pairs of 4 and of 1 + 6 x 1 seconds."""
    least = 3 + 2 * 3 + confirmation
    for seconds, enough in ((least, True), (least - 0.1, False)):
        purse = budget(seconds, n_workers)
        purse.spend([trial("a", 1), trial("b", 1)])
        assert purse.reaches(2, [trial("a", 1), trial("b", 0.5)]) == enough


def test_the_network_itself_is_confirmed_where_nothing_dearer_is_proposed() -> None:
    assert budget(5 * 4.0).reaches(0, [])
    assert not budget(5 * 4.0 - 0.1).reaches(0, [])
    assert budget(None).reaches(1000, [trial("a", 1000)])


def test_a_failed_trial_takes_its_time_and_predicts_nothing() -> None:
    purse = budget(100.0)
    purse.spend([failed("a", "diverged", 7.0), trial("b", 1)])
    assert purse.spent == 7
    assert purse.seconds(failed("a", "diverged", 7.0)) == 1.0
