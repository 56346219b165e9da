"""The budget of a study: what trainings will take, by what they have taken."""

from __future__ import annotations

import dataclasses

import pytest

from convwise.study.budget import Minutes, Pace, makespan
from convwise.study.plan import Plan
from convwise.study.state import AGAIN
from tests.study.simulated import factor, request


def test_each_training_goes_to_the_first_worker_that_is_free() -> None:
    assert makespan([5, 1, 1, 1, 1, 1], 2) == 5
    assert makespan([1, 1, 5], 2) == 6
    assert makespan([2, 3], 1) == 5


def test_what_was_timed_is_the_price_and_work_is_the_guide_elsewhere() -> None:
    budget = Minutes(600, 10, {"filters=x2": 4.0}, 1)
    assert budget.training(()) == 10
    assert budget.training(("filters=x2",)) == pytest.approx(10 * (0.25 + 0.75 * 4))
    budget.count([((), 20.0), (("filters=x2",), 50.0)])
    assert budget.training(("filters=x2",)) == 50
    assert budget.training(("padding=valid",)) == 20
    assert budget.spent() == 70


def test_a_block_on_top_of_what_was_adopted_costs_what_that_network_costs() -> None:
    budget = Minutes(600, 10, {"filters=x2": 4.0}, 1)
    budget.count([((), 10.0), (("filters=x2",), 40.0), (("filters=x2", "padding=valid"), 44.0)])
    assert budget.price([("padding=valid",), AGAIN], ("filters=x2",)) == 40 + 44 + 40
    assert budget.price([("padding=valid",), AGAIN]) == 30


def test_a_later_value_of_a_parameter_takes_the_place_of_an_earlier_one() -> None:
    budget = Minutes(600, 10, {"filters=x2": 2.0, "filters=x4": 4.0}, 1)
    assert budget.training(("filters=x2", "filters=x4")) == budget.training(("filters=x4",))


def test_one_minute_is_one_and_what_three_blocks_need_is_advised_with_a_tenth_more() -> None:
    plan = Plan(Pace(1.0, 0.01), 20.0, 40.0, 1, minutes_needed=10.0, epochs=3)
    few = plan.sentence(request(factor("padding"), runs=None, minutes=1.0))
    assert few.startswith("1 minute is too few for verdicts on 1 parameter: three blocks of 2 whole trainings")
    assert " fit into 11 minutes (" in few
    whole = dataclasses.replace(plan, epochs=None).sentence(request(factor("padding"), runs=None, minutes=15.0))
    assert whole.startswith("15 minutes are about 1 block of ")
