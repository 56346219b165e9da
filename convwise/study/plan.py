"""Plan: how many trials of how many epochs a study spends on screening, racing and confirming. Made once, then kept."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scipy import stats

from convwise import checks
from convwise.errors import RequestError
from convwise.records import record_of
from convwise.study.design import Design
from convwise.study.effects import maximum_modulus

_MOST = 1_000_000
PAIRS = 5  # of the confirmation, and the most rounds of the race
LOOKS = (PAIRS, 2 * PAIRS)  # pairs of a check, the second where the first do not tell
CANDIDATES = 4  # levels that are raced at most
_FEWEST_EPOCHS = 3
_USUAL_EPOCHS = 8  # beyond, further replicates tell more than longer trials
_MOST_REPLICATES = 8
_RESERVE = 0.8  # of the time: a pilot of few cells tells the mean pace of all to about a fifth
_USUAL_DEVIATION = 1.5  # points between trials of the same settings, for what is said before anything is known


@dataclass(frozen=True)
class Plan:
    """`replicates` of the whole design, trials of `epochs`; then checks and a race, then PAIRS pairs at `full_epochs`.

    Where the budget is a time, `seconds` are left after the pilot, and one full training of the network itself takes
    `own_seconds`.
    """

    replicates: int
    epochs: int
    full_epochs: int
    n_workers: int
    note: str
    seconds: float | None = None
    own_seconds: float = 0.0

    def __post_init__(self) -> None:
        for name in ("replicates", "epochs", "full_epochs", "n_workers"):
            checks.whole(name, getattr(self, name), 1, _MOST)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Plan:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class Pace:
    """What a trial takes, measured: seconds to begin, and seconds an epoch, of the network and of a mean cell."""

    start: float
    own_epoch: float
    mean_epoch: float


def plan_by_runs(runs: int, design: Design, *, epochs: int | None, full_epochs: int, n_workers: int) -> Plan:
    """As many whole replicates as `runs` allows. Raises RequestError where that is none, or leaves no error term."""
    replicates = runs // design.n_runs
    least = design.n_runs * least_replicates(design)
    if runs < least:
        raise RequestError(
            f"runs={runs}: too few for any verdict on {len(design.factors)} parameters; give at least {least}, or name "
            "fewer with --parameters"
        )
    over = runs - replicates * design.n_runs
    note = f"{over} of {runs} runs are over and not used; " if over else ""
    short = epochs or max(_FEWEST_EPOCHS, math.ceil(full_epochs / 3))
    return Plan(replicates, short, full_epochs, n_workers, note + promise(design, replicates))


def plan_by_minutes(
    minutes: float, spent: float, design: Design, pace: Pace, *, epochs: int | None, full_epochs: int, n_workers: int
) -> Plan:
    """What fits into `minutes`, of which `spent` seconds are over.

    The confirmation and the race are set aside first; then trials grow to the usual length, replicates after them.
    Checks of doubted changes take their time from the race.
    Raises RequestError, with the minutes that would do, where not even the shortest study fits.
    """
    least = least_replicates(design)
    own_seconds = pace.start + full_epochs * pace.own_epoch
    confirmation = together([own_seconds, pace.start + full_epochs * pace.mean_epoch] * PAIRS, n_workers)

    def needed(replicates: int, length: int) -> float:
        trial = pace.start + length * pace.mean_epoch
        screen = replicates * design.n_runs * trial / n_workers
        in_round = max(1.0, 0.6 * (CANDIDATES + 1) / n_workers)  # losers are dropped; often there is nothing to race
        return screen + PAIRS * in_round * trial + confirmation

    left = _RESERVE * (60 * minutes - spent)
    lengths = [epochs] if epochs else list(range(_FEWEST_EPOCHS, full_epochs + 1))
    if needed(least, lengths[0]) > left:
        enough = math.ceil((needed(least, lengths[0]) / _RESERVE + spent) / 60)
        raise RequestError(
            f"minutes={minutes:g}: too few for any verdict on {len(design.factors)} parameters here; give {enough}, or "
            "name fewer with --parameters"
        )
    fits = [length for length in lengths if needed(max(2, least), length) <= left]
    usual = [length for length in fits if length <= _USUAL_EPOCHS]
    length = (usual or fits or lengths)[-1 if fits else 0]
    replicates = max(least, 2) if fits else least
    while replicates < _MOST_REPLICATES and needed(replicates + 1, length) <= left:
        replicates += 1
    if replicates == _MOST_REPLICATES and fits:
        length = max(each for each in fits if needed(replicates, each) <= left)
    seconds = round(60 * minutes - spent, 3)
    note = promise(design, replicates)
    return Plan(replicates, length, full_epochs, n_workers, note, seconds, round(own_seconds, 3))


def together(seconds: Iterable[float], n_workers: int) -> float:
    """Seconds until the last of these trials ends, where each in turn goes to the first worker that is free."""
    free = [0.0] * n_workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def least_replicates(design: Design) -> int:
    """How many replicates leave a degree of freedom for the error."""
    return next(r for r in range(1, 99) if r * design.n_runs - r - len(design.factors) >= 4)


def promise(design: Design, replicates: int, deviation: float = _USUAL_DEVIATION) -> str:
    """What such a study can tell, in one sentence: the half-width of an interval, and the effect that is found."""
    n = replicates * design.n_runs
    df = n - replicates - len(design.factors)
    error = 2 * deviation / math.sqrt(n)
    half = float(stats.t.ppf(0.975, df)) * error
    found = (maximum_modulus(len(design.factors), df) + 1.28) * error
    return (
        f"{n} trials: intervals of about +/-{half:.1f} points, effects of at least {found:.1f} points are found with "
        f"probability 0.9 (if repeated trials of the same settings have a standard deviation of {deviation:g} points)"
    )
