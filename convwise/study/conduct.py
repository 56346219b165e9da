"""Conduct: a study from its plan to its result: screen, check, race, confirm; each from the trials on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError
from convwise.files import to_plain
from convwise.seeds import generator
from convwise.study.assessment import Assessment, after_the_check, after_the_race, assess, chosen_levels, left_out
from convwise.study.budget import Budget
from convwise.study.design import smallest_design
from convwise.study.engine import Engine
from convwise.study.factors import Factor, Level, Settled
from convwise.study.folder import StudyFolder
from convwise.study.paired import DROP, Difference, over_seeds, over_seeds_and_images, surely_below, without_it
from convwise.study.plan import CANDIDATES, LOOKS, PAIRS, Pace, Plan, plan_by_minutes, plan_by_runs
from convwise.study.trials import Bench, Outcome, Trial
from convwise.study.verdicts import Verdict

_ROUNDS_BEFORE_DROPPING = 3
_PILOT_EPOCHS = 2
_REST = 20  # times as long as the last assessment took, before the next one of a study that goes on


@dataclass(frozen=True)
class Request:
    """What a study is asked: everything that decides it besides the images."""

    bench: Bench
    factors: tuple[Factor, ...]
    settled: tuple[Settled, ...]
    smallest_effect: float
    minutes: float | None
    runs: int | None
    trial_epochs: int | None
    n_workers: int
    n_train: int
    engine: str = "local"
    address: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "bench": self.bench.to_dict(),
            "factors": [factor.to_dict() for factor in self.factors],
            "settled": [asdict(rule) for rule in self.settled],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """The inverse of `to_dict`."""
        return cls(
            bench=Bench.from_dict(values["bench"]),
            factors=tuple(Factor.from_dict(each) for each in values["factors"]),
            settled=tuple(Settled(**each) for each in values["settled"]),
            **{name: values[name] for name in _PLAIN},
        )


_PLAIN = ("smallest_effect", "minutes", "runs", "trial_epochs", "n_workers", "n_train", "engine", "address")


@dataclass(frozen=True)
class StudyListener:
    """What a caller may want to hear: lines, trials done of those planned, and verdicts as far as they are known."""

    note: Callable[[str], None] = lambda text: None
    trial: Callable[[str, int, int], None] = lambda stage, done, total: None
    known: Callable[[Sequence[Verdict]], None] = lambda verdicts: None
    decoding: Callable[[int, int], None] | None = None


def conduct(folder: StudyFolder, request: Request, engine: Engine, listener: StudyListener) -> dict[str, Any]:
    """Carries the study on from where its folder stands to its result, which is written and returned.

    Given the same folder with the plan in it, the same result comes out, whenever it was stopped and resumed, but for
    measured times; where the budget is a time, these decide how many levels are raced to the end and how many changes
    are looked at twice. Raises ConvwiseError where too many trials failed for any verdict.
    """
    began = time.monotonic()
    work = _Work(folder, request, engine, listener)
    spent_before = sum(outcome.seconds for outcome in work.known.values()) / request.n_workers
    plan = work.planned(began)
    budget = Budget(plan, request.n_train)
    listener.note(f"{plan.note}; trials of {plan.epochs} epochs, {plan.n_workers} at a time")
    assessment = work.screen(budget)
    levels = chosen_levels(request.factors, assessment.verdicts, request.smallest_effect)
    levels, checks = work.check(budget, assessment, levels)
    levels, raced = work.race(budget, assessment, levels)
    confirmation = work.confirm(plan, assessment, levels)
    verdicts = [
        after_the_race(after_the_check(verdict, checks, request.factors), raced) for verdict in assessment.verdicts
    ]
    verdicts = [left_out(verdict, request.factors, levels, request.smallest_effect) for verdict in verdicts]
    taken = levels if confirmation and confirmation["confirmed"] else {}
    trials = work.known
    result = to_plain(
        {
            "study": str(folder.path),
            "data": request.bench.data,
            "net": request.bench.net,
            "size": request.bench.recipe.size_px,
            "smallest_effect": request.smallest_effect,
            "verdicts": [verdict.to_dict() for verdict in verdicts],
            "recommended": {name: level.value for name, level in taken.items()},
            "recommended_settings": [text for level in taken.values() for text in level.settings],
            "proposed": {name: level.value for name, level in levels.items()},
            "proposed_settings": [text for level in levels.values() for text in level.settings],
            "confirmation": confirmation,
            "race": raced,
            "checks": checks,
            "placebo": asdict(assessment.placebo) if assessment.placebo else None,
            "interactions": list(assessment.interactions),
            "deviation": assessment.analysis.deviation,
            "reach": {factor.parameter: factor.reach for factor in request.factors},
            "alternatives": {factor.parameter: factor.alternative.value for factor in request.factors},
            "trials": len(trials),
            "failures": [{"key": o.key, "reason": o.reason} for o in trials.values() if o.status == "failed"],
            "plan": plan.to_dict(),
            "seconds": round(time.monotonic() - began + spent_before, 2),
            "seconds_of_trials": round(sum(o.seconds for o in trials.values()), 2),
        }
    )
    folder.finish(result)
    return dict(result)


class _Work:
    """The stages. Each asks for its trials by name; those on record are not carried out again."""

    def __init__(self, folder: StudyFolder, request: Request, engine: Engine, listener: StudyListener) -> None:
        self.folder, self.request, self.engine, self.listener = folder, request, engine, listener
        folder.mend()
        self.known = folder.outcomes()
        self.design = smallest_design(tuple(factor.parameter for factor in request.factors))

    def carried_out(
        self, stage: str, trials: Sequence[Trial], heard: Callable[[], None] = lambda: None
    ) -> list[Outcome]:
        """The outcomes of `trials`, in their order."""
        missing = list({trial.key: trial for trial in trials if trial.key not in self.known}.values())
        n_known = len(trials) - len(missing)
        self.listener.trial(stage, n_known, len(trials))

        def done(outcome: Outcome) -> None:
            nonlocal n_known
            self.folder.append(outcome)
            self.known[outcome.key] = outcome
            n_known += 1
            self.listener.trial(stage, n_known, len(trials))
            if outcome.status == "failed":
                self.listener.note(f"trial {outcome.key} failed: {outcome.reason}")
            heard()

        if missing:
            self.engine.run(missing, done)
        return [self.known[trial.key] for trial in trials]

    def planned(self, began: float) -> Plan:
        """The plan on record, or a new one; for a budget of time, from a pilot."""
        kept = self.folder.plan
        if kept:
            return Plan.from_dict(kept)
        request, design = self.request, self.design
        options: dict[str, Any] = {
            "epochs": request.trial_epochs,
            "full_epochs": request.bench.recipe.epochs,
            "n_workers": request.n_workers,
        }
        if request.minutes is None:
            assert request.runs is not None
            plan = plan_by_runs(request.runs, design, **options)
        else:
            pace = self._pilot()
            plan = plan_by_minutes(request.minutes, time.monotonic() - began, design, pace, **options)
        self.folder.write_plan(plan.to_dict())
        return plan

    def _pilot(self) -> Pace:
        """A few short trials, side by side as all later ones: cells that together are mean, and the network itself.

        The network comes last: a worker's first trial is slower than all others.
        """
        n_cells = max(4, self.request.n_workers)
        cells = generator(self.request.bench.seed, "pilot").permutation(self.design.n_runs)[:n_cells].tolist()
        own = [Trial(f"pilot/own{i}", "pilot", (), _PILOT_EPOCHS) for i in range(2)]
        others = [
            Trial(f"pilot/{cell:02}", "pilot", self._settings(cell), _PILOT_EPOCHS)
            for cell in (*cells, *(self._opposite(cell) for cell in cells))
        ]
        outcomes = self.carried_out("pilot", list({trial.key: trial for trial in (*others, *own)}.values()))
        done = [outcome for outcome in outcomes if outcome.status == "done"]
        by_own = [o for o in done if o.key.startswith("pilot/own")]
        if not by_own:
            raise ConvwiseError(f"the network itself cannot be trained: {outcomes[-1].reason}")
        cells_done = [o for o in done if o not in by_own] or by_own

        def epoch(outcome: Outcome) -> float:
            assert outcome.seconds_per_image is not None
            return outcome.seconds_per_image * self.request.n_train

        start = float(np.median([o.seconds - _PILOT_EPOCHS * epoch(o) for o in done]))
        return Pace(max(0.1, start), min(map(epoch, by_own)), float(np.mean([epoch(o) for o in cells_done])))

    def _opposite(self, run: int) -> int:
        """The run with every factor at its other level, where the design has it; else the last run."""
        signs = self.design.signs
        found = np.flatnonzero((signs == -signs[run]).all(axis=1))
        return int(found[0]) if len(found) else len(signs) - 1 - run

    def _settings(self, run: int) -> tuple[str, ...]:
        high = self.design.signs[run] > 0
        return tuple(
            text
            for factor, changed in zip(self.request.factors, high, strict=True)
            if changed
            for text in factor.alternative.settings
        )

    def screen(self, budget: Budget) -> Assessment:
        """All replicates of the design, each in an order of its own."""
        plan = budget.plan
        trials = {}
        for replicate in range(plan.replicates):
            block = f"screen/{replicate}"
            order = generator(self.request.bench.seed, "order", replicate).permutation(self.design.n_runs)
            for run in order.tolist():
                trials[replicate, run] = Trial(f"{block}/{run:02}", block, self._settings(run), plan.epochs)

        def outcomes() -> list[list[Outcome | None]]:
            return [
                [self.known.get(trials[replicate, run].key) for run in range(self.design.n_runs)]
                for replicate in range(plan.replicates)
            ]

        def assessed() -> Assessment:
            request = self.request
            return assess(request.factors, request.settled, self.design, outcomes(), request.smallest_effect)

        n_heard, rest_until = 0, 0.0

        def heard() -> None:
            """What is known so far, now and then: of many trials the assessment takes longer than one of them."""
            nonlocal n_heard, rest_until
            n_heard += 1
            began = time.monotonic()
            if n_heard % 8 == 0 and began >= rest_until:
                try:
                    self.listener.known(assessed().verdicts)
                except ConvwiseError:  # too few trials so far
                    return
                finally:
                    now = time.monotonic()
                    rest_until = now + _REST * (now - began)

        budget.spend(self.carried_out("screen", list(trials.values()), heard))
        assessment = assessed()
        self.listener.known(assessment.verdicts)
        return assessment

    def check(
        self, budget: Budget, assessment: Assessment, levels: Mapping[str, Level]
    ) -> tuple[dict[str, Level], list[dict[str, Any]]]:
        """Takes changes that may be an interaction's (`Verdict.aliased`) back, one by one, from the smallest effect on.

        A change stays where accuracy is surely lower without it, beside all that is still proposed. So what three
        parameters do together is not laid at the door of a fourth, and of two that do the same one is enough. Where
        PAIRS pairs do not tell, as many again do, each look at half the chance of an error, if the time allows it.
        """
        proposed = dict(levels)
        verdicts = list(assessment.verdicts)
        checks: list[dict[str, Any]] = []

        def trials(now: Mapping[str, Level], pairs: int) -> list[Trial]:
            return [_trial(f"check/{turn}", now, budget.plan.epochs) for turn in range(pairs)]

        def losses(without: Mapping[str, Level], pairs: int) -> NDArray[np.float64]:
            outcomes = self.carried_out("check", [*trials(proposed, pairs), *trials(without, pairs)])
            budget.spend(outcomes)
            both = zip(outcomes[:pairs], outcomes[pairs:], strict=True)
            found = [b.accuracy - a.accuracy for a, b in both if a.accuracy is not None and b.accuracy is not None]
            return np.array(found)

        def time_to_look_again(without: Mapping[str, Level]) -> bool:
            once, twice = ([*trials(proposed, pairs), *trials(without, pairs)] for pairs in LOOKS)
            lengths = {trial.settings: self.known[trial.key] for trial in once}
            new = [lengths[trial.settings] for trial in twice if not budget.counts(trial.key)]
            return budget.reaches(1, new, list(lengths.values()))

        def doubtful() -> list[Verdict]:
            seen = {row["parameter"] for row in checks}
            return [v for v in verdicts if v.kind == "set it" and v.aliased and v.parameter in proposed.keys() - seen]

        while left := doubtful():
            parameter = min(left, key=lambda v: v.effect.estimate if v.effect else 0.0).parameter
            without = {name: level for name, level in proposed.items() if name != parameter}
            no_time = False
            for pairs in LOOKS:
                found = losses(without, pairs)
                told = without_it(found, self.request.smallest_effect, len(LOOKS))
                no_time = not told and pairs < LOOKS[-1] and not time_to_look_again(without)
                if told or no_time:
                    break
            known = len(found) >= _ROUNDS_BEFORE_DROPPING
            taken_back = known and told != "needed"
            row = {"parameter": parameter, "taken_back": taken_back, "not_needed": told == "not needed"}
            row["no_time"] = no_time
            checks.append({**row, "difference": over_seeds(found).to_dict() if known else None})
            if taken_back:  # what did nothing beside it is proposed now, and checked where it too is in doubt
                verdicts = [verdict for verdict in verdicts if verdict.parameter != parameter]
                chosen = chosen_levels(self.request.factors, verdicts, self.request.smallest_effect)
                freed = [f.parameter for f in self.request.factors if f.nested_in == parameter]
                proposed = {**without, **{name: chosen[name] for name in freed if name in chosen}}
        return proposed, checks

    def race(
        self, budget: Budget, assessment: Assessment, levels: Mapping[str, Level]
    ) -> tuple[dict[str, Level], list[dict[str, Any]]]:
        """Further levels of the parameters that matter, each in place of what is proposed, in rounds of one seed each.

        Where the alternative gains, levels beyond it; where it loses beyond doubt, levels the other way. A level is
        dropped once it is surely worse than what is proposed, and takes its place only where it is surely better after
        the last round, all raced levels considered. What a level takes is known once it has run: after each round the
        dearest are dropped until the time reaches for the rest, and for confirming any of them.
        """
        racers = [_Racer(parameter, level) for parameter, level in self._raced(assessment, levels)]
        if not budget.reaches(0, []):
            for racer in racers:
                racer.drop_for_time()
        for turn in range(PAIRS):
            running = [racer for racer in racers if racer.running]
            if not running:
                break
            settings = [levels, *({**levels, racer.parameter: racer.level} for racer in running)]
            trials = [_trial(f"race/{turn}", each, budget.plan.epochs) for each in settings]
            first, *others = self.carried_out(f"race, round {turn + 1}", trials)
            budget.spend([first, *others])
            for racer, outcome in zip(running, others, strict=True):
                racer.ran(outcome, first)
                if turn + 1 >= _ROUNDS_BEFORE_DROPPING and surely_below(racer.gains, DROP):
                    racer.running = False
            rest = [(racer, outcome) for racer, outcome in zip(running, others, strict=True) if racer.running]
            while turn + 1 < PAIRS and rest:
                if budget.reaches(PAIRS - turn - 1, [first, *(outcome for _, outcome in rest)]):
                    break
                dearest = max(rest, key=lambda pair: budget.seconds(pair[1]))
                dearest[0].drop_for_time()
                rest.remove(dearest)
        return self._winners(racers, levels)

    def _winners(
        self, racers: Sequence[_Racer], levels: Mapping[str, Level]
    ) -> tuple[dict[str, Level], list[dict[str, Any]]]:
        """What is proposed after the race, of each parameter the level that gained most, and the race's lines."""
        winners: dict[str, _Racer] = {}
        for racer in sorted(racers, key=lambda racer: -racer.gain):
            sure = racer.running and surely_below(-racer.gains, DROP / len(racers))
            if sure and racer.gain > self.request.smallest_effect:
                winners.setdefault(racer.parameter, racer)
        best = {**levels, **{parameter: racer.level for parameter, racer in winners.items()}}
        return best, [racer.to_dict(winners.get(racer.parameter) is racer) for racer in racers]

    def _raced(self, assessment: Assessment, levels: Mapping[str, Level]) -> list[tuple[str, Level]]:
        """The levels to race: of the parameters that matter most first, so many as the plan has room for."""
        mattering: list[tuple[float, str, tuple[Level, ...]]] = []
        for factor in self.request.factors:
            verdict = assessment.of(factor.parameter)
            if verdict.effect is None or verdict.kind == "settled by rule":
                continue
            size = abs(verdict.effect.estimate)
            if verdict.kind == "set it" and factor.parameter in levels:
                mattering.append((size, factor.parameter, factor.further))
            elif verdict.effect.joint_high < 0 and size >= self.request.smallest_effect:
                mattering.append((size, factor.parameter, factor.opposite))
        mattering.sort(key=lambda entry: -entry[0])
        racers = dict.fromkeys((parameter, level) for _, parameter, further in mattering for level in further)
        return list(racers)[:CANDIDATES]

    def confirm(self, plan: Plan, assessment: Assessment, levels: Mapping[str, Level]) -> dict[str, Any] | None:
        """The proposed settings against the starting network, pair by pair; None where they are the same.

        Confirmed is a gain whose interval lies above zero on the validation images; where all that is proposed is
        cheaper, it is enough that a loss of the smallest effect is excluded.
        """
        if not levels:
            return None
        pairs = []
        for turn in range(PAIRS):
            block = f"confirm/{turn}"
            pairs += [
                _trial(block, {}, plan.full_epochs, on_test=True),
                _trial(block, levels, plan.full_epochs, on_test=True),
            ]
        outcomes = self.carried_out("confirm", pairs)
        finished = [
            (own, proposed)
            for own, proposed in zip(outcomes[::2], outcomes[1::2], strict=True)
            if own.status == proposed.status == "done"
        ]
        if len(finished) < 2:
            raise ConvwiseError(f"the confirmation failed: {next(o.reason for o in outcomes if o.status == 'failed')}")
        gains = np.array([proposed.accuracy or 0.0 for _, proposed in finished])
        gains -= np.array([own.accuracy or 0.0 for own, _ in finished])
        validation = over_seeds(gains)
        any_set = any(assessment.of(name).kind != "free choice" for name in levels)
        bound = 0.0 if any_set else -self.request.smallest_effect
        test = _on_test(finished)

        def mean(side: int, name: str) -> float:
            return float(np.mean([getattr(pair[side], name) or 0.0 for pair in finished]))

        return {
            "validation": validation.to_dict(),
            "test": test.to_dict() if test else None,
            "confirmed": bool(validation.low > bound),
            "sought": "a gain" if any_set else f"no loss of {self.request.smallest_effect:g} points",
            "pairs": len(finished),
            "validation_accuracy": {"start": mean(0, "accuracy"), "proposed": mean(1, "accuracy")},
            "test_accuracy": {"start": _test_accuracy(finished, 0), "proposed": _test_accuracy(finished, 1)},
            "seconds_per_image": {"start": mean(0, "seconds_per_image"), "proposed": mean(1, "seconds_per_image")},
            "weights": {"start": mean(0, "weights"), "proposed": mean(1, "weights")},
        }


@dataclass
class _Racer:
    """A level in the race: what it gained in each round, and whether it still runs."""

    parameter: str
    level: Level
    found: list[float] = field(default_factory=list)
    running: bool = True
    no_time: bool = False

    def ran(self, outcome: Outcome, first: Outcome) -> None:
        """Take in a round, `first` being the trial of what is proposed."""
        if outcome.accuracy is None:
            self.running = False
        elif first.accuracy is not None:
            self.found.append(outcome.accuracy - first.accuracy)

    def drop_for_time(self) -> None:
        """Leave the race."""
        self.running, self.no_time = False, True

    @property
    def gains(self) -> NDArray[np.float64]:
        """(rounds,) points of accuracy."""
        return np.array(self.found)

    @property
    def gain(self) -> float:
        """Their mean."""
        return float(np.mean(self.found)) if self.found else -np.inf

    def to_dict(self, taken: bool) -> dict[str, Any]:
        """The line of the result."""
        difference = over_seeds(self.gains).to_dict() if self.found else None
        row = {"parameter": self.parameter, "value": self.level.value, "difference": difference}
        return {**row, "taken": taken, "no_time": self.no_time}


def _trial(block: str, levels: Mapping[str, Level], epochs: int, *, on_test: bool = False) -> Trial:
    """A trial that is named by its settings: one on record is never taken for another."""
    name = ",".join(f"{parameter}={level.value}" for parameter, level in levels.items()) or "own"
    settings = tuple(text for level in levels.values() for text in level.settings)
    return Trial(f"{block}/{name}", block, settings, epochs, on_test=on_test)


def _hits(outcome: Outcome) -> list[int]:
    return [int(letter) for letter in outcome.correct]


def _on_test(pairs: Sequence[tuple[Outcome, Outcome]]) -> Difference | None:
    if not pairs[0][0].correct:
        return None
    return over_seeds_and_images(
        100.0 * np.array([np.subtract(_hits(proposed), _hits(own)) for own, proposed in pairs])
    )


def _test_accuracy(pairs: Sequence[tuple[Outcome, Outcome]], side: int) -> float | None:
    if not pairs[0][side].correct:
        return None
    return 100.0 * float(np.mean([np.mean(_hits(pair[side])) for pair in pairs]))
