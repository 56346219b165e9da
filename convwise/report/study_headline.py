"""The answer of a study in one sentence: what to set, what to leave, what is not settled."""

from __future__ import annotations

from collections.abc import Sequence

from convwise.names import counted
from convwise.report.study_numbers import effect_numbers, ratio, unit
from convwise.report.study_records import Bought
from convwise.study.result import Interval, StudyResult, Verdict

_FEW = 4  # parameters that are named
_LEAVE = ("keep it", "free choice", "early only", "settled by rule")


def headline(result: StudyResult, bought: Bought) -> str:
    """What to set, with effects and costs; how many parameters to leave; how many are not settled, and what it takes.

    A quick look settles nothing, and says so.
    """
    if result.quick:
        return _of_quick_look(result)
    parts = (_set(result), _leave(result.verdicts), _not_settled(result.verdicts, bought))
    return f"{'; '.join(filter(None, parts))}."


def measured(result: StudyResult) -> str:
    """`8 blocks · 49 whole trainings · 26 min`."""
    length = "short" if result.quick else "whole"
    done = (counted(result.blocks, "block"), counted(result.trainings, f"{length} training"), duration(result.seconds))
    return " · ".join(done)


def duration(seconds: float) -> str:
    """`40 s`, `26 min`, `3.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _of_quick_look(result: StudyResult) -> str:
    n = sum(verdict.tried is not None for verdict in result.verdicts)
    return (
        f"Estimates of {counted(n, 'parameter')} from short trainings, and no verdicts: nothing here says what to set "
        "or to leave."
    )


def _set(result: StudyResult) -> str:
    if not result.recommended:
        return "Set nothing: no change is confirmed to gain"
    levels = {level.name: level for verdict in result.verdicts for level in verdict.all_tried}
    told = []
    for name in result.recommended:
        level = levels[name]
        time = ratio(level.costs.seconds)
        costs = f"; {time} of the time" if time not in ("", "same") else ""
        told.append(f"{name} ({_effect(level.effect, result)}{costs})" if level.effect else name)
    together = _together(result)
    both = f", together {_effect(together, result)}" if together else ""
    return f"Set {' and '.join(told)}{both}"


def _effect(effect: Interval, result: StudyResult) -> str:
    """`+1.56 points, +0.34 to +2.79`."""
    estimate, low, high = effect_numbers(effect, result)
    return f"{estimate} {unit(result)}, {low} to {high}"


def _together(result: StudyResult) -> Interval | None:
    """The confirmed effect of all that is recommended, where it is more than one change."""
    if len(result.recommended) < 2:
        return None
    arms = (arm for each in result.confirmations for arm in each.arms)
    return next((arm.effect for arm in arms if set(arm.names) == set(result.recommended)), None)


def _leave(verdicts: Sequence[Verdict]) -> str:
    left = [verdict for verdict in verdicts if verdict.kind in _LEAVE]
    by_rule = sum(verdict.kind == "settled by rule" for verdict in left)
    if not left:
        return ""
    return f"leave {_named(left)}" + (f", {by_rule} of them by rule" if 0 < by_rule < len(left) else "")


def _not_settled(verdicts: Sequence[Verdict], bought: Bought) -> str:
    still = [verdict for verdict in verdicts if verdict.kind == "undecided"]
    if not still:
        return "nothing is left unsettled"
    more = [verdict.reason.more_blocks for verdict in still]
    told = f"not settled: {_named(still)}"
    known = [n for n in more if n is not None]
    if not known:
        return f"{told}, out of reach"
    blocks = f"about {counted(max(known), 'more block')}"
    time = f", at most {duration(max(known) * bought.block_seconds)}" if bought.block_seconds else ""
    rest = f"; {len(more) - len(known)} out of reach" if len(known) < len(more) else ""
    return f"{told} ({blocks}{time}{rest})"


def _named(verdicts: Sequence[Verdict]) -> str:
    """The parameters by name where they are few, else their number."""
    names = [verdict.parameter for verdict in verdicts]
    return ", ".join(names) if len(names) <= _FEW else str(len(names))
