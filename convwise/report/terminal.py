"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from convwise.evaluation import Evaluation
from convwise.images.copies import DuplicateGroup
from convwise.images.datasets import Installed
from convwise.images.index import ImageIndex
from convwise.names import counted, printable, shown
from convwise.report import table as records
from convwise.report.rich_tables import rich
from convwise.report.tables import CALIBRATION, classes_table, metrics_table, mistakes_table, remarks

_SHOWN = 10  # rows of a list that may be long


def print_evaluation(evaluation: Evaluation) -> None:
    """The metrics with what they do not tell, the classes, the worst mistakes."""
    console = Console()
    console.print(rich(metrics_table(evaluation)))
    for remark in (CALIBRATION, *remarks(evaluation)):
        console.print(printable(remark), markup=False, highlight=False, soft_wrap=True)
    console.print(rich(classes_table(evaluation)))
    if evaluation.mistakes:
        console.print(rich(mistakes_table(evaluation)))


def print_table(table: records.Table, *, details: bool = False) -> None:
    """A table; `details`: with the interval behind each number."""
    Console().print(rich(table, details=details))


def print_datasets(found: Sequence[Installed]) -> None:
    """The named data sets and where they are."""
    table = Table()
    for column in ("name", "what", "licence", "images", "where"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")  # a name is typed again: it stays whole
    for entry in found:
        where = str(entry.folder) if entry.folder else "not installed"
        images = f"{entry.n_images:,}" if entry.folder else ""
        cells = (entry.dataset.name, entry.dataset.description, entry.dataset.licence, images, printable(where))
        table.add_row(*map(Text, cells))
    Console().print(table)
    if any(entry.folder is None for entry in found):
        print("to install one: convwise data add NAME")


def print_index(index: ImageIndex, remarks: Sequence[str] = (), *, wording: Callable[[str], str] = str) -> None:
    """What a folder holds, what is wrong with it, and what to know before training on it, in the reader's words."""
    console = Console(highlight=False)
    table = Table("class", "images")
    table.columns[1].justify = "right"
    for name, count in index.counts().items():
        table.add_row(Text(shown(name)), f"{count:,}")
    for name, why in index.empty_reasons().items():
        table.add_row(Text(f"{shown(name)}: {why}"), "0")
    console.print(table)
    classes = counted(len(index.class_names), "class", "classes")
    print(f"{counted(len(index), 'image')} in {classes}; {counted(index.n_ignored, 'other file')} ignored")
    _print_list("unreadable file", [f"{shown(file.path)}: {file.reason}" for file in index.unreadable])
    copies = index.copies
    near = [group for group in copies.groups if group.kind == "near"]
    _print_list(
        "group* of exact copies (kept on one side of a split)", [_named(index, group) for group in copies.exact]
    )
    _print_list("group* of near-copies (kept on one side of a split)", [_named(index, group) for group in near])
    wrong = [_named(index, group) for group in copies.label_errors(index.labels)]
    _print_list("label error* (equal pictures in more than one class)", wrong)
    across = [_pair(index, pair) for pair in copies.across]
    _print_list("possible label error* (near-copies in two classes, which are not kept together)", across)
    apart = [_pair(index, pair) for pair in copies.apart]
    _print_list("near pair* in no common group (not near to all of the other's copies)", apart)
    for remark in remarks:
        print(printable(f"note: {wording(remark)}"))


def _named(index: ImageIndex, group: DuplicateGroup) -> str:
    more = f" and {len(group.members) - 4} more" if len(group.members) > 4 else ""
    return f"{group.kind}: {', '.join(shown(index.paths[i]) for i in group.members[:4])}{more}"


def _pair(index: ImageIndex, pair: tuple[int, int]) -> str:
    return ", ".join(shown(index.paths[i]) for i in pair)


def _print_list(title: str, rows: Sequence[str]) -> None:
    """`title` with * where its plural ends in s; at its end where there is none."""
    counted_title = (title if "*" in title else f"{title}*").replace("*", "" if len(rows) == 1 else "s")
    print(f"{len(rows):,} {counted_title}{':' if rows else ''}")
    for row in rows[:_SHOWN]:
        print(f"  {printable(row)}")
    if len(rows) > _SHOWN:
        print(f"  and {len(rows) - _SHOWN:,} more: --json lists them all")
