"""The budget: whether the time of a plan reaches for more, by what the trials so far have taken."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from convwise.study.plan import PAIRS, Plan, together
from convwise.study.trials import Outcome


class Budget:
    """Time as the trials on record tell it, in the order in which they were asked for.

    So a study that was stopped and resumed decides by the same rule as one that was not; a trial that is carried out
    again may take another time. A plan without a time reaches for everything.
    """

    def __init__(self, plan: Plan, n_train: int) -> None:
        self.plan, self.n_train = plan, n_train
        self.spent = 0.0  # seconds since the plan was made
        self._counted: set[str] = set()
        self._starts: list[float] = []

    def spend(self, outcomes: Sequence[Outcome]) -> None:
        """Count trials that were carried out together, each once, whatever later stages ask for again."""
        new = {outcome.key: outcome for outcome in outcomes if outcome.key not in self._counted}
        self.spent += together((outcome.seconds for outcome in new.values()), self.plan.n_workers)
        self._counted.update(new)
        self._starts += [
            outcome.seconds - self.plan.epochs * self._epoch(outcome)
            for outcome in new.values()
            if outcome.seconds_per_image is not None
        ]

    def counts(self, key: str) -> bool:
        """Whether the trial of this name was asked for before."""
        return key in self._counted

    def seconds(self, outcome: Outcome) -> float:
        """What a trial like this one takes, from a usual start on: a worker's first trial begins late."""
        return self._start() + self.plan.epochs * self._epoch(outcome)

    def reaches(self, rounds: int, each: Sequence[Outcome], proposed: Sequence[Outcome] | None = None) -> bool:
        """Whether the time is enough for `rounds` of `each` and then to confirm any one that is proposed.

        Proposed may be all of `each`, unless others are named, and the network itself, which takes part in every
        confirmation.
        """
        plan = self.plan
        if plan.seconds is None:
            return True
        a_round = together(map(self.seconds, each), plan.n_workers)
        full = [self._start() + plan.full_epochs * self._epoch(outcome) for outcome in proposed or each]
        pairs = [plan.own_seconds, max([plan.own_seconds, *full])] * PAIRS
        return self.spent + rounds * a_round + together(pairs, plan.n_workers) <= plan.seconds

    def _start(self) -> float:
        return max(0.0, statistics.median(self._starts)) if self._starts else 0.0

    def _epoch(self, outcome: Outcome) -> float:
        return (outcome.seconds_per_image or 0.0) * self.n_train
