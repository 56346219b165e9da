"""A study's tables as records: the values that were tried, curves over ordered ones, the trade-off, fresh blocks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from convwise.names import counted
from convwise.report.study_curves import Point, cheapest_without_loss, most_accurate
from convwise.report.study_numbers import effect_numbers, ratio, rounded, unit
from convwise.report.study_records import FreshRound
from convwise.report.table import Cell, Column, Table, numbers, texts, words
from convwise.study.result import Costs, Interval, LevelResult, StudyResult, Verdict

COSTS = {"time": "seconds", "weights": "weights", "multiply-adds": "multiply_adds", "memory": "memory"}
"""By the head of its column: the name of a ratio of costs."""


def verdicts_table(result: StudyResult) -> Table:
    """A row for each value that was tried, the one that decides first; a row for each parameter that a rule settles.

    A quick look has no column of verdicts.
    """
    heads = ["parameter", *([] if result.quick else ["verdict", "value"]), "tried"]
    columns = (*words(*heads), effect_column(result), *numbers(*COSTS))
    rows = []
    for verdict in result.verdicts:
        for number, level in enumerate(verdict.all_tried or (None,)):
            kind = verdict.kind if level is None or not number else level.verdict
            value = "" if number else verdict.value or verdict.own
            head = [verdict.parameter if not number else "", *([] if result.quick else [kind, value])]
            rows.append((*texts(*head), *_of_level(level, result)))
    return Table("every value that was tried", columns, tuple(rows))


def curve_table(parameter: str, points: Sequence[Point], result: StudyResult) -> Table:
    """A row for each value, in their order, with what it gains and costs."""
    rows = [(Cell(value_of(point)), *_of_point(point, result, ("time", "weights"))) for point in points]
    columns = (*words(parameter), effect_column(result), *numbers("time", "weights"))
    return Table(parameter, columns, tuple(rows))


def value_of(point: Point) -> str:
    """The value of a point of a curve, and on top of what it was tried."""
    own = " (own)" if is_own(point) else ""
    return f"{point.value}{own}" + (f", after {' + '.join(point.after)}" if point.after else "")


def is_own(point: Point) -> bool:
    """Whether it is the network's own value."""
    return point.effect is None and point.kind is None


def value_line(parameter: str, points: Sequence[Point], result: StudyResult) -> str:
    """The value for the most accurate network, and the cheapest that gives nothing away worth having."""
    best = most_accurate(points)
    cheapest = cheapest_without_loss(points, result.smallest_effect)
    line = f"{parameter}: most accurate by the estimates: {best.value}"
    return f"{line}; the cheapest that gives away nothing worth having: {cheapest.value}" if cheapest else line


def trade_off_table(points: Sequence[Point], result: StudyResult, beaten: Collection[Point] = ()) -> Table:
    """What nothing else that was tried beats in accuracy and costs alike; then what is `beaten`."""
    heads = ("time", "weights", "multiply-adds")
    extra = [Cell("no")] if beaten else []
    rows = [(Cell(point.name), *_of_point(point, result, heads), *extra) for point in points]
    rows += [(Cell(point.name), *_of_point(point, result, heads), Cell("yes")) for point in beaten]
    columns = (*words("network" if beaten else "nothing tried beats"), effect_column(result), *numbers(*heads))
    base = next(point.name for point in points if is_own(point))
    return Table(f"accuracy and costs, against {base}", (*columns, *(words("beaten") if beaten else ())), tuple(rows))


def fresh_table(round_: FreshRound, result: StudyResult) -> Table:
    """A row for each fresh block, with the difference of each arm in it."""
    columns = (*words("block"), *(Column(" + ".join(arm), numeric=True) for arm in round_.arms))
    rows = [
        (Cell(f"{block.number + 1}"), *(difference_cell(block.differences.get(arm), result) for arm in round_.arms))
        for block in round_.blocks
    ]
    return Table(f"{counted(len(rows), 'fresh block')}, {unit(result)}", columns, tuple(rows))


def failures_table(result: StudyResult) -> Table:
    """Every training that came to nothing, with its reason."""
    rows = [texts(name, reason) for name, reason in result.failures]
    return Table(f"{counted(len(rows), 'training')} failed", words("training", "reason"), tuple(rows))


def effect_column(result: StudyResult) -> Column:
    """The head of effects, with their unit."""
    return Column(f"effect, {unit(result)}", numeric=True)


def effect_cell(effect: Interval | None, result: StudyResult) -> Cell:
    """The estimate, and its interval beside it."""
    if effect is None:
        return Cell("")
    estimate, low, high = effect_numbers(effect, result)
    return Cell(estimate, effect.estimate, f"{low} to {high}")


def difference_cell(value: float | None, result: StudyResult) -> Cell:
    """One difference, which has no interval."""
    digits = 3 if result.metric == "log_loss" else 2
    return Cell("failed") if value is None else Cell(rounded(value, digits, result.smallest_effect), value)


def cost_cell(costs: Costs, head: str) -> Cell:
    """One ratio to the unchanged network."""
    value = getattr(costs, COSTS[head])
    return Cell(ratio(value), value)


def tried_with(verdict: Verdict) -> tuple[tuple[LevelResult, str], ...]:
    """Each value that was tried, with the verdict on it and on no other."""
    return tuple((level, verdict.kind if level is verdict.tried else level.verdict) for level in verdict.all_tried)


def _of_level(level: LevelResult | None, result: StudyResult) -> tuple[Cell, ...]:
    if level is None:
        return (Cell(""),) * (2 + len(COSTS))
    return (Cell(level.value), effect_cell(level.effect, result), *(cost_cell(level.costs, head) for head in COSTS))


def _of_point(point: Point, result: StudyResult, heads: Sequence[str]) -> tuple[Cell, ...]:
    none = is_own(point)
    effect = Cell("0", 0.0) if none else effect_cell(point.effect, result)
    return (effect, *(cost_cell(point.costs, head) for head in heads))
