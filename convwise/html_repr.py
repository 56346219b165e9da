"""Results that show themselves in a notebook: a higher floor makes the HTML, when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

Maker = Callable[[object], str | None]
_makers: list[Maker] = []  # one at most


def show_by(make: Maker) -> None:
    """Names what makes HTML of a result; None from it leaves a result to its text."""
    _makers[:] = [make]


class ShownAsHtml:
    """Has `_repr_html_`, which Jupyter and its like ask for what the last line of a cell returns."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return _makers[0](self) if _makers else None
