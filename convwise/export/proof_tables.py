"""The proof as tables: what each file answers and costs beside model.keras, and the classes under integers."""

from __future__ import annotations

from convwise.export.proof import Checked, Costs, Proof
from convwise.names import counted
from convwise.report.table import UNDEFINED, Cell, Table, count, numbers, percent, points, share, words

MOST_CHANGED = 10


def answers_table(proof: Proof) -> Table:
    """A line for each file: its accuracy, and how its answers differ from the run's."""
    rows = [(Cell("model.keras"), share(proof.accuracy), Cell(""), Cell(""), Cell(""))]
    rows += [
        (Cell(each.name), share(each.accuracy), points(each.difference), _small(each.largest_difference),
         count(len(each.changed)))
        for each in proof.files
    ]  # fmt: skip
    columns = (*words("file"), *numbers("accuracy", "points", "largest difference", "changed labels"))
    images = counted(proof.n, f"{proof.side} image")
    return Table(f"Each file in its own runtime on the same {images}, against the run", columns, tuple(rows))


def costs_table(proof: Proof) -> Table:
    """A line for each file: size, speed, start and memory."""
    rows = [(Cell("model.keras"), *_costs(proof.costs))]
    rows += [(Cell(each.name), *_costs(each.costs)) for each in proof.files]
    titles = ("MB", "ms an image alone", "ms in batches of 32", "start, s", "memory, MB")
    return Table("What each costs, in a process of its own", (*words("file"), *numbers(*titles)), tuple(rows))


def changed_table(each: Checked) -> Table:
    """The pictures whose label the file changes, the surest first."""
    listed = sorted(each.changed, key=lambda change: -change.margin)[:MOST_CHANGED]
    rows = [(Cell(one.path), Cell(one.before), Cell(one.after), _small(one.margin)) for one in listed]
    title = f"{each.name}: {len(listed)} of {counted(len(each.changed), 'changed label')}"
    return Table(title, (*words("image", "run", "file"), *numbers("margin")), tuple(rows))


def recalls_table(each: Checked) -> Table:
    """Of a file of integers: what each class gains or loses."""
    rows = [
        (Cell(one.name), count(one.n), Cell(percent(one.before), one.before), Cell(percent(one.after), one.after),
         points(one.difference))
        for one in each.recalls
    ]  # fmt: skip
    columns = (*words("class"), *numbers("images", "run", each.name, "points"))
    return Table(f"{each.name}: the classes", columns, tuple(rows))


def tables(proof: Proof) -> list[Table]:
    """All that there is to show."""
    found = [answers_table(proof), costs_table(proof)]
    found += [changed_table(each) for each in proof.files if each.changed]
    found += [recalls_table(each) for each in proof.files if each.recalls]
    return found


def _costs(costs: Costs) -> tuple[Cell, ...]:
    memory = costs.resident_bytes
    return (
        Cell(f"{costs.n_bytes / 1e6:.2f}", costs.n_bytes),
        Cell(f"{costs.ms_1:.2f}", costs.ms_1),
        Cell(f"{costs.ms_32:.2f}", costs.ms_32),
        Cell(f"{costs.start_seconds:.1f}", costs.start_seconds),
        Cell(UNDEFINED) if memory is None else Cell(f"{memory / 1e6:.0f}", memory),
    )


def _small(value: float) -> Cell:
    return Cell(f"{value:.1g}" if value else "0", value)
