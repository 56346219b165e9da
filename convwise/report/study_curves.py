"""What a study says of values beside the one that decides: curves over ordered values, and the trade-off of costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from convwise.study.result import Costs, Interval, Kind, LevelResult, StudyResult, Verdict
from convwise.study.tried import rank_of

_SAME_TIME = 0.05  # of a measured ratio: within it, two networks take the same time
UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Point:
    """A network that was tried: its effect on top of the changes `after`, None for that network itself; its costs."""

    name: str
    value: str
    effect: Interval | None
    costs: Costs
    kind: Kind | None = None
    after: tuple[str, ...] = ()

    @property
    def gain(self) -> float:
        """What it gains, as far as that matters: a free choice gains nothing."""
        return 0.0 if self.effect is None or self.kind == "free choice" else self.effect.estimate


def curve(verdict: Verdict) -> tuple[Point, ...]:
    """The network's own value and all that were tried, in their order; none where fewer than two were tried.

    Values without an order (names of initializers, say) stay as they were tried, the own one first.
    """
    levels = verdict.all_tried
    return _in_order(verdict.parameter, verdict.own, levels) if len(levels) >= 2 else ()


def curve_on(verdict: Verdict, after: tuple[str, ...]) -> tuple[Point, ...]:
    """The values that were tried on top of `after`, and that network's own one, in their order."""
    own = {name.partition("=")[0]: name.partition("=")[2] for name in after}.get(verdict.parameter, verdict.own)
    return _in_order(verdict.parameter, own, [level for level in verdict.all_tried if level.after == after])


def _in_order(parameter: str, own: str, levels: Sequence[LevelResult]) -> tuple[Point, ...]:
    points = [Point(UNCHANGED, own, None, Costs(seconds=1.0)), *map(_point, levels)]
    places = [_place(parameter, point) for point in points]
    if any(place is None for place in places):
        return tuple(points)
    ordered = sorted(zip(places, points, strict=True), key=lambda pair: pair[0] or 0.0)
    return tuple(point for _, point in ordered)


def is_ordered(parameter: str, points: Sequence[Point]) -> bool:
    """Whether all of the values have a place in an order, so that a line between them means something."""
    return all(_place(parameter, point) is not None for point in points)


def beaten(result: StudyResult, after: tuple[str, ...] = ()) -> tuple[Point, ...]:
    """What was tried on top of `after` and is no part of the `trade_off`, cheapest first."""
    kept = {point.name for point in trade_off(result, after)}
    levels = [level for verdict in result.verdicts for level in verdict.all_tried if level.after == after]
    points = [_point(level) for level in levels if level.effect and not level.failures and level.name not in kept]
    return tuple(sorted(points, key=lambda point: (time_of(point.costs), point.costs.weights)))


def most_accurate(points: Sequence[Point]) -> Point:
    """The value that is set, else the best of the estimates."""
    return _set(points) or max(points, key=lambda point: point.gain)


def _set(points: Sequence[Point]) -> Point | None:
    """The value that was set last: another one may have been set before it."""
    found = [point for point in points if point.kind == "set it"]
    return max(found, key=lambda point: len(point.after)) if found else None


def cheapest_without_loss(points: Sequence[Point], smallest_effect: float) -> Point | None:
    """The cheapest value of which a loss worth having is excluded; one that is set gains what any other gives away."""
    chosen = _set(points)
    if chosen:
        return chosen
    safe = [point for point in points if point.effect is None or point.effect.low > -smallest_effect]
    return min(safe, key=lambda point: (time_of(point.costs), point.costs.weights)) if safe else None


def trade_off(result: StudyResult, after: tuple[str, ...] = ()) -> tuple[Point, ...]:
    """What is not dominated of all that was tried on top of `after`, cheapest first; the unchanged network among it.

    One that is as good and cheaper, or better and as cheap, beats another; so does the unchanged one at a tie. The
    estimates are compared; a free choice counts as no gain, and times within a twentieth as the same.
    """
    levels = [level for verdict in result.verdicts for level in verdict.all_tried if level.after == after]
    points = [_point(level) for level in levels if level.effect and not level.failures]
    base = Point(" + ".join(after) or UNCHANGED, "", None, Costs(seconds=1.0))
    kept = [
        point
        for point in points
        if not _as_good(base, point)
        and not any(_as_good(other, point) and not _as_good(point, other) for other in points)
    ]
    return tuple(sorted((base, *kept), key=lambda point: (time_of(point.costs), point.costs.weights)))


def bases(result: StudyResult) -> tuple[tuple[str, ...], ...]:
    """The adopted changes on top of which something was tried, in the order of their coming."""
    found = {
        level.after: None for verdict in result.verdicts for level in verdict.all_tried if level.effect is not None
    }
    return tuple(sorted(found, key=len))


def _point(level: LevelResult) -> Point:
    return Point(level.name, level.value, level.effect, level.costs, level.verdict, level.after)


def time_of(costs: Costs) -> float:
    """A ratio: measured, or what the multiply-adds let expect; the same where it is nearly so."""
    seconds = costs.multiply_adds if costs.seconds is None else costs.seconds
    return 1.0 if abs(seconds - 1) <= _SAME_TIME else seconds


def _as_good(one: Point, other: Point) -> bool:
    """In accuracy and in each of the costs."""
    return (
        one.gain >= other.gain
        and time_of(one.costs) <= time_of(other.costs)
        and one.costs.weights <= other.costs.weights
        and one.costs.multiply_adds <= other.costs.multiply_adds
    )


def _place(parameter: str, point: Point) -> float | None:
    """Where a value stands in the order of its parameter's; None where it has none."""
    if parameter == "filters" and point.name == UNCHANGED and not point.value.startswith("x"):
        return 1.0  # the others are factors on it
    return rank_of(parameter, point.value)
