"""A study on the terminal, 80 columns wide."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convwise.names import printable
from convwise.report import table as records
from convwise.report.old_study_words import old_lines
from convwise.report.study_curves import bases, curve, trade_off
from convwise.report.study_tables import COSTS, curve_table, trade_off_table, value_line, verdicts_table
from convwise.report.study_words import first_lines, last_lines, sentence
from convwise.study.result import StudyResult

_STYLES = {
    "set it": "bold green",
    "free choice": "blue",
    "early only": "magenta",
    "undecided": "yellow",
    "settled by rule": "dim",
}
_PLACES = re.compile(r"(?<=[:,/=_])|(?<=[A-Za-z]\.)")  # where a long value may be broken; not in a number


def print_study(result: StudyResult, folder: str | Path | None = None) -> None:
    """The first line, the verdicts with their reasons, the curves, the trade-off, and what is recommended.

    `folder` is where the study lies, unless the result knows.
    """
    console = Console(highlight=False)
    for line in first_lines(result):
        _say(console, line)
    console.print(verdicts_lines(verdicts_table(result)))
    for verdict in result.verdicts:
        _say(console, f"{verdict.parameter}: {sentence(verdict, result)}")
    console.print()
    for verdict in result.verdicts:
        points = curve(verdict)
        if points:
            console.print(plain_lines(curve_table(verdict.parameter, points, result)))
            if not result.quick:
                _say(console, value_line(verdict.parameter, points, result))
    for after in bases(result):
        points = trade_off(result, after)
        if len(points) > 1:
            console.print(plain_lines(trade_off_table(points, result), width=22))
    for line in last_lines(result, folder):
        _say(console, line)


def verdicts_lines(table: records.Table) -> Table:
    """The verdicts in 80 columns: an interval below its estimate, and of the costs those that are not the same."""
    n = len(table.columns) - len(COSTS)
    made = _table([*(column.title for column in table.columns[:n]), "costs"], gap=0)
    for row in table.rows:
        parameter, *head, tried, effect = row[:n]
        kinds = [_kind(head[0].text), _broken(head[1].text, 9)] if head else []
        two = Text("\n".join(filter(None, (effect.text, effect.detail))))
        made.add_row(_broken(parameter.text, 19), *kinds, _broken(tried.text, 9), two, Text(_costs(row[n:])))
    return made


def plain_lines(table: records.Table, *, width: int = 60) -> Table:
    """A table whose effects have their intervals behind them; names are broken at `width`."""
    made = _table([_one(column.title) for column in table.columns])
    for first, *row in table.rows:
        cells = (Text(f"{cell.text} ({cell.detail})" if cell.detail else cell.text) for cell in row)
        made.add_row(_broken(first.text, width), *cells)
    return made


def _table(columns: Sequence[str], *, gap: int = 1) -> Table:
    """With `gap` more than the one space between the columns."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, gap, 0, 0), show_edge=False, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    return table


def _costs(cells: Sequence[records.Cell]) -> str:
    """Time and weights, where they are not the same."""
    time, weights = cells[:2]
    told = {"time": time.text, "weights": weights.text}
    other = [f"{name} {text}" for name, text in told.items() if text not in ("", "same")]
    return "\n".join(other) or time.text


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
