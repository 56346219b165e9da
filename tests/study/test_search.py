"""The procedure, by simulated studies with known effects: what it asks for, when it stops, and how rarely it errs."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convwise.study.estimates import Reading
from convwise.study.looks import LOOKS, is_look, level_for
from convwise.study.search import search
from convwise.study.state import AGAIN, Arm, Block, Candidate, Round, State


def _world() -> Any:
    name = "simulated_study"
    spec = importlib.util.spec_from_file_location(name, Path(__file__).parents[2] / "benchmarks" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


world = _world()


class Fixed:
    """Every candidate's reading by name, with a little noise of its own; a number of trainings for a budget."""

    def __init__(
        self, effects: dict[str, float], total: float, *, fails: Sequence[str] = (), worth: float = 0.1
    ) -> None:
        self.effects, self.total, self.fails, self.worth = effects, total, fails, worth
        self.rounds: list[Round] = []

    def spent(self) -> float:
        return float(sum(1 + len(round_.arms) for round_ in self.rounds))

    def price(self, arms: Sequence[Arm], base: Arm = ()) -> float:
        return 1 + len(arms)

    def ask(self, round_: Round) -> Block:
        random = np.random.default_rng(len(self.rounds))
        self.rounds.append(round_)
        readings: dict[Arm, Reading | None] = {}
        for arm in round_.arms:
            effect = sum(self.effects.get(name, 0.0) for name in arm)
            noise = float(random.normal(0, 0.1))
            failed = any(name in self.fails for name in arm)
            readings[arm] = None if failed else Reading(effect + noise, worth=self.worth)
        return Block(readings)

    def studied(self, **candidates: Candidate) -> State:
        of = [candidates.get(name, Candidate(name, name)) for name in self.effects]
        return search(of, self.ask, self, smallest_effect=1.0)


def test_null_effects_are_a_free_choice_at_the_first_look_and_the_study_ends() -> None:
    fixed = Fixed(dict.fromkeys("abcdef", 0.0), 1000)
    state = fixed.studied()
    assert {found.settled for found in state.findings.values()} == {"free choice"}
    assert (state.n_blocks, state.base) == (LOOKS[0], ())


def test_the_unchanged_network_is_trained_twice_while_four_candidates_are_open() -> None:
    fixed = Fixed({"a": 0.0, "b": 0.0, "c": 0.0, "d": 1.4, "e": -9.0}, 1000)
    fixed.studied()
    for round_ in fixed.rounds:
        n_open = len([arm for arm in round_.arms if arm != AGAIN])
        assert (AGAIN in round_.arms) == (round_.stage == "search" and n_open >= 4)


def test_a_gain_is_set_only_after_fresh_blocks_and_the_search_goes_on_around_it() -> None:
    fixed = Fixed({"a": 3.0, "b": 0.0, "c": 0.0, "d": -4.0}, 1000)
    state = fixed.studied()
    assert state.base == ("a",)
    fresh = [round_ for round_ in fixed.rounds if round_.stage == "confirm"]
    assert len(fresh) >= 4
    assert all(round_.arms == (("a",),) for round_ in fresh)
    assert {round_.number for round_ in fixed.rounds} == set(range(len(fixed.rounds)))  # no fold is used twice
    assert state.confirmations[0].effects["a",].n == len(fresh)
    assert state.findings["d"].settled == "keep it"
    assert state.findings["b"].settled == "free choice"


def test_several_gains_are_trained_alone_and_together() -> None:
    fixed = Fixed({"a": 3.0, "b": 2.5, "c": 0.0}, 1000)
    state = fixed.studied()
    assert state.base == ("a", "b")
    arms = next(round_.arms for round_ in fixed.rounds if round_.stage == "confirm")
    assert set(arms) == {("a",), ("b",), ("a", "b")}


def test_two_values_of_one_parameter_are_never_set_together() -> None:
    more = Candidate("a=4", "a")
    fixed = Fixed({"a=2": 3.0, "a=4": 5.0, "b": 0.0}, 1000)
    state = search([Candidate("a=2", "a", then=(more,)), Candidate("b", "b")], fixed.ask, fixed, smallest_effect=1.0)
    assert state.base == ("a=4",)
    assert not any({"a=2", "a=4"} <= {*arm} for round_ in fixed.rounds for arm in round_.arms)


def test_the_other_way_is_tried_where_a_value_loses() -> None:
    other = Candidate("a=8", "a")
    fixed = Fixed({"a=2": -3.0, "a=8": 2.0, "b": 0.0}, 1000)
    state = search(
        [Candidate("a=2", "a", otherwise=(other,)), Candidate("b", "b")], fixed.ask, fixed, smallest_effect=1.0
    )
    assert state.findings["a=2"].settled == "keep it"
    assert state.base == ("a=8",)


def test_what_fails_once_is_not_settled_and_what_fails_twice_is_kept() -> None:
    state = Fixed({"a": 0.0, "b": 0.0}, 1000, fails=["a"]).studied()
    assert state.findings["a"].settled == "keep it"
    assert state.findings["a"].failures == 2
    assert state.findings["b"].settled == "free choice"
    assert state.findings["b"].failures == 0


def test_nothing_is_called_equal_where_one_image_is_worth_more_than_the_smallest_effect() -> None:
    state = Fixed({"a": 0.0, "b": -9.0}, 60, worth=1.5).studied()
    assert state.findings["a"].settled is None
    assert state.findings["b"].settled == "keep it"  # a loss may be seen all the same


def test_a_cheaper_change_stays_open_until_it_is_known_to_lose_nothing() -> None:
    fixed = Fixed({"a": -0.95}, 7 * 2)
    assert fixed.studied().findings["a"].settled == "keep it"
    cheap = Fixed({"a": -0.95}, 7 * 2)
    assert cheap.studied(a=Candidate("a", "a", cheaper=True)).findings["a"].settled in (None, "keep it")
    assert len(cheap.rounds) >= len(fixed.rounds)


def test_a_budget_that_ends_leaves_the_rest_open() -> None:
    fixed = Fixed({"a": 0.9, "b": 0.0}, 8)
    state = fixed.studied()
    assert fixed.spent() <= 8
    assert state.findings["a"].settled is None
    assert state.findings["a"].interval is not None


def test_the_same_answers_lead_to_the_same_study() -> None:
    first, second = (Fixed({"a": 2.0, "b": 0.3, "c": -0.2}, 120) for _ in range(2))
    assert first.studied() == second.studied()
    assert first.rounds == second.rounds


def test_looks_become_rarer_and_stricter() -> None:
    looks = [n for n in range(1, 200) if is_look(n)]
    assert looks[: len(LOOKS)] == list(LOOKS)
    assert looks[len(LOOKS)] == 144
    levels = [level_for(n) for n in (3, 6, 16, 48, 96, 1000)]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize(("sd", "judged", "seconds", "score_sd"), [(0.31, 515, 33, float("nan")), (2.2, 1136, 60, 0.9)])
def test_simulated_studies_rarely_err(sd: float, judged: int, seconds: float, score_sd: float) -> None:
    """No effects, and a mixture; benchmarks/study_simulation.py draws thousands."""
    mixture = {f"c{i}": effect for i, effect in enumerate((3.0, -3.0, -1.5, 0.5, -0.5, 0.0, 0.0, 0.0))}
    for effects in (dict.fromkeys(mixture, 0.0), mixture):
        drawn = world.World(effects, sd=sd, judged=judged, seconds=seconds, score_sd=score_sd)
        rates = world.Rates()
        for seed in range(40):
            rates.count(drawn, world.studied(drawn, seed, minutes=60, smallest_effect=1.0), 1.0)
        assert rates.false_set <= 4
        assert rates.n_wrong <= 6
        assert rates.n_covered / rates.n_shown > 0.93
