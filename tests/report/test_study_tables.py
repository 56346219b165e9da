"""What is said at a study's end: recommended, not recommended, or no gain and still cheaper."""

from __future__ import annotations

from typing import Any

import pytest

from convwise.report.study_tables import confirmation_lines, verdicts_table


def result(low: float, time: float, *, confirmed: bool = False) -> dict[str, Any]:
    difference = {"estimate": low + 0.4, "low": low, "high": low + 0.8, "n": 5}
    return {
        "smallest_effect": 1.0,
        "proposed": {"filters": "x0.5"},
        "proposed_settings": ["net.width=16"],
        "recommended_settings": ["net.width=16"] if confirmed else [],
        "confirmation": {
            "validation": difference,
            "test": difference,
            "confirmed": confirmed,
            "sought": "a gain",
            "pairs": 5,
            "test_accuracy": {"start": 98.0, "proposed": 98.1},
            "seconds_per_image": {"start": 0.002, "proposed": 0.002 * time},
            "weights": {"start": 1000, "proposed": 300},
        },
    }


@pytest.mark.parametrize(
    ("low", "time", "confirmed", "last"),
    [
        (0.2, 0.5, True, "recommended: --set net.width=16"),
        (-0.3, 0.5, False, "cheaper: a loss of 1 point is excluded, at x0.50 of the time and "
         "with x0.30 of the weights: --set net.width=16"),
        (-1.2, 0.5, False, "recommended: the unchanged network"),  # such a loss is possible
        (-0.3, 0.95, False, "recommended: the unchanged network"),  # hardly cheaper
    ],
)  # fmt: skip
def test_what_gains_nothing_is_offered_where_it_loses_nothing_and_is_cheaper(
    low: float, time: float, confirmed: bool, last: str
) -> None:
    lines = confirmation_lines(result(low, time, confirmed=confirmed))
    assert lines[-1] == last
    assert ("recommended: the unchanged network" in lines) == (not confirmed)


def test_the_same_weights_are_not_told() -> None:
    alike = result(-0.3, 0.5)
    alike["confirmation"]["weights"]["proposed"] = 1001
    assert "at x0.50 of the time: --set" in confirmation_lines(alike)[-1]


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ({"seconds_low": 0.7, "seconds_high": 0.95}, "x0.80"),
        ({"seconds_low": 0.7, "seconds_high": 1.1}, "x0.80?"),
        ({"seconds_low": 0.0, "seconds_high": None}, "x0.80?"),
        ({}, "x0.80"),  # an earlier version's
    ],
)
def test_a_time_that_may_be_the_same_has_a_question_mark(interval: dict[str, Any], told: str) -> None:
    verdict = {
        "parameter": "filters",
        "verdict": "keep it",
        "value": "32",
        "effect": None,
        "costs": {"seconds": 0.8, "weights": 0.5, "memory": 1.0, **interval},
    }
    table = verdicts_table([verdict], {"filters": "x0.5"})
    cells = [next(iter(column.cells)) for column in table.columns]
    assert [str(cell) for cell in cells[-3:]] == [told, "x0.50", "same"]


def test_more_weights_are_not_called_cheaper() -> None:
    heavy = result(-0.3, 0.5)
    heavy["confirmation"]["weights"]["proposed"] = 3000
    assert confirmation_lines(heavy)[-1] == "recommended: the unchanged network"


def test_a_result_of_an_earlier_version_is_read() -> None:
    old = result(-0.3, 0.5)
    del old["proposed_settings"]
    assert confirmation_lines(old)[-1] == "recommended: the unchanged network"


def test_nothing_to_confirm() -> None:
    assert confirmation_lines({"confirmation": None}) == [
        "recommended: the unchanged network; no alternative is worth setting"
    ]
