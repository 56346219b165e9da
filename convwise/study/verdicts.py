"""The final verdicts, in one visible order: from what is known of each candidate to what to do with each parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from convwise.study.confirmation import Confirmation, n_fresh
from convwise.study.estimates import Estimate
from convwise.study.factors import Factor, Level, Settled
from convwise.study.other_images import for_other_images
from convwise.study.result import Costs, Interval, Kind, LevelResult, Reason, ReasonKind, Verdict
from convwise.study.state import Arm, Finding, State


class Measured(Protocol):
    """What the blocks say of a candidate besides its effect: see `convwise.study.blocks.Blocks`."""

    @property
    def n_images(self) -> int:
        """Of the pool that trains and judges."""

    def seconds_ratio(self, name: str) -> float | None:
        """Of a step with it to one without."""

    def reasons(self) -> Mapping[str, str]:
        """Why trainings failed, by candidate."""

    def image_variance(self, name: str, base: Arm) -> float | None:
        """Of its effect from image to image."""


_MOST_BLOCKS = 500  # more than anyone trains: out of reach
_NO_GAIN = ("no gain", "equal", "loses")
_SAVES, _ADDS = 0.95, 1.05


def verdicts(
    factors: Sequence[Factor],
    settled: Sequence[Settled],
    state: State,
    measured: Measured,
    *,
    smallest_effect: float,
    quick: bool = False,
    early: Mapping[str, Interval] | None = None,
) -> tuple[Verdict, ...]:
    """One for each parameter: factors in their order, then what rules settle.

    The order of a verdict: adopted after fresh blocks, it is set; else the first value's own settlement counts; else it
    is undecided. `quick`: nothing was trained to the end, and nothing is decided; `early`: what short trainings
    showed before.
    """
    found = []
    for factor in factors:
        levels = [_level(name, level, state, measured, quick) for name, level in factor.levels.items()]
        tried = [level for level in levels if level is not None]
        adopted = next((level for level in tried if level.name in state.base), None)
        decides = adopted or tried[0]
        kind, reason = _decided(decides, state, smallest_effect, quick, measured.reasons())
        before = (early or {}).get(decides.name)
        if before and before.low > 0 and before.estimate >= smallest_effect and reason.kind in _NO_GAIN:
            kind, reason = "early only", Reason("early only")
        takes = kind == "set it" or (kind == "free choice" and reason.kind == "equal and cheaper")
        found.append(
            Verdict(
                factor.parameter,
                kind,
                factor.own,
                decides.value if takes else factor.own,
                reason,
                decides,
                tuple(level for level in tried if level is not decides),
            )
        )
    found += [
        Verdict(rule.parameter, "settled by rule", rule.own, rule.own, Reason("rule", rule.why)) for rule in settled
    ]
    return tuple(found)


def cheaper(costs: Costs) -> bool:
    """Whether it saves at least a twentieth of weights, arithmetic or memory, and adds as much to none of them.

    These are counted. Of the time, which is measured, only a surely longer one counts: it is no saving then.
    """
    counted = costs.weights, costs.multiply_adds, costs.memory
    return min(counted) < _SAVES and max(*counted, costs.seconds or 1.0) < _ADDS


def interval_of(estimate: Estimate, level: float) -> Interval:
    """With limits that are each wrong with the chance `level`."""
    low, high = estimate.interval(level)
    return Interval(estimate.estimate, low, high, estimate.n)


def _level(name: str, level: Level, state: State, measured: Measured, quick: bool) -> LevelResult | None:
    """None for a value that was not tried."""
    finding = state.findings.get(name)
    if finding is None:
        return None
    costs = Costs(measured.seconds_ratio(name), level.weights, level.multiply_adds, level.memory)
    estimate, chance, after = finding.estimate, state.level, finding.base
    kind: Kind = "undecided"
    if name in (*state.base, *state.superseded):
        kind = "set it"
        confirmation = _confirmed_by(name, state.confirmations)
        if confirmation and (name,) in confirmation.effects:
            estimate, chance = confirmed_effect(confirmation, (name,))
            after = confirmation.base
    elif finding.settled and not quick:
        kind = finding.settled
    effect: Interval | None = None
    others: Interval | None = None
    if estimate:
        effect = interval_of(estimate, chance)
        wider = for_other_images(estimate, measured.image_variance(name, after), measured.n_images)
        others = interval_of(wider, chance) if wider else None
    return LevelResult(
        name, level.value, level.settings, level.changes, kind, effect, costs, finding.failures, after, others
    )


def _confirmed_by(name: str, confirmations: Sequence[Confirmation]) -> Confirmation | None:
    return next((each for each in confirmations if name in each.adopted), None)


def confirmed_effect(confirmation: Confirmation, arm: tuple[str, ...]) -> tuple[Estimate, float]:
    """The arm's effect, and the level that it was tested at."""
    return confirmation.effects[arm], confirmation.levels.get(arm, confirmation.chance)


def _decided(
    level: LevelResult, state: State, smallest_effect: float, quick: bool, failures: Mapping[str, str]
) -> tuple[Kind, Reason]:
    if quick:
        return "undecided", Reason("quick look")
    if level.verdict == "set it":
        return "set it", Reason("confirmed")
    finding = state.findings[level.name]
    if level.verdict == "keep it":
        if finding.failures and (not level.effect or level.effect.high >= smallest_effect):
            return "keep it", Reason("fails", failures.get(level.name, ""))
        loses = level.effect is not None and level.effect.high < 0
        return "keep it", Reason("loses" if loses else "no gain")
    if level.verdict == "free choice":
        return "free choice", Reason("equal and cheaper" if cheaper(level.costs) else "equal")
    tested = any(level.name in each.names for each in state.confirmations)
    if finding.failures:
        return "undecided", Reason("fails", failures.get(level.name, ""))
    kind: ReasonKind = "not confirmed" if tested else "open"
    if not tested and finding.worth > smallest_effect:
        kind = "too few images"
    return "undecided", Reason(kind, more_blocks=_more_blocks(finding, state.level, smallest_effect))


def _more_blocks(finding: Finding, level: float, smallest_effect: float) -> int | None:
    """Further blocks after which the interval would leave one side or the other, if the estimate stays."""
    estimate = finding.estimate
    if estimate is None:
        return None
    if estimate.estimate >= smallest_effect:
        return n_fresh(estimate, smallest_effect)
    half = estimate.interval(level)[1] - estimate.estimate
    room = abs(smallest_effect - estimate.estimate)
    if estimate.estimate < -smallest_effect:
        room = smallest_effect - estimate.estimate
    elif estimate.estimate < 0:
        room = max(smallest_effect + estimate.estimate, smallest_effect - abs(estimate.estimate))
    if room <= 0:
        return None
    needed = math.ceil(estimate.n * (half / room) ** 2) - estimate.n
    return max(1, needed) if needed <= _MOST_BLOCKS else None
