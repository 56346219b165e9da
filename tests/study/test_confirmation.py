"""Fresh blocks: how many, Holm's test over all arms, and what may be built on."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from convwise.study.confirmation import confirmed, n_fresh
from convwise.study.estimates import Estimate, Reading


def readings(
    effects: dict[tuple[str, ...], float], sd: float = 0.3, n: int = 6
) -> dict[tuple[str, ...], list[Reading]]:
    """With exactly this mean and deviation."""
    around = np.linspace(-1, 1, n)
    around *= sd / around.std(ddof=1)
    return {arm: [Reading(effect + each) for each in around] for arm, effect in effects.items()}


def judged(effects: dict[tuple[str, ...], float], failed: set[tuple[str, ...]] = frozenset(), **kw: float):  # type: ignore[no-untyped-def,assignment]
    return confirmed(readings(effects, **kw), set(failed), lent=(), ruler=None, smallest_effect=1.0, turn=0)


@pytest.mark.parametrize(
    ("effects", "passed", "adopted"),
    [
        ({("a",): 2.0}, [("a",)], ("a",)),
        ({("a",): 0.0}, [], ()),
        ({("a",): 0.8}, [], ()),  # surely above zero, and not worth having
        ({("a",): 2.0, ("b",): 1.5, ("a", "b"): 3.0}, [("a", "b"), ("a",), ("b",)], ("a", "b")),
        ({("a",): 2.0, ("b",): 1.5, ("a", "b"): 1.8}, [("a",), ("a", "b"), ("b",)], ("a",)),  # less than one alone
        ({("a",): 2.0, ("b",): 0.0, ("a", "b"): 2.2}, [("a", "b"), ("a",)], ("a",)),  # b is confirmed of nothing
        ({("a",): 0.1, ("b",): 0.2, ("a", "b"): 2.5}, [("a", "b")], ()),
    ],
)
def test_what_passes_and_what_is_adopted(
    effects: dict[tuple[str, ...], float], passed: list[tuple[str, ...]], adopted: tuple[str, ...]
) -> None:
    found = judged(effects)
    assert sorted(found.passed) == sorted(passed)
    assert found.adopted == adopted


def test_an_arm_that_failed_once_cannot_pass() -> None:
    found = judged({("a",): 3.0, ("b",): 3.0, ("a", "b"): 5.0}, failed={("a",)})
    assert ("a",) not in found.passed
    assert found.adopted == ("b",)


def test_the_levels_are_holms() -> None:
    found = judged({("a",): 2.0, ("b",): 1.5, ("a", "b"): 3.0})
    assert sorted(found.levels.values()) == pytest.approx([0.04 / 3, 0.04 / 2, 0.04])
    later = confirmed(readings({("a",): 2.0}), set(), lent=(), ruler=None, smallest_effect=1.0, turn=2)
    assert later.chance == 0.0025


def test_the_error_is_the_chance_that_is_stated() -> None:
    random = np.random.default_rng(0)
    n, false = 3000, 0
    for _ in range(n):
        shared = random.normal(0, 0.5, 5)  # the unchanged network's noise is in every difference
        arms = {(name,): [Reading(v) for v in random.normal(0, 1, 5) + shared] for name in "abc"}
        false += bool(confirmed(arms, set(), lent=(), ruler=None, smallest_effect=0.001, turn=0).passed)
    assert false / n < 0.05
    assert false / n > 0.005


def test_as_many_fresh_blocks_as_the_effect_asks_for() -> None:
    assert n_fresh(None, 1.0) == 4
    assert n_fresh(Estimate(10.0, 0.1, 5, 3), 1.0) == 4
    sd = 2.0
    estimate = Estimate(3.0, sd / np.sqrt(4), 6, 4)
    assert n_fresh(estimate, 1.0) == int(np.ceil(7.5 * (sd / 2.1) ** 2))
    power = 1 - stats.nct.cdf(stats.t.isf(0.04, 8), 8, 3.0 / (sd / np.sqrt(n_fresh(estimate, 1.0))))
    assert power > 0.9
