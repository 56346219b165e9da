"""Markdown: text that is taken for nothing else, and table records as Markdown has them."""

from __future__ import annotations

from convwise.names import shown
from convwise.report.table import Table


def markdown(text: str) -> str:
    """Text that Markdown and HTML take for nothing else."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for mark in "\\`*_[]|":
        text = text.replace(mark, f"\\{mark}")
    return text


def table_text(table: Table) -> str:
    """A table, intervals in brackets behind their numbers."""
    head = [markdown(column.title) for column in table.columns]
    rules = ["---:" if column.numeric else "---" for column in table.columns]
    rows = [
        [_cell(cell.text, cell.detail) for cell in row] for row in (*table.rows, *([table.footer] * bool(table.footer)))
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rules, *rows))


def _cell(text: str, detail: str) -> str:
    return markdown(shown(text)) + (f" ({detail})" if detail else "")
