"""The page of a study: its records become a view, section by section, and the view a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convwise.names import counted
from convwise.report import study_origin, study_tables, study_words
from convwise.report.html.page import page
from convwise.report.study_axis import Axis
from convwise.report.study_charts import curve_chart, trade_off_chart
from convwise.report.study_confirmed import control_row, rounds
from convwise.report.study_curves import bases, beaten, curve, curve_on, is_ordered, trade_off
from convwise.report.study_headline import headline, measured
from convwise.report.study_marks import Mark, mark_of
from convwise.report.study_numbers import amount, unit, width_for_other_images
from convwise.report.study_records import StudyRecords
from convwise.report.study_script import script_lines
from convwise.report.table import Cell, Table, numbers, texts, words
from convwise.study.result import LevelResult, StudyResult, Verdict

if TYPE_CHECKING:
    from markupsafe import Markup

_STYLE = ("study.css",)
_SECTIONS = (("parameters", "Parameters"), ("curves", "Curves"), ("tradeoff", "Trade-off"),
             ("confirmed", "Confirmation"), ("control", "Control"), ("others", "Other images"), ("failed", "Failures"),
             ("time", "Time"), ("script", "Your script"), ("method", "Method"), ("reproduce", "Reproduce"))  # fmt: skip
_ORDER = ("set it", "undecided", "keep it", "early only", "free choice")


@dataclass(frozen=True)
class ValueView:
    """A value as a row: what is drawn, and each number of it, under the verdict on this value."""

    value: str
    after: str
    axis: Markup
    mark: Mark
    effect: Cell
    others: Cell
    costs: tuple[Cell, ...]
    note: str


@dataclass(frozen=True)
class ParameterView:
    """A parameter with its verdict, its sentence, and a row for each value that was tried."""

    name: str
    own: str
    mark: Mark
    sentence: str
    rows: tuple[ValueView, ...]


@dataclass(frozen=True)
class CurveView:
    """The curve over the values of a parameter: a chart for each network that they were tried on, by its words."""

    title: str
    charts: tuple[tuple[str, Markup], ...]
    table: Table


@dataclass(frozen=True)
class TradeOffView:
    """What was tried on top of one network, by accuracy and time."""

    title: str
    chart: Markup
    table: Table


def study_page(records: StudyRecords) -> str:
    """The whole page."""
    result = records.result
    levels = [level for verdict in result.verdicts for level in verdict.all_tried]
    has_others = any(level.other_images for level in levels)
    axis = axis_of(result)
    wider = width_for_other_images(result)
    view: dict[str, Any] = {
        "name": records.name,
        "date": records.ended,
        "what": _what(result),
        "headline": headline(result, records.bought),
        "measured": measured(result),
        "remarks": [line for line in study_words.first_lines(result) if result.quick or line != result.sentence],
        "advice": study_words.recommendation_lines(result)[0 if result.recommended else 1 :],
        "tested": study_words.test_lines(result),
        "quick": result.quick,
        "sections": _SECTIONS,
        "unit": unit(result),
        "smallest": amount(result.smallest_effect, result),
        "axis": axis,
        "holds": f"{100 * (1 - 2 * result.level):.3g} %",
        "has_others": has_others,
        "parameters": parameter_views(result, axis),
        "by_rule": _by_rule(result.verdicts),
        "curves": _curves(result),
        "trade_offs": _trade_offs(result),
        "rounds": rounds(records),
        "why_no_fresh": records.why_no_fresh,
        "has_ruler": result.ruler is not None,
        "control": control_row(result, axis),
        "control_said": study_words.control_lines(result),
        "wider": wider,
        "others": _others(result) if has_others else None,
        "failures": study_tables.failures_table(result) if result.failures else None,
        "failures_said": study_words.failure_lines(result),
        "bought": study_origin.bought_table(records),
        "could_be_tried": study_origin.values_table(records),
        "reached": _reached(result),
        "reach": study_words.reach_lines(result),
        "script": _script(records),
        "command": records.command,
        "origin": study_origin.origin_table(records),
        "settings": study_origin.settings_table(records),
        "judged": f"{result.judged:,}",
        "pool": f"{result.pool:,}",
    }
    return page("study.html", style=_STYLE, study=view)


def axis_of(result: StudyResult) -> Axis:
    """The one axis of all values, of the control too."""
    levels = [level for verdict in result.verdicts for level in verdict.all_tried]
    drawn = [each for level in levels for each in (level.effect, level.other_images)]
    return Axis.of([*drawn, result.control], result.smallest_effect)


def parameter_views(result: StudyResult, axis: Axis) -> tuple[ParameterView, ...]:
    """The parameters of which something was tried: what is set first, then what is not settled, then what is left."""
    tried = [verdict for verdict in result.verdicts if verdict.tried is not None]
    if not result.quick:
        tried.sort(key=lambda verdict: _ORDER.index(verdict.kind))
    return tuple(_parameter(verdict, result, axis) for verdict in tried)


def _parameter(verdict: Verdict, result: StudyResult, axis: Axis) -> ParameterView:
    rows = tuple(_value(level, None if result.quick else kind, result, axis)
                 for level, kind in study_tables.tried_with(verdict))  # fmt: skip
    said = study_words.sentence(verdict, result)
    return ParameterView(verdict.parameter, verdict.own, rows[0].mark, said, rows)


def _value(level: LevelResult, kind: Any, result: StudyResult, axis: Axis) -> ValueView:
    mark = mark_of(kind, level.effect)
    notes = [f"{counted(level.failures, 'training')} failed"] if level.failures else []
    return ValueView(
        value=level.value,
        after=f"after {' + '.join(level.after)}" if level.after else "",
        axis=axis.row(level.effect, mark, wide=level.other_images),
        mark=mark,
        effect=study_tables.effect_cell(level.effect, result),
        others=study_tables.effect_cell(level.other_images, result),
        costs=tuple(study_tables.cost_cell(level.costs, head) for head in ("time", "weights")),
        note="; ".join(notes),
    )


def _by_rule(verdicts: Sequence[Verdict]) -> Table | None:
    rows = [texts(each.parameter, each.own, each.reason.text) for each in verdicts if each.tried is None]
    return (
        Table("settled by rule, without a training", words("parameter", "own value", "why"), tuple(rows))
        if rows
        else None
    )


def _curves(result: StudyResult) -> tuple[CurveView, ...]:
    found = []
    for verdict in result.verdicts:
        points = curve(verdict)
        if points:
            charts = []
            for after in dict.fromkeys(level.after for level in verdict.all_tried):
                own = curve_on(verdict, after)
                chart = curve_chart(verdict.parameter, own, result, joined=is_ordered(verdict.parameter, own))
                charts.append((f"on top of {' + '.join(after)}" if after else "", chart))
            line = study_tables.value_line(verdict.parameter, points, result)
            title = verdict.parameter if result.quick else line
            table = study_tables.curve_table(verdict.parameter, points, result)
            found.append(CurveView(title, tuple(charts), table))
    return tuple(found)


def _trade_offs(result: StudyResult) -> tuple[TradeOffView, ...]:
    found = []
    for after in bases(result):
        kept, others = trade_off(result, after), beaten(result, after)
        if len(kept) + len(others) > 1:
            table = study_tables.trade_off_table(kept, result, others)
            found.append(TradeOffView(_trade_off_title(kept, after), trade_off_chart(kept, others, result), table))
    return tuple(found)


def _trade_off_title(kept: Sequence[Any], after: tuple[str, ...]) -> str:
    base = " + ".join(after) if after else "the unchanged network"
    names = [point.name for point in kept if point.effect is not None]
    if not names:
        return f"Nothing that was tried beats {base} in accuracy or costs"
    also = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return f"Nothing that was tried beats {also}" + (f", or {base}" if len(names) < len(kept) else "")


def _others(result: StudyResult) -> Table:
    """Each effect beside the same effect for other images."""
    rows = [
        (
            Cell(level.name),
            study_tables.effect_cell(level.effect, result),
            study_tables.effect_cell(level.other_images, result),
        )
        for verdict in result.verdicts
        for level in verdict.all_tried
        if level.other_images
    ]
    columns = (*words("change"), *numbers(f"these images, {unit(result)}", f"others like them, {unit(result)}"))
    return Table("the same effects for other images", columns, tuple(rows))


def _reached(result: StudyResult) -> Table | None:
    rows = [texts(name, text) for name, text in result.reach.items() if text]
    return Table("which layers a change reached", words("parameter", "layers"), tuple(rows)) if rows else None


def _script(records: StudyRecords) -> list[str]:
    result = records.result
    if result.quick:
        return []
    folder = str(result.folder or "DIR")
    return script_lines(result.recommended_settings, result.recommended_changes, result.reach, data=result.data,
                        folder=folder)  # fmt: skip


def _what(result: StudyResult) -> str:
    data = Path(result.data).name or result.data
    return f"{result.net} on {data}, {result.size} px, {counted(result.epochs, 'epoch')}"
