"""Charts hold the numbers, carry no style, and take names for text."""

from __future__ import annotations

import re

import numpy as np
import pytest

from convwise.report.charts import bar, learning_curves, reliability_chart
from convwise.report.confidence import Answers, reliability
from convwise.report.svg import ticks, whole_ticks
from tests.made_run import drawn_answers, drawn_epochs


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(rf'<circle class="{kind}" cx="([^"]+)" cy="([^"]+)"', svg)]


def test_each_epoch_is_a_point_whose_height_is_its_value() -> None:
    rows = drawn_epochs(6)
    svg = str(learning_curves(rows, 4))
    drawn = points(svg, "validation")[:6]  # of the loss
    values = [row["val_loss"] for row in rows]
    slope = {round((drawn[i][1] - drawn[0][1]) / (values[i] - values[0]), 1) for i in range(1, 6)}
    assert len(slope) == 1
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    assert "kept: 4" in svg
    assert "style=" not in svg


def test_one_epoch_is_a_point_and_none_is_nothing() -> None:
    svg = str(learning_curves(drawn_epochs(1), 1))
    assert len(points(svg, "validation")) == 2
    assert "polyline" not in svg
    assert "nan" not in svg
    assert learning_curves([], 0) == ""
    assert "polyline" in str(learning_curves(drawn_epochs(200), 200))


def test_a_perfect_dot_lies_on_the_line() -> None:
    p = drawn_answers(np.arange(90) % 3, 3, 0.9, 1)
    answers = Answers(tuple(map(str, range(90))), np.arange(90) % 3, p, ("a", "b", "c"))
    svg = str(reliability_chart(reliability(answers)))
    assert svg.count('class="dot"') == len(reliability(answers))
    assert svg.count('class="whisker"') == svg.count('class="dot"')


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2.3), (0.8, 1), (0, 0.004), (0, 16)])
def test_ticks_are_round_few_and_within(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 3 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
    assert all(len(f"{tick:g}") <= 6 for tick in found)


def test_epochs_are_whole_numbers() -> None:
    assert whole_ticks([1]) == [1]
    assert whole_ticks([1, 2, 3]) == [1, 2, 3]
    for n in (18, 50, 100, 365):
        found = whole_ticks(list(range(1, n + 1)))
        assert len(found) <= 8
        assert found[0] == 1


def test_a_bar_is_as_long_as_its_share() -> None:
    assert 'width="15"' in str(bar(0.25))
    assert 'class="fill" width="0"' in str(bar(None))
