"""Which of a parameter's values can stand: the first one, and those that enter after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.settings import NAMED
from convwise.errors import RequestError
from convwise.study.levels import Level
from convwise.study.tried import Tried, rank_of

# What changes no shape and no amount of work, whatever its value.
_SHAPELESS = tuple(name for name in NAMED if name != "activation")


@dataclass(frozen=True)
class Made:
    """A level that can stand, with what the network has in its place; the layers that it changes, and cannot change."""

    level: Level
    own: str
    reach: str = ""
    changed: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


Make = Callable[[str], Made | None]
"""The level of a text; None where it changes nothing. RequestError where it cannot stand."""


@dataclass(frozen=True)
class Standing:
    """The level that is tried first, and those that enter where it gains and where it loses."""

    first: Made
    further: tuple[Level, ...]
    opposite: tuple[Level, ...]


def standing(parameter: str, plan: Tried, make: Make, *, asked: bool) -> Standing | str:
    """The first value of the plan that differs and stands, with those that may enter after it; else why there is none.

    Values that a user has `asked` for are all `first`, and each must stand: RequestError else.
    """
    reasons: list[str] = []
    for i, group in enumerate(plan.first):
        first = _first_of(parameter, group, make, reasons, asked=asked)
        if first is None:
            continue
        if asked:
            return Standing(first, _levels(parameter, plan.first[i + 1 :], make, first, asked=True), ())
        if plan.rungs:
            return Standing(first, *_around(parameter, first, plan.rungs, make))
        later = _later(parameter, first, make)
        further, opposite = (_levels(parameter, texts, later, first) for texts in (plan.further, plan.opposite))
        return Standing(first, further, opposite)
    return reasons[0] if reasons else "the network has no other value to try"


def _first_of(parameter: str, group: str, make: Make, reasons: list[str], *, asked: bool = False) -> Made | None:
    """The first of "5|4" that can stand; None where there is none, and where the foremost changes nothing."""
    for text in [group] if asked else group.split("|"):
        try:
            return make(text)
        except RequestError as problem:
            if asked:
                raise RequestError(f"levels={parameter}={text}: {problem}") from None
            reasons.append(str(problem))
    return None


def _levels(
    parameter: str, groups: Iterable[str], make: Make, first: Made, *, asked: bool = False
) -> tuple[Level, ...]:
    """Those that differ from the own value and the first one, each once."""
    found = [first.level]
    for group in groups:
        other = _first_of(parameter, group, make, [], asked=asked)
        if other and not any(_same(other.level, level) for level in found):
            found.append(other.level)
    return tuple(found[1:])


def _later(parameter: str, first: Made, make: Make) -> Make:
    """The same for a value that enters after the first. What changes no shape costs what the first one costs."""

    def later(text: str) -> Made | None:
        if parameter not in _SHAPELESS:
            return make(text)
        if Conv2DSettings.from_texts({parameter: text}).texts()[parameter] in first.own.split("/"):
            return None
        return dataclasses.replace(
            first, level=dataclasses.replace(first.level, value=text, settings=(f"conv.{parameter}={text}",))
        )

    return later


def _same(one: Level, other: Level) -> bool:
    return (one.settings, one.changes) == (other.settings, other.changes)


def _around(
    parameter: str, first: Made, rungs: Sequence[str], make: Make
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """Of the rungs what lies beyond the first value; and what lies on the other side of the own one, then between.

    What cannot reach the layers that the first one reaches is no point of its curve.
    """
    later = _later(parameter, first, make)

    def alike(text: str) -> Made | None:
        other = later(text)
        if other and (other.left & first.changed or other.changed & first.left):
            raise RequestError(f"{text} reaches other layers")
        return other

    ranks = [rank_of(parameter, text) for text in first.own.split("/")]
    own = 1.0 if first.own and parameter == "filters" else median([rank or 0.0 for rank in ranks])
    to_first = (rank_of(parameter, first.level.value) or 0.0) - own
    further: list[tuple[float, Level]] = []
    opposite: list[tuple[float, Level]] = []
    for level in _levels(parameter, rungs, alike, first):
        steps = ((rank_of(parameter, level.value) or 0.0) - own) / to_first if to_first else 0.0
        if steps:
            (further if steps > 1 else opposite).append((steps, level))
    return (
        tuple(level for _, level in sorted(further, key=lambda pair: pair[0])),
        tuple(level for _, level in sorted(opposite, key=lambda pair: (pair[0] > 0, abs(pair[0])))),
    )
