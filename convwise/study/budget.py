"""The budget of a study: minutes, by what trainings have taken so far, or a number of trainings."""

from __future__ import annotations

import heapq
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.state import Arm, network_of, together

_FIXED = 0.25  # of a training's time, that does not grow with the network's multiply-adds
_JUDGING = 1 / 3  # of the time of a training step, for an image that is judged


@dataclass(frozen=True)
class Pace:
    """What a training takes on one core, from a few timed steps: seconds to begin, and for each image of an epoch."""

    start: float
    per_image: float

    def __post_init__(self) -> None:
        record_checks.numbers(self, 0, "start")
        record_checks.numbers(self, 1e-12, "per_image")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Pace:
        """Of `plan.json`."""
        return record_of(cls, values)

    def training(self, *, epochs: int, n_train: int, n_judged: int) -> float:
        """Seconds of a whole training; each judged image counts twice, with its mirror image."""
        return self.start + self.per_image * (epochs * n_train + 2 * n_judged * _JUDGING)


def makespan(seconds: Iterable[float], n_workers: int) -> float:
    """Seconds until the last of these trainings ends, where each in turn goes to the first worker that is free."""
    free = [0.0] * n_workers
    for each in seconds:
        heapq.heapreplace(free, free[0] + each)
    return max(free)


def minutes_that_do(needed: float) -> int:
    """Whole minutes to advise where so many are needed: a tenth more, since whoever gives them is timed anew."""
    return math.ceil(1.1 * round(needed, 1))


class Minutes:
    """Time: prices from the trainings asked for so far, by what was changed in them, else from the first estimate.

    Only these count, not what lies on record besides, so that a study that was stopped and resumed decides as one that
    was not; a training that is carried out again may take another time.
    """

    def __init__(self, total: float, training: float, costs: Mapping[str, float], n_workers: int) -> None:
        """`total` and a `training` of the unchanged network in seconds; `costs`: multiply-adds by candidate, ratios."""
        self.total = total
        self._training, self._costs, self._n_workers = training, costs, n_workers
        self._spent = 0.0
        self._seen: dict[Arm, list[float]] = {}

    def spent(self) -> float:
        """Seconds."""
        return self._spent

    def price(self, arms: Sequence[Arm], base: Arm = ()) -> float:
        """Seconds of a block with these arms and the unchanged network, on top of what was adopted."""
        return makespan([self.training(network_of(base, arm)) for arm in ((), *arms)], self._n_workers)

    def training(self, arm: Arm) -> float:
        """Seconds of one training of a network with these changes."""
        if arm in self._seen:
            return statistics.median(self._seen[arm])
        own = statistics.median(self._seen[()]) if () in self._seen else self._training
        ratio = math.prod(self._costs.get(name, 1.0) for name in together(arm))
        return own * (_FIXED + (1 - _FIXED) * ratio)

    def count(self, seconds: Sequence[tuple[Arm, float]]) -> None:
        """Trainings that were carried out together."""
        self._spent += makespan([each for _, each in seconds], self._n_workers)
        for arm, each in seconds:
            self._seen.setdefault(arm, []).append(each)


class Trainings:
    """A number of trainings: the same study on every machine."""

    def __init__(self, total: int) -> None:
        self.total: float = total
        self._spent = 0

    def spent(self) -> float:
        """Trainings."""
        return self._spent

    def price(self, arms: Sequence[Arm], base: Arm = ()) -> float:
        """The unchanged network and the arms."""
        return 1 + len(arms)

    def count(self, seconds: Sequence[tuple[Arm, float]]) -> None:
        """Trainings that were carried out together."""
        self._spent += len(seconds)
