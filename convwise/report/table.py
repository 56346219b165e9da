"""Tables as records: made once, shown alike on the terminal and on a page. Numbers become text here."""

from __future__ import annotations

from dataclasses import dataclass

from convwise.intervals import Estimate

UNDEFINED = "–"


@dataclass(frozen=True)
class Column:
    """A column: its title, with the unit where there is one, and whether it holds numbers."""

    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Cell:
    """What one place of a table shows.

    `text` may be a name of any bytes: whoever shows it makes it safe. `value` is what the text was made of, and what
    sorts the column; `detail`, such as an interval, stands beside the text where there is room; `target` is the name of
    the place on a page where more of it is seen, or with a slash in front the address of another page.
    """

    text: str
    value: float | None = None
    detail: str = ""
    target: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under columns; `footer` is a last row about all of them. Raises ValueError for an uneven row."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    footer: tuple[Cell, ...] = ()
    caption: str = ""

    def __post_init__(self) -> None:
        for row in (*self.rows, *([self.footer] if self.footer else [])):
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} cells under {len(self.columns)} columns")


def words(*titles: str) -> tuple[Column, ...]:
    """Columns of words."""
    return tuple(Column(title) for title in titles)


def numbers(*titles: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(title, numeric=True) for title in titles)


def texts(*values: str) -> tuple[Cell, ...]:
    """Cells of words."""
    return tuple(Cell(value) for value in values)


def count(number: int) -> Cell:
    """A whole number, with commas."""
    return Cell(f"{number:,}", number)


def share(estimate: Estimate | float | None) -> Cell:
    """A share of 1 in percent, with its interval where there is one."""
    if estimate is None:
        return Cell(UNDEFINED)
    if isinstance(estimate, Estimate):
        return Cell(percent(estimate.value), estimate.value, percent_range(estimate))
    return Cell(percent(estimate), estimate)


def percent(value: float | None) -> str:
    """`97.1 %`; a dash where there is no value."""
    return UNDEFINED if value is None else f"{100 * value:.1f} %"


def percent_range(estimate: Estimate) -> str:
    """The interval: `96.2 to 98.0`."""
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def points(estimate: Estimate) -> Cell:
    """A difference of shares, in percentage points and with its sign."""
    detail = f"{100 * estimate.low:+.1f} to {100 * estimate.high:+.1f}"
    return Cell(f"{100 * estimate.value:+.1f}", estimate.value, detail)
