"""A table record as the terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence

from rich import table as rich_table
from rich.box import SIMPLE_HEAD
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
    for column in table.columns:
        made.add_column(column.title, justify="right" if column.numeric else "left", overflow="fold")
    for row in table.rows:
        made.add_row(*_texts(row, details))
    if table.footer:
        made.add_section()
        made.add_row(*_texts(table.footer, details))
    if table.caption:
        made.caption, made.caption_justify = Text(shown(table.caption)), "left"
    return made


def _texts(row: Sequence[Cell], details: bool) -> list[Text]:
    return [
        Text(f"{shown(cell.text)}\n{shown(cell.detail)}" if details and cell.detail else shown(cell.text))
        for cell in row
    ]
