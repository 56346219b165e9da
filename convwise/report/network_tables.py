"""A network's layer table and the findings about it: as tables, and on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from convwise.conv2d.findings import SEVERITIES, Finding
from convwise.names import printable
from convwise.nets.layer_table.records import LayerRow, LayerTable, ReceptiveField
from convwise.report import table as records
from convwise.report.rich_tables import rich
from convwise.report.table import Cell

Wording = Callable[[str], str]
MAX_ROWS = 60  # above it the layers of a stage share a line
_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_NUMBERS = ("field", "stride", "weights", "mult-adds", "memory")


@dataclass(frozen=True)
class _Line:
    """What one line of the table shows: one layer, or the layers of a stage, whose last one gives shape and view."""

    name: str
    type: str
    last: LayerRow
    weights: int
    multiply_adds: int | None
    training_bytes: int | None


def print_layers(table: LayerTable, *, fold: bool | None = None, wording: Wording = str) -> None:
    """The layer table, then what the whole network weighs, computes and needs.

    Of more than 60 layers those of a stage, by the name up to its first "_", share a line; `fold` decides otherwise.
    """
    console = _console()
    console.print(rich(layers_table(table, fold=fold), compact=True))
    for line in totals_lines(table):
        print(printable(wording(line)))


def print_findings(findings: Sequence[Finding], *, wording: Wording = str) -> None:
    """The findings in the reader's words, errors first; a line that says so where there are none."""
    if not findings:
        print("nothing found")
        return
    _console().print(findings_table([replace(each, fix=wording(each.fix)) for each in findings]))


def _console() -> Console:
    """As wide as the terminal; 120 columns where there is none, which long names of layers need."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=120)


def layers_table(table: LayerTable, *, fold: bool | None = None) -> records.Table:
    """One line per layer or stage: output shape, receptive field and its stride, weights, work, memory."""
    folded = len(table.rows) > MAX_ROWS if fold is None else fold
    lines = _stages(table.rows) if folded else [_line(row.name, row.type, [row]) for row in table.rows]
    shape = "x".join(map(_side, table.input_shape))
    title = f"{table.model}: {len(table.rows)} layers" + (f" in {len(lines)} stages" if folded else "") + f", {shape}"
    caption = (
        "field, stride: of the receptive field, in px of the image (all: the whole image); "
        "memory: of activations kept per image for the backward pass"
    )
    columns = (*records.words("layer", "type", "shape"), *records.numbers(*_NUMBERS))
    return records.Table(title, columns, tuple(map(_cells, lines)), caption=caption)


@dataclass(frozen=True)
class Stage:
    """Neighbouring layers of one stem: what they compute together, each by itself, and the findings about them."""

    name: str
    shape: str
    work: str
    share: float | None
    layers: records.Table
    findings: tuple[Finding, ...]


def stages(table: LayerTable, findings: Sequence[Finding]) -> tuple[Stage, ...]:
    """The layers stage by stage, in the order of computation; `share` is of the network's multiply-adds."""
    found = []
    total = table.totals.multiply_adds
    columns = layers_table(table, fold=False).columns
    for group in _groups(table.rows):
        line = _line(_stage_name(group), "", group)
        inner = tuple(_cells(_line(row.name, row.type, [row])) for row in group)
        names = {row.name for row in group}
        found.append(
            Stage(
                line.name,
                "x".join(map(_side, line.last.output_shape)),
                "?" if line.multiply_adds is None else count(line.multiply_adds) if line.multiply_adds else "",
                line.multiply_adds / total if total and line.multiply_adds is not None else None,
                records.Table(line.name, columns, inner),
                tuple(each for each in findings if each.layer in names),
            )
        )
    return tuple(found)


def _cells(line: _Line) -> tuple[Cell, ...]:
    seen = line.last.receptive_field
    work = "?" if line.multiply_adds is None else count(line.multiply_adds) if line.multiply_adds else ""
    return (
        Cell(line.name),
        Cell(line.type),
        Cell("x".join(map(_side, line.last.output_shape))),
        Cell(_field(seen), None if seen is None else seen.size[0]),
        Cell("–" if seen is None or not seen.stride[0] else _pair(seen.stride)),
        Cell(count(line.weights) if line.weights else "", line.weights),
        Cell(work, line.multiply_adds),
        Cell(memory(line.training_bytes) if line.training_bytes != 0 else "", line.training_bytes),
    )


def totals_lines(table: LayerTable) -> list[str]:
    """The sums in a few sentences."""
    totals = table.totals
    trainable = f"{totals.trainable_weights:,} of them trainable"
    work = "not known" if totals.multiply_adds is None else count(totals.multiply_adds)
    settings = f"{table.optimizer}, {table.precision}"
    return [
        f"weights: {totals.weights:,}, {trainable}",
        f"multiply-adds per image: {work} (convolutions and dense layers)",
        f"estimated memory: training at batch {table.batch} {memory(table.estimated_memory_bytes())} ({settings}), "
        f"predicting {memory(table.estimated_inference_bytes())}; the program itself is not included",
        *table.notes,
    ]


def findings_table(findings: Sequence[Finding]) -> Table:
    """One line per finding: severity, the rule's name (to silence it), where, what, what to do, and the source."""
    counts = [(severity, sum(f.severity == severity for f in findings)) for severity in SEVERITIES]
    title = ", ".join(f"{n} {severity}{'s' if n > 1 else ''}" for severity, n in counts if n)
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="", show_lines=True)
    shown.add_column("rule", no_wrap=True)
    shown.add_column("finding", overflow="fold", ratio=1)
    for finding in sorted(findings, key=lambda f: SEVERITIES.index(f.severity)):
        first = Text(finding.severity, style=_STYLES[finding.severity])
        first.append(f"\n{finding.rule}", style="default not bold")
        said = Text(printable(finding.message))
        said.append(f"\ndo: {finding.fix}")
        said.append(f"\nsource: {finding.source}", style="dim")
        shown.add_row(first, said)
    return shown


def count(number: int) -> str:
    """A number with three figures: 912, 23.5 k, 4.1 G."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if number >= 0.9995 * limit:
            return f"{number / limit:.3g}{unit}" if number < 999.5 * limit else f"{number / limit:,.0f}{unit}"
    return f"{number}"


def memory(n_bytes: int | None) -> str:
    """Bytes in binary units: 16 B, 49.2 KiB, 1.5 MiB; a question mark where not known."""
    if n_bytes is None:
        return "?"
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if n_bytes >= 1024**power:
            return f"{n_bytes / 1024**power:.1f} {unit}"
    return f"{n_bytes} B"


def _groups(rows: Sequence[LayerRow]) -> list[list[LayerRow]]:
    """Neighbouring layers of one stem together; the numerals Keras gives to unnamed layers do not count as a stem."""
    stem = groupby(rows, key=lambda row: row.name.rpartition("/")[2].split("_")[0].split(" (")[0])
    return [list(members) for _, members in stem]


def _stage_name(group: Sequence[LayerRow]) -> str:
    stem = group[0].name.rpartition("/")[2].split("_")[0].split(" (")[0]
    return group[0].name if len(group) == 1 else f"{stem} ({len(group)})"


def _stages(rows: Sequence[LayerRow]) -> list[_Line]:
    """A line for each group of neighbouring layers."""
    return [_line(_stage_name(group), group[0].type if len(group) == 1 else "", group) for group in _groups(rows)]


def _line(name: str, kind: str, rows: Sequence[LayerRow]) -> _Line:
    return _Line(
        name,
        kind,
        rows[-1],
        sum(row.weights for row in rows),
        _sum([row.multiply_adds for row in rows]),
        _sum([row.training_bytes for row in rows]),
    )


def _sum(values: Sequence[int | None]) -> int | None:
    return None if None in values else sum(value for value in values if value is not None)


def _field(seen: ReceptiveField | None) -> str:
    if seen is None:
        return "?"
    return "all" if seen.whole and not seen.stride[0] else _pair(seen.size) + (" +all" if seen.whole else "")


def _pair(pair: tuple[float, float]) -> str:
    """One number where both are the same."""
    return f"{pair[0]:g}" if pair[0] == pair[1] else f"{pair[0]:g}x{pair[1]:g}"


def _side(side: int | None) -> str:
    return "?" if side is None else str(side)
