"""Tables of a study on the terminal, 80 columns wide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convwise.names import counted, printable
from convwise.report.study_curves import (
    Point,
    bases,
    cheapest_without_loss,
    curve,
    most_accurate,
    trade_off,
)
from convwise.report.study_numbers import effect_numbers, ratio, unit
from convwise.report.study_words import first_lines, last_lines, sentence
from convwise.study.result import Costs, Interval, LevelResult, StudyResult

_STYLES = {
    "set it": "bold green",
    "free choice": "blue",
    "early only": "magenta",
    "undecided": "yellow",
    "settled by rule": "dim",
}
_PLACES = re.compile(r"(?<=[:,/=_])")  # where a long value may be broken


def print_study(result: StudyResult, folder: str | Path | None = None) -> None:
    """The first line, the verdicts with their reasons, the curves, the trade-off, and what is recommended.

    `folder` is where the study lies, unless the result knows.
    """
    console = Console(highlight=False)
    for line in first_lines(result):
        _say(console, line)
    console.print(verdicts_table(result))
    for verdict in result.verdicts:
        _say(console, f"{verdict.parameter}: {sentence(verdict, result)}")
    console.print()
    for verdict in result.verdicts:
        points = curve(verdict)
        if points:
            console.print(curve_table(verdict.parameter, points, result))
            if not result.quick:
                _say(console, value_line(verdict.parameter, points, result))
    for after in bases(result):
        points = trade_off(result, after)
        if len(points) > 1:
            console.print(trade_off_table(points, result))
    for line in last_lines(result, folder):
        _say(console, line)


def verdicts_table(result: StudyResult) -> Table:
    """A row for each parameter, about the value that was tried; rows below it for further values.

    A quick look has no column of verdicts.
    """
    verdicts = [] if result.quick else ["verdict", "value"]
    table = _table(["parameter", *verdicts, "tried", f"effect, {unit(result)}", "costs"], gap=0)
    for verdict in result.verdicts:
        name = _broken(verdict.parameter, 19)
        head = [] if result.quick else [_kind(verdict.kind), _broken(verdict.value or verdict.own, 9)]
        first, *further = verdict.all_tried or (None,)
        table.add_row(name, *head, *_level_cells(first, result))
        for level in further:
            empty = [] if result.quick else [_kind(level.verdict), Text("")]
            table.add_row(Text(""), *empty, *_level_cells(level, result))
    return table


def curve_table(parameter: str, points: Sequence[Point], result: StudyResult) -> Table:
    """A row for each value, in their order, with what it gains and costs."""
    table = _table([_one(parameter), f"effect, {unit(result)}", "time", "weights"])
    for point in points:
        own = " (own)" if point.effect is None and point.kind is None else ""
        value = f"{point.value}{own}" + (f", after {' + '.join(point.after)}" if point.after else "")
        effect = "0" if own else _on_one_line(point.effect, result)
        table.add_row(*map(Text, (value, effect, ratio(point.costs.seconds), ratio(point.costs.weights))))
    return table


def value_line(parameter: str, points: Sequence[Point], result: StudyResult) -> str:
    """The value for the most accurate network, and the cheapest that gives nothing away worth having."""
    best = most_accurate(points)
    cheapest = cheapest_without_loss(points, result.smallest_effect)
    line = f"{parameter}: most accurate by the estimates: {best.value}"
    return f"{line}; the cheapest that gives away nothing worth having: {cheapest.value}" if cheapest else line


def trade_off_table(points: Sequence[Point], result: StudyResult) -> Table:
    """What nothing else that was tried beats in accuracy and costs alike."""
    table = _table(["nothing tried beats", f"effect, {unit(result)}", "time", "weights", "multiply-adds"])
    for point in points:
        costs = (ratio(point.costs.seconds), ratio(point.costs.weights), ratio(point.costs.multiply_adds))
        effect = _on_one_line(point.effect, result) if point.effect else "0"
        table.add_row(_broken(point.name, 22), *map(Text, (effect, *costs)))
    return table


def _table(columns: Sequence[str], *, gap: int = 1) -> Table:
    """With `gap` more than the one space between the columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table


def _level_cells(level: LevelResult | None, result: StudyResult) -> list[Text]:
    if level is None:
        return [Text(""), Text(""), Text("")]
    return [_broken(level.value, 9), Text(_on_two_lines(level.effect, result)), Text(_costs(level.costs))]


def _on_one_line(effect: Interval | None, result: StudyResult) -> str:
    if effect is None:
        return ""
    estimate, low, high = effect_numbers(effect, result)
    return f"{estimate} ({low} to {high})"


def _on_two_lines(effect: Interval | None, result: StudyResult) -> str:
    if effect is None:
        return ""
    estimate, low, high = effect_numbers(effect, result)
    return f"{estimate}\n{low} to {high}"


def _costs(costs: Costs) -> str:
    told = {"time": ratio(costs.seconds), "weights": ratio(costs.weights)}
    other = [f"{name} {text}" for name, text in told.items() if text not in ("", "same")]
    return "\n".join(other) or ("" if costs.seconds is None else "same")


def _kind(kind: str) -> Text:
    lines = kind if len(kind) <= 10 else "\n".join(kind.split(" ", 1))
    return Text(lines, style=_STYLES.get(kind, ""))


def _broken(text: str, width: int) -> Text:
    """Over several lines where it is wider, each as full as it goes."""
    lines = [""]
    for part in _PLACES.split(_one(text)):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return Text("\n".join(lines))


def _one(text: str) -> str:
    return printable(text)


def _say(console: Console, line: str) -> None:
    console.print(Text(printable(line)), soft_wrap=True)


def print_old_study(values: Mapping[str, Any]) -> None:
    """What an earlier version found (format 2), as it said it then."""
    console = Console(highlight=False)
    for line in old_lines(values):
        _say(console, line)


def old_lines(values: Mapping[str, Any]) -> list[str]:
    """One line that says what it is, one for each stored verdict, and what was recommended."""
    lines = ["an earlier version made this study: it measured short trainings in which other parameters changed too"]
    for verdict in values["verdicts"]:
        value = f" {verdict['value']}" if verdict["value"] else ""
        tried = values["alternatives"].get(verdict["parameter"], "")
        against = f" (tried: {tried})" if tried else ""
        lines.append(f"{verdict['parameter']}: {verdict['verdict']}{value}{against}: {verdict['why']}")
    found = values["confirmation"]
    if found is not None:
        outcome = "confirmed" if found["confirmed"] else "not confirmed"
        proposed = " ".join(f"{name}={value}" for name, value in values["proposed"].items())
        lines.append(f"proposed: {proposed}: {outcome} with {counted(found['pairs'], 'pair')}: {_old(found)}")
    settings = " ".join(f"--set {text}" for text in values["recommended_settings"])
    lines.append(f"recommended then: {settings or 'the unchanged network'}")
    lines.append(f"{counted(values['trials'], 'trial')} in {values['seconds']:.0f} s")
    return lines


def _old(found: Mapping[str, Any]) -> str:
    difference = found["validation"]
    text = f"{difference['estimate']:+.2f} points"
    if difference["low"] is None or difference["high"] is None:
        return text
    return f"{text} ({difference['low']:+.2f} to {difference['high']:+.2f})"
