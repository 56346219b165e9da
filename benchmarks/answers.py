"""What a method says of each parameter in the end, and how that is judged by the store's mean effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from stored_blocks import Truth

Kind = Literal["set it", "keep it", "free choice", "undecided"]


@dataclass(frozen=True)
class Answer:
    """A verdict with the effect that is shown, points; `loses`: it is kept because the change does harm."""

    kind: Kind
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    loses: bool = False


@dataclass
class Marks:
    """Sums over judged studies; a study that says anything false counts once in `false_set`, `losing_set` and `wrong`.

    A verdict is wrong only where the truth's interval excludes it: "set it" where that lies below the smallest effect
    (`losing_set`: below 0), "keep it" where it lies above the smallest effect, "free choice" where it lies above or
    below both. `found`: effects that are set for their gain, or kept for their loss, of `effects`. `error`: the summed
    distance of `estimated` effects from the store's mean; `held`: those of `shown` intervals that hold it, the truth's
    own uncertainty added: the finer ruler knows more than the store's accuracy does.
    """

    n: float = 0
    false_set: float = 0
    losing_set: float = 0
    wrong: float = 0
    found: float = 0
    effects: float = 0
    undecided: float = 0
    error: float = 0
    estimated: float = 0
    held: float = 0
    shown: float = 0
    trainings: float = 0

    @classmethod
    def of(cls, answers: Mapping[str, Answer], truth: Truth, smallest_effect: float, trainings: float) -> Marks:
        """Of one study."""
        marks = cls(n=1, trainings=trainings)
        effects = truth.effects(smallest_effect)
        marks.effects = len(effects)
        for name, answer in answers.items():
            low, high = truth.intervals[name]
            if answer.kind == "set it":
                marks.false_set = max(marks.false_set, high < smallest_effect)
                marks.losing_set = max(marks.losing_set, high < 0)
            elif answer.kind != "undecided":
                missed = low > smallest_effect or (answer.kind == "free choice" and high < -smallest_effect)
                marks.wrong = max(marks.wrong, missed)
            else:
                marks.undecided += 1
            if name in effects:
                marks.found += (
                    answer.kind == "set it" if effects[name] > 0 else answer.kind == "keep it" and answer.loses
                )
            if answer.estimate is not None:
                marks.estimated += 1
                marks.error += abs(answer.estimate - truth.means[name])
            if answer.interval:
                marks.shown += 1
                marks.held += _holds(answer.interval, truth.intervals[name])
        return marks

    def __add__(self, other: Marks) -> Marks:
        return Marks(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def rates(self) -> dict[str, float | None]:
        """By column of the table; None where there is nothing to count."""

        def share(part: float, of: float, times: float = 1.0) -> float | None:
            return times * part / of if of else None

        return {
            "trainings": share(self.trainings, self.n),
            'false "set it", % of studies': share(self.false_set, self.n, 100),
            'losing "set it", % of studies': share(self.losing_set, self.n, 100),
            'wrong "keep it" or "free choice", % of studies': share(self.wrong, self.n, 100),
            "effects found, %": share(self.found, self.effects, 100),
            "undecided": share(self.undecided, self.n),
            "mean error, points": share(self.error, self.estimated),
            "intervals that hold, %": share(self.held, self.shown, 100),
        }


def _holds(interval: tuple[float, float], truth: tuple[float, float]) -> bool:
    """Whether the middles are no farther apart than two independent errors allow (half widths, added as squares)."""
    apart = abs(sum(interval) - sum(truth)) / 2
    return apart <= math.hypot(interval[1] - interval[0], truth[1] - truth[0]) / 2
