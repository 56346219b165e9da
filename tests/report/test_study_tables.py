"""A study on the terminal: 80 columns, and value, interval and verdict of a row belong together."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from convwise.report.old_study_words import old_lines
from convwise.report.study_curves import cheapest_without_loss, curve, most_accurate, trade_off
from convwise.report.study_tables import curve_table, trade_off_table, value_line, verdicts_table
from convwise.report.study_terminal import plain_lines, print_old_study, print_study, verdicts_lines
from convwise.study.result import Costs, Reason, StudyResult, Verdict
from tests.report.study_cases import ACTIVITY, FILTERS, GROUPS, KERNEL, RULE, full_result, level, result, verdict

OLD = Path(__file__).parents[1] / "old_records/study/result.json"


def cells(table: Table) -> list[list[str]]:
    return [list(row) for row in zip(*([str(cell) for cell in column.cells] for column in table.columns), strict=True)]


def printed(table: Table, width: int = 80) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue().splitlines()


def widest(scale: float = 1.0) -> StudyResult:
    """The longest names and values of each column at once."""
    effect = (-12.34 * scale, -100.1 * scale, 75.4 * scale)
    tried = level("kernel_constraint=max_norm:3:axis=0,1,2", effect, costs=Costs(10.21, 12.25, 12.3, 4))
    long = verdict(tried, "32/64/128/256", Reason("open", "", 3))
    others = [replace(long, parameter=name) for name in ("activity_regularizer", "kernel_initializer")]
    scoped = replace(tried, name="strides=stage4_1_conv.strides=1", value="stage4_1_conv.strides=1", settings=())
    others.append(verdict(scoped, "2x2", Reason("open", "", 3)))
    return result(long, *others, RULE, KERNEL)


@pytest.mark.parametrize(("metric", "scale"), [("accuracy", 1.0), ("log_loss", 0.05)])
def test_the_tables_fit_80_columns(metric: str, scale: float) -> None:
    """No cell is folded: a wider console prints the same lines."""
    whole = replace(widest(scale), metric=metric)
    tables = [verdicts_lines(verdicts_table(whole)), plain_lines(curve_table("kernel_size", curve(KERNEL), whole))]
    tables.append(plain_lines(trade_off_table(trade_off(whole), whole), width=22))
    for table in tables:
        lines = printed(table)
        assert max(map(len, lines)) <= 80
        assert [line.rstrip() for line in lines] == [line.rstrip() for line in printed(table, 200)]


def test_value_tried_effect_and_verdict_of_a_row_speak_of_one_value() -> None:
    rows = cells(verdicts_lines(verdicts_table(full_result())))
    assert rows[0] == ["kernel_size", "set it", "5", "5", "+1.56\n+0.34 to +2.79", "time x1.80\nweights x2.50"]
    assert rows[1] == ["", "free\nchoice", "", "7", "+0.20\n-0.70 to +0.90", "time x3.00\nweights x4.90"]
    assert rows[2][:5] == ["filters", "keep it", "32/64", "x0.5", "-2.80\n-3.90 to -1.70"]
    assert rows[3][:5] == ["", "undecided", "", "x2", "+0.40\n-0.50 to +1.30"]
    assert rows[-1] == ["use_bias", "settled\nby rule", "false", "", "", ""]


def test_a_quick_look_has_no_verdicts() -> None:
    table = verdicts_lines(verdicts_table(replace(full_result(), quick=True)))
    assert [str(column.header) for column in table.columns] == ["parameter", "tried", "effect, points", "costs"]
    assert not any("set it" in cell for row in cells(table) for cell in row)


@pytest.mark.parametrize(
    ("parameter", "own", "tried", "order"),
    [
        ("filters", "32/64", ["x0.5", "x2"], ["x0.5", "32/64", "x2"]),
        ("kernel_size", "3", ["5", "7", "1"], ["1", "3", "5", "7"]),
        ("kernel_regularizer", "none", ["l2:0.0005", "l2:0.0001"], ["none", "l2:0.0001", "l2:0.0005"]),
        ("kernel_constraint", "none", ["max_norm:4", "max_norm:2"], ["none", "max_norm:4", "max_norm:2"]),
        ("bias_initializer", "zeros", ["constant:0.1", "constant:0.01"], ["zeros", "constant:0.01", "constant:0.1"]),
        ("kernel_initializer", "glorot_uniform", ["orthogonal", "he_normal"],
         ["glorot_uniform", "orthogonal", "he_normal"]),
    ],
)  # fmt: skip
def test_a_curve_is_in_the_order_of_its_values(
    parameter: str, own: str, tried: Sequence[str], order: list[str]
) -> None:
    first, *further = [level(f"{parameter}={value}", (0.1, -1, 1)) for value in tried]
    points = curve(verdict(first, own, Reason("open"), *further))
    assert [point.value for point in points] == order


def test_one_value_is_no_curve() -> None:
    assert curve(GROUPS) == ()


def kernel(*levels: tuple[str, float, float, str, float]) -> Verdict:
    """(value, estimate, half width, verdict, time)."""
    first, *further = [
        level(f"kernel_size={value}", (mean, mean - half, mean + half), kind, costs=Costs(time, time, time, 1.0))  # type: ignore[arg-type]
        for value, mean, half, kind, time in levels
    ]
    return verdict(first, "3", Reason("confirmed" if first.verdict == "set it" else "open"), *further)


@pytest.mark.parametrize(
    ("levels", "best", "cheapest"),
    [
        ([("5", 0.8, 1.0, "undecided", 1.8), ("1", -0.2, 0.5, "free choice", 0.4)], "5", "1"),
        ([("5", 0.8, 1.0, "undecided", 1.8), ("1", -0.5, 0.6, "undecided", 0.4)], "5", "3"),  # may lose more than 1
        ([("5", 2.0, 1.0, "set it", 1.8), ("1", 0.0, 0.5, "free choice", 0.4)], "5", "5"),  # 1 gives the gain away
    ],
)
def test_the_best_value_and_the_cheapest_that_gives_nothing_away(levels: Any, best: str, cheapest: str) -> None:
    points = curve(kernel(*levels))
    found = cheapest_without_loss(points, 1.0)
    assert (most_accurate(points).value, found and found.value) == (best, cheapest)
    assert f"by the estimates: {best}; the cheapest" in value_line("kernel_size", points, result())


def test_what_another_beats_in_everything_is_no_trade_off() -> None:
    worse = verdict(level("padding=valid", (-3.0, -4, -2), "keep it", costs=Costs(0.35, 0.26, 0.26, 1)), "same",
                    Reason("loses"))  # fmt: skip
    names = [point.name for point in trade_off(result(FILTERS, GROUPS, ACTIVITY, worse))]
    assert names == ["filters=x0.5", "groups=2", "unchanged", "activity_regularizer=l2:0.000001", "filters=x2"]


def test_a_free_choice_that_saves_nothing_is_no_trade_off() -> None:
    """However its estimate came out."""
    free = verdict(level("padding=valid", (0.4, -0.1, 0.9), "free choice"), "same", Reason("equal"))
    assert [point.name for point in trade_off(result(free))] == ["unchanged"]


def test_effects_on_top_of_different_networks_are_not_compared() -> None:
    whole = full_result()
    assert "kernel_size=7" not in [point.name for point in trade_off(whole)]
    assert [point.name for point in trade_off(whole, ("kernel_size=5",))] == ["kernel_size=5"]


def test_the_report_says_first_what_the_time_bought_and_last_how_to_train_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_study(full_result(), "studies/x")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "15 minutes are about 9 blocks"
    assert lines[-1] == "or: convwise train pictures --from-study studies/x"
    assert any(line.startswith("filters: keep 32/64: x0.5 loses: -2.80 points") for line in lines)


def test_what_a_terminal_would_obey_is_shown_instead(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "[red]\x1b[31mgone"
    print_study(result(replace(RULE, reason=Reason("rule", hostile)), failures=(("1/x", hostile),)))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("[red]\\x1b[31mgone") == 2


def test_a_study_of_an_earlier_version_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_old_study(json.loads(OLD.read_text()))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("an earlier version made this study: it measured short trainings")
    assert "activation: undecided relu (tried: silu): -16.67 points (-47.29 to +13.96): it may still matter" in lines
    assert lines[-2:] == ["recommended then: the unchanged network", "8 trials in 16 s"]


def test_what_an_earlier_version_confirmed_is_shown() -> None:
    old = json.loads(OLD.read_text())
    old |= {
        "proposed": {"filters": "x2"},
        "recommended_settings": ["conv.filters=x2"],
        "confirmation": {
            "confirmed": True,
            "pairs": 5,
            "validation": {"estimate": 1.5, "low": 0.5, "high": 2.5},
        },
    }
    lines = old_lines(old)
    assert "proposed: filters=x2: confirmed with 5 pairs: +1.50 points (+0.50 to +2.50)" in lines
    assert "recommended then: --set conv.filters=x2" in lines
    old["confirmation"] |= {"confirmed": False, "validation": {"estimate": 1.5, "low": None, "high": None}}
    assert "proposed: filters=x2: not confirmed with 5 pairs: +1.50 points" in old_lines(old)


def test_an_interval_that_is_missing_leaves_its_cell_empty() -> None:
    none = verdict(level("padding=valid", None), "same", Reason("open"))
    assert cells(verdicts_lines(verdicts_table(result(none))))[0][-2:] == ["", "same"]
