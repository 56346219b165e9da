"""A result as a notebook shows it: a head line, a drawing, tables, as a piece of HTML with a style of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from convwise.report.html.page import HERE, environment, joined
from convwise.report.pictures import Shown
from convwise.report.study_axis import Axis
from convwise.report.study_marks import Mark
from convwise.report.table import Cell, Table

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS = 20  # of a table: a cell's output is looked at, not scrolled through
_ROOT = ".convwise"
_SELECTORS = re.compile(r"(^|[{}])([^{}@]+)(?=\{)")


@dataclass(frozen=True)
class EffectRow:
    """An effect on its axis, with its number and its mark."""

    name: str
    axis: Markup
    effect: Cell
    mark: Mark


@dataclass(frozen=True)
class Effects:
    """Effects, all on one axis."""

    title: str
    unit: str
    axis: Axis
    rows: tuple[EffectRow, ...]


@dataclass(frozen=True)
class Display:
    """What is shown: `head` in bold, `lines` below it; `folded` tables open at a click; `notes` come last."""

    head: str
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    pictures: tuple[Shown, ...] = ()
    chart: Markup | str = ""
    effects: Effects | None = None
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()
    example: str = ""
    notes: tuple[str, ...] = ()


def fragment(shown: Display) -> str:
    """HTML for the output of a cell: no script, no request, and a style that holds for it alone."""
    from markupsafe import Markup

    charts = [*(["charts.css"] if shown.chart or shown.effects else []), *(["study.css"] if shown.effects else [])]
    inner = joined([HERE / each for each in charts])
    css = f"{joined([HERE / 'notebook.css'])}\n{scoped(inner)}"
    brief = replace(shown, tables=tuple(map(_brief, shown.tables)), folded=tuple(map(_unlinked, shown.folded)))
    text = environment().get_template("notebook.html").render(css=Markup(css), shown=brief)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) if not shown.example else text


def scoped(css: str) -> str:
    """The rules, each for what is inside a result only."""

    def inside(match: re.Match[str]) -> str:
        selectors = (f"{_ROOT} {each.strip()}" for each in match[2].split(","))
        return f"{match[1]}\n{', '.join(selectors)} "

    return _SELECTORS.sub(inside, css)


def cut(rows: Sequence[object], noun: str) -> tuple[str, ...]:
    """What is to be said where not all rows are shown."""
    return (f"{MOST_ROWS} of {len(rows):,} {noun} are shown.",) if len(rows) > MOST_ROWS else ()


def _brief(table: Table) -> Table:
    return _unlinked(replace(table, rows=table.rows[:MOST_ROWS]))


def _unlinked(table: Table) -> Table:
    """Without links, which lead to places of a page."""
    return replace(table, rows=tuple(tuple(replace(cell, target="") for cell in row) for row in table.rows))
