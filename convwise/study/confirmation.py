"""Confirmation: fresh blocks for what seemed to gain, each change alone and all together, by a test fixed before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from scipy import special

from convwise.study.estimates import Estimate, Reading
from convwise.study.ruler import Ruler
from convwise.study.weighing import weighed

_FEWEST = 4
_BLOCKS_PER_SIGNAL = 7.5
_SHRINKS = 0.7  # what is left of an estimate that was nominated for being large
# Chances of any wrong "set it" in the first confirmation of a study, and in those after it.
_CHANCES = (0.04, 0.005, 0.0025)


@dataclass(frozen=True)
class Nominee:
    """A candidate by name, and the number of fresh blocks, fixed before the first of them."""

    name: str
    n_blocks: int


@dataclass(frozen=True)
class Confirmation:
    """What fresh blocks said: `effects` of each arm with intervals at the `chance` it was tested at.

    `levels`: the one-sided chance at which each arm was tested. `passed`: the arms whose gain is confirmed; `adopted`:
    the one to build on, () where there is none; `base`: what was adopted before. Failed arms have no effect.
    """

    names: tuple[str, ...]
    effects: Mapping[tuple[str, ...], Estimate]
    passed: tuple[tuple[str, ...], ...]
    failed: tuple[tuple[str, ...], ...]
    chance: float
    levels: Mapping[tuple[str, ...], float] = field(default_factory=dict)
    adopted: tuple[str, ...] = ()
    base: tuple[str, ...] = ()

    @property
    def part(self) -> tuple[str, ...]:
        """The candidates that were confirmed, each by itself."""
        return tuple(arm[0] for arm in self.passed if len(arm) == 1)

    def with_part(self, other: Confirmation) -> Confirmation:
        """The same after the part was trained together: it is adopted where that was confirmed."""
        effects, passed = {**self.effects, **other.effects}, (*self.passed, *other.passed)
        adopted = other.adopted if _better(other.adopted, self.adopted, effects) else self.adopted
        levels, failed = {**self.levels, **other.levels}, (*self.failed, *other.failed)
        return replace(self, effects=effects, levels=levels, passed=passed, failed=failed, adopted=adopted)


def n_fresh(estimate: Estimate | None, smallest_effect: float) -> int:
    """Fresh blocks that confirm the effect with good chances: 7.5 (sd / max(0.7 estimate, smallest effect)) squared.

    At least four; for None just these.
    """
    if estimate is None:
        return _FEWEST
    sd = estimate.error * math.sqrt(estimate.n)
    return max(_FEWEST, math.ceil(_BLOCKS_PER_SIGNAL * (sd / max(_SHRINKS * estimate.estimate, smallest_effect)) ** 2))


def confirmed(
    readings: Mapping[tuple[str, ...], Sequence[Reading]],
    failed: set[tuple[str, ...]],
    *,
    lent: Sequence[float],
    ruler: Ruler | None,
    smallest_effect: float,
    turn: int,
) -> Confirmation:
    """The verdict of fresh blocks on each arm, by Holm's test (1979) of "it gains nothing" over all arms.

    The first confirmation of a study errs with a chance of 4 % at most, later ones (`turn`) with less. An arm one of
    whose trainings failed cannot pass, and a gain below `smallest_effect` is not worth setting. Of the arms that pass
    the one that gains most is adopted; several together only where each of them passes by itself.
    """
    chance = _CHANCES[min(turn, len(_CHANCES) - 1)]
    usable = {arm: of for arm, of in readings.items() if arm not in failed and len(of) >= 2}
    effects = dict(zip(usable, _effects(usable, ruler, lent), strict=True))
    ranked = sorted(effects, key=lambda arm: _p(effects[arm]))
    levels = {arm: chance / (len(readings) - i) for i, arm in enumerate(ranked)}
    passed = []
    for arm in ranked:
        if _p(effects[arm]) > levels[arm]:
            break
        passed.append(arm)
    passed = [arm for arm in passed if effects[arm].estimate >= smallest_effect]
    sound = [arm for arm in passed if all((name,) in passed for name in arm)] if len(readings) > 1 else passed
    adopted = max(sound, key=lambda arm: effects[arm].estimate, default=())
    names = tuple(dict.fromkeys(name for arm in readings for name in arm))
    return Confirmation(names, effects, tuple(passed), tuple(sorted(failed)), chance, levels, adopted)


def _effects(
    readings: Mapping[tuple[str, ...], Sequence[Reading]], ruler: Ruler | None, lent: Sequence[float]
) -> list[Estimate]:
    named = {" + ".join(arm): of for arm, of in readings.items()}
    return list(weighed(named, ruler, lent=lent).values())


def _better(arm: tuple[str, ...], other: tuple[str, ...], effects: Mapping[tuple[str, ...], Estimate]) -> bool:
    return bool(arm) and (not other or effects[arm].estimate >= effects[other].estimate)


def _p(effect: Estimate) -> float:
    """Of a gain as large, were there none."""
    return float(special.stdtr(effect.df, -effect.t))
