"""Which class is taken for which: the pairs, the most frequent first, and the whole matrix as numbers."""

from __future__ import annotations

from dataclasses import dataclass

from convwise.evaluation import Evaluation
from convwise.names import counted, shown
from convwise.report.table import Cell, Table, count, numbers, share, words

MOST_PAIRS = 20
_SHADES = 9  # of a cell of the matrix, by its share of the row; 0 for an empty one


@dataclass(frozen=True)
class Pair:
    """`n` of the `of` images of class number `true` were taken for class number `predicted`."""

    true: int
    predicted: int
    n: int
    of: int


def pairs(evaluation: Evaluation) -> tuple[Pair, ...]:
    """All confusions, the most frequent first; of equal ones that of the larger share of its class."""
    found = [
        Pair(i, j, n, sum(row)) for i, row in enumerate(evaluation.confusion) for j, n in enumerate(row) if i != j and n
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.n, -pair.n / pair.of, pair.true, pair.predicted)))


def place_of(true: int, predicted: int) -> str:
    """The name of the place on a page that shows the pictures of a cell."""
    return f"cell-{true}-{predicted}"


def finding(evaluation: Evaluation) -> str:
    """The most frequent confusion in a sentence, in which names are safe text."""
    found = pairs(evaluation)
    if not found:
        return f"No confusion: all {counted(evaluation.n, 'image')} are right"
    first, names = found[0], evaluation.class_names
    return f"{shown(names[first.true])} is taken for {shown(names[first.predicted])} in {first.n:,} of {first.of:,}"


def pairs_table(evaluation: Evaluation, most: int = MOST_PAIRS) -> Table:
    """The most frequent confusions."""
    found, names = pairs(evaluation), evaluation.class_names
    rows = [
        (Cell(names[pair.true]), Cell(names[pair.predicted]),
         Cell(f"{pair.n:,}", pair.n, target=place_of(pair.true, pair.predicted)), share(pair.n / pair.of))
        for pair in found[:most]
    ]  # fmt: skip
    left = f", the most frequent of {len(found):,}" if len(found) > most else ""
    title = f"{counted(len(rows), 'pair')} of classes{left}"
    columns = (*words("is", "taken for"), *numbers("images", "of the class"))
    return Table(title, columns, tuple(rows))


def matrix_table(evaluation: Evaluation) -> Table:
    """Rows are the true classes, columns the answers; a cell's value is its share of the row."""
    rows = []
    for i, (name, row) in enumerate(zip(evaluation.class_names, evaluation.confusion, strict=True)):
        total = sum(row)
        cells = [
            Cell(f"{n:,}" if n else "", n / total if total else 0, target=place_of(i, j) if n else "")
            for j, n in enumerate(row)
        ]
        rows.append((Cell(name), *cells, count(total)))
    columns = (*words("is"), *numbers(*evaluation.class_names, "images"))
    return Table("confusion: rows are true, columns are answers", columns, tuple(rows))


def shade(part: float) -> int:
    """The shade of a cell, 0 to 9. The square root lets a single confusion among fifty images be seen."""
    return 0 if part <= 0 else max(1, round(_SHADES * part**0.5))
