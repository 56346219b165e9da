"""The picture of a study: no value's effect stands under another value's verdict."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from convwise.report.study_figures import COLOURS, bars, effects_figure
from tests.report.study_cases import FILTERS, RULE, full_result, result


def test_each_bar_has_the_effect_and_the_verdict_of_its_own_value() -> None:
    """The case that went wrong: the effect of x0.5 in the colour of a verdict on x2."""
    whole = full_result()
    tried = {(v.parameter, one.value): one for v in whole.verdicts for one in v.all_tried}
    drawn = {(bar.parameter, bar.value.partition(",")[0]): bar for bar in bars(whole)}
    assert drawn.keys() == tried.keys()
    for key, bar in drawn.items():
        assert (bar.effect, bar.kind) == (tried[key].effect, tried[key].verdict)


def test_a_parameter_s_values_stand_together_below_the_one_that_decides() -> None:
    heights = {bar.value: bar.height for bar in bars(result(FILTERS, RULE))}
    assert list(heights) == ["x2", "x0.5"]
    assert 0 < heights["x0.5"] - heights["x2"] < 1


def test_a_quick_look_has_no_colours_of_verdicts() -> None:
    assert {bar.kind for bar in bars(replace(full_result(), quick=True))} == {None}


def lit(path: Path, colour: str) -> int:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    with Image.open(path) as picture:
        counts = picture.convert("RGB").getcolors(1 << 24) or []
    return sum(n for n, found in counts if found == (red, green, blue))


@pytest.mark.parametrize(("quick", "drawn"), [(False, True), (True, False)])
def test_the_picture_shows_the_colours_of_the_verdicts_it_has(tmp_path: Path, quick: bool, drawn: bool) -> None:
    path = tmp_path / "effects.png"
    effects_figure(replace(full_result(), quick=quick), path)
    assert (lit(path, COLOURS["better"]) > 50) == drawn
    assert lit(path, "#762a83") == 0


def test_the_band_is_as_wide_as_the_smallest_effect(tmp_path: Path) -> None:
    one, two = tmp_path / "1.png", tmp_path / "2.png"
    effects_figure(result(FILTERS), one)
    effects_figure(result(FILTERS, smallest_effect=0.5), two)
    assert 1.7 < lit(one, "#eeeeee") / lit(two, "#eeeeee") < 2.3


def test_a_study_without_effects_is_drawn_too(tmp_path: Path) -> None:
    effects_figure(result(RULE), tmp_path / "effects.png")
    assert (tmp_path / "effects.png").stat().st_size > 0


def test_the_frontier_is_drawn_and_nothing_lies_above_it() -> None:
    from convwise.report.study_charts import trade_off_chart
    from convwise.report.study_curves import beaten, trade_off

    whole = full_result()
    kept, others = trade_off(whole, ()), beaten(whole, ())
    chart = str(trade_off_chart(kept, others, whole))
    line = re.search(r'<polyline class="line steps" points="([^"]+)"', chart)
    assert line
    steps = [tuple(map(float, place.split(","))) for place in line[1].split()]
    assert steps == sorted(steps, key=lambda step: (step[0], -step[1]))
    heights = [y for _, y in steps]
    assert heights == sorted(heights, reverse=True)  # on the screen, less is higher
    marks = [tuple(map(float, place)) for place in re.findall(r'<svg x="([\d.]+)" y="([\d.]+)"', chart)]
    assert marks
    for x, y in marks:
        reached = min([height for at, height in steps if at <= x + 0.2], default=1e9)
        assert y >= reached - 0.2
