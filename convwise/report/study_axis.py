"""The one axis that the effects of a study stand on, drawn a row at a time, so that each row is one of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convwise.report.study_marks import Mark
from convwise.report.svg import tag, ticks
from convwise.study.result import Interval

if TYPE_CHECKING:
    from markupsafe import Markup

_MARGIN = 0.06  # of the range, on either side


@dataclass(frozen=True)
class Axis:
    """From `low` to `high`, in the units of effects; `smallest` is the smallest effect, shaded on both sides of zero.

    Places are in percent of the width, whatever that is.
    """

    low: float
    high: float
    smallest: float

    @classmethod
    def of(cls, effects: Iterable[Interval | None], smallest: float, values: Iterable[float] = ()) -> Axis:
        """As long as all of these need."""
        seen = [limit for each in effects if each for limit in (each.low, each.high)]
        everything = [-1.2 * smallest, 1.2 * smallest, *seen, *values]
        low, high = min(everything), max(everything)
        margin = _MARGIN * (high - low)
        return cls(low - margin, high + margin, smallest)

    def place(self, value: float) -> str:
        """Where a value stands."""
        return f"{100 * (value - self.low) / (self.high - self.low):.3f}%"

    def width(self, low: float, high: float) -> str:
        """How wide what lies between two values is."""
        return f"{100 * (high - low) / (self.high - self.low):.3f}%"

    def head(self) -> Markup:
        """The numbers of the axis, for the head of its column."""
        from markupsafe import Markup

        marks = [
            tag(
                '<text class="tick" x="%s" y="14" text-anchor="middle">%s</text>',
                self.place(tick),
                f"{tick:+g}" if tick else "0",
            )
            for tick in ticks(self.low, self.high)
        ]
        return tag('<svg class="axishead" aria-hidden="true">%s</svg>', Markup("").join(marks))

    def row(
        self, effect: Interval | None, mark: Mark, *, wide: Interval | None = None, dots: Sequence[float] = ()
    ) -> Markup:
        """One value: the interval that decides as a whisker, that for other images (`wide`) dashed; `dots` are blocks.

        What it shows stands in words in the other cells of its row.
        """
        from markupsafe import Markup

        parts = [
            tag('<rect class="band" x="%s" y="0" width="%s" height="100%%"/>', self.place(-self.smallest),
                self.width(-self.smallest, self.smallest)),
            tag('<line class="zero" x1="%s" y1="0" x2="%s" y2="100%%"/>', self.place(0), self.place(0)),
        ]  # fmt: skip
        parts += [tag('<circle class="block" cx="%s" cy="20%%" r="2.6"/>', self.place(dot)) for dot in dots]
        if wide is not None:
            parts.append(self._line("wide-whisker", wide))
        if effect is not None:
            parts.append(self._line(f"interval {mark.tone}", effect))
            parts.append(mark.drawn(self.place(effect.estimate), "50%"))
        return tag('<svg class="axisrow" aria-hidden="true">%s</svg>', Markup("").join(parts))

    def _line(self, kind: str, effect: Interval) -> Markup:
        return tag('<line class="%s" x1="%s" y1="50%%" x2="%s" y2="50%%"/>', kind, self.place(effect.low),
                   self.place(effect.high))  # fmt: skip
