"""A table record as the terminal shows it."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich import table as rich_table
from rich.box import SIMPLE_HEAD
from rich.console import JustifyMethod
from rich.text import Text

from convwise.names import shown
from convwise.report.table import Cell, Table


def rich(table: Table, *, details: bool = False, compact: bool = False) -> rich_table.Table:
    """Numbers to the right; words, which are no markup whatever a folder is called, to the left and folded.

    `details`: each number's interval stands below it. `compact`: without lines around it.
    """
    made = rich_table.Table(title=Text(shown(table.title)), title_justify="left", title_style="bold", header_style="")
    if compact:
        made.box, made.padding, made.show_edge = SIMPLE_HEAD, 0, False  # eight columns in 80, names of layers whole
    rows = [_texts(row, details) for row in (*table.rows, *([table.footer] * bool(table.footer)))]
    for number, column in enumerate(table.columns):
        whole = column.numeric and details  # a name folds before an interval does
        title = _folded(column.title, [row[number] for row in rows]) if whole else column.title
        justify: JustifyMethod = "right" if column.numeric else "left"
        made.add_column(title, justify=justify, overflow="fold", no_wrap=whole)
    for row in rows[: len(table.rows)]:
        made.add_row(*row)
    if table.footer:
        made.add_section()
        made.add_row(*rows[-1])
    if table.caption:
        made.caption, made.caption_justify = Text(shown(table.caption)), "left"
    return made


def _folded(title: str, cells: Sequence[Text]) -> str:
    """A title in lines no wider than the numbers below it, its words whole."""
    lines = [*title.split(), *(line.plain for cell in cells for line in cell.split())]
    return "\n".join(textwrap.wrap(title, max(map(len, lines), default=1)))


def _texts(row: Sequence[Cell], details: bool) -> list[Text]:
    return [
        Text(f"{shown(cell.text)}\n{shown(cell.detail)}" if details and cell.detail else shown(cell.text))
        for cell in row
    ]
