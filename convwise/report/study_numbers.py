"""The numbers of a study as they are shown: effects in the metric's units, shares of the errors, ratios of costs."""

from __future__ import annotations

import statistics

from convwise.names import counted
from convwise.study.result import Costs, Interval, StudyResult

_FEW_ERRORS = 3.0  # percent: below, a point is a large share of what can be gained at all
_SAME = 0.02  # of a ratio of costs
_NOUNS = {"seconds": "time", "weights": "weights", "multiply_adds": "multiply-adds", "memory": "memory"}


def effect_text(effect: Interval, result: StudyResult) -> str:
    """`+1.56 points (+0.34 to +2.79)`: a gain is above zero, for the log loss too."""
    estimate, low, high = effect_numbers(effect, result)
    return f"{estimate} {unit(result)} ({low} to {high})"


def effect_numbers(effect: Interval, result: StudyResult) -> tuple[str, str, str]:
    """Estimate and limits, rounded to the same side of zero and of the smallest effect as they are."""
    digits = 3 if result.metric == "log_loss" else 2
    return tuple(  # type: ignore[return-value]
        rounded(value, digits, result.smallest_effect) for value in (effect.estimate, effect.low, effect.high)
    )


def rounded(value: float, digits: int, smallest_effect: float) -> str:
    """To so many digits, or more where that would move it across zero or the smallest effect."""
    fewest = digits - (abs(value) >= 10)
    for places in range(fewest, digits + 3):
        text = f"{value:+.{places}f}"
        if all(_side(float(text), mark) == _side(value, mark) for mark in (-smallest_effect, 0.0, smallest_effect)):
            break
    return f"{0:.{digits}f}" if float(text) == 0 else text


def _side(value: float, mark: float) -> int:
    return (value > mark) - (value < mark)


def unit(result: StudyResult) -> str:
    """What effects are counted in."""
    return "nats" if result.metric == "log_loss" else "points"


def amount(value: float, result: StudyResult) -> str:
    """`1 point`, `0.05 nats`."""
    return counted(value, unit(result).removesuffix("s"))


def error_share(points: float, result: StudyResult) -> float | None:
    """Percent of the unchanged network's errors, where these are few; else None."""
    if result.metric == "log_loss" or not 0 < result.unchanged_errors < _FEW_ERRORS:
        return None
    return 100 * points / result.unchanged_errors


def ratio(value: float | None) -> str:
    """`x0.35`, `same`; nothing where it is not known."""
    if value is None:
        return ""
    return "same" if abs(value - 1) <= _SAME else f"x{value:.2f}" if value < 10 else f"x{value:.1f}"


def savings(costs: Costs) -> str:
    """What it saves, and what it costs more, where that is not the same."""
    told = []
    for name, noun in _NOUNS.items():
        text = ratio(getattr(costs, name))
        if text not in ("", "same"):
            told.append(f"{text} of the {noun}")
    return ", ".join(told)


def width_for_other_images(result: StudyResult) -> float | None:
    """How many times as wide the intervals are that speak of other images too, the median of all values tried.

    None where no image has judged twice.
    """
    levels = [level for verdict in result.verdicts for level in verdict.all_tried]
    pairs = [(each.other_images, each.effect) for each in levels if each.other_images and each.effect]
    ratios = [(wide.high - wide.low) / (own.high - own.low) for wide, own in pairs if own.high > own.low]
    return max(1.0, statistics.median(ratios)) if ratios else None
