"""Assessment: from the outcomes of the screening trials to a verdict for each of the parameters."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from convwise.conv2d import PARAMETERS
from convwise.names import counted
from convwise.study.design import Design
from convwise.study.effects import Analysis, Effect, analyse
from convwise.study.factors import PLACEBO, Factor, Level, Settled
from convwise.study.trials import Outcome
from convwise.study.verdicts import (
    Costs,
    Verdict,
    decide,
    excludes,
    in_doubt_of_interactions,
    in_points,
    on_log_loss,
)

_FAILS_MORE = 0.01  # the chance at which failures are laid at an alternative's door (Fisher's exact test, one-sided)


@dataclass(frozen=True)
class Assessment:
    """All verdicts in the order of Conv2D's parameters, and what they rest on.

    `interactions` are sentences on effects that depend on one another; `failures` counts failed trials by reason.
    """

    verdicts: tuple[Verdict, ...]
    analysis: Analysis
    placebo: Effect | None
    interactions: tuple[str, ...]
    failures: Mapping[str, int]

    def of(self, parameter: str) -> Verdict:
        """The verdict on that parameter. Raises KeyError."""
        return {verdict.parameter: verdict for verdict in self.verdicts}[parameter]


def assess(
    factors: Sequence[Factor],
    settled: Sequence[Settled],
    design: Design,
    outcomes: Sequence[Sequence[Outcome | None]],
    smallest_effect: float,
) -> Assessment:
    """Verdicts from `outcomes[replicate][run]`; None is a trial that is still to come.

    A failed trial is left out of the effects and counted; where an alternative makes trials fail, its network's own
    value is kept. Raises ConvwiseError where too few trials are finished.
    """
    done = [[o if o and o.status == "done" else None for o in row] for row in outcomes]
    failures = Counter(o.reason for row in outcomes for o in row if o and o.status == "failed")
    hopeless = _failing(design, outcomes)
    kept = [i for i, factor in enumerate(design.factors) if factor not in hopeless]
    estimable = Design(tuple(design.factors[i] for i in kept), design.signs[:, kept])
    nested = {factor.parameter: factor.nested_in for factor in factors if factor.nested_in}
    analysis, by_log_loss, by_time = (
        analyse(estimable, table, nested=nested, family=len(design.factors))
        for table in (
            _table(done, "accuracy"),
            _table(done, "log_loss"),
            np.log(_table(done, "seconds_per_image")),
        )
    )
    named = _interactions(analysis, nested)
    by_name = {factor.parameter: factor for factor in factors}
    verdicts: list[Verdict] = []
    for parameter in design.factors:
        factor = by_name[parameter]
        alternative = factor.alternative.value
        if parameter in hopeless:
            why = f"{hopeless[parameter]} of the trials with {alternative} failed, far more than without it"
            verdicts.append(Verdict(parameter, "keep it", factor.own, None, None, why))
            continue
        effect, costs = analysis.of(parameter), _costs(factor, by_time.of(parameter))
        if parameter == PLACEBO:
            verdict = _of_the_placebo(factor, effect, costs)
            verdicts.append(dataclasses.replace(verdict, log_loss=by_log_loss.of(parameter)))
            continue
        verdict = decide(
            effect,
            own=factor.own,
            alternative=alternative,
            costs=costs,
            smallest_effect=smallest_effect,
            n_trials=analysis.n_trials,
        )
        verdict = on_log_loss(verdict, by_log_loss.of(parameter))
        verdict = in_doubt_of_interactions(
            verdict, analysis.interaction, smallest_effect, nested=bool(factor.nested_in)
        )
        extra = [f"acts only where {factor.nested_in} keeps its own value"] if factor.nested_in else []
        extra += [sentence for sentence, pair in named if parameter in pair]
        verdicts.append(dataclasses.replace(verdict, why="; ".join([verdict.why, *extra])))
    verdicts += [Verdict(rule.parameter, "settled by rule", rule.own, None, None, rule.why) for rule in settled]
    verdicts.sort(key=lambda verdict: PARAMETERS.index(verdict.parameter))
    placebo = analysis.of(PLACEBO) if PLACEBO in estimable.factors else None
    return Assessment(tuple(verdicts), analysis, placebo, tuple(sentence for sentence, _ in named), dict(failures))


def chosen_levels(factors: Sequence[Factor], verdicts: Sequence[Verdict], smallest_effect: float) -> dict[str, Level]:
    """The alternatives to propose together, in the order of `factors`.

    All that gain; then, from the one that saves most, each free choice with which a loss of `smallest_effect` by all
    free choices together is still excluded: each alone may be within it and their sum beyond. The estimates add, and
    so do their squared errors, for those of a complete design are independent. A parameter without effect beside
    another proposed one is left; so those come last.
    """
    nested = {factor.parameter: factor.nested_in for factor in factors}
    taken = {verdict.parameter for verdict in verdicts if verdict.kind == "set it"}
    loss, squared_error = 0.0, 0.0
    free = [verdict for verdict in verdicts if verdict.kind == "free choice"]
    for verdict in sorted(free, key=lambda v: (nested[v.parameter] is not None, v.costs.saving if v.costs else 1.0)):
        assert verdict.effect is not None
        if nested[verdict.parameter] in taken:
            continue
        together = loss - verdict.effect.estimate, squared_error + verdict.effect.error**2
        if excludes(together[0], together[1] ** 0.5, verdict.effect.df, smallest_effect):
            loss, squared_error = together
            taken.add(verdict.parameter)
    return {
        factor.parameter: factor.alternative
        for factor in factors
        if factor.parameter in taken and factor.nested_in not in taken
    }


def left_out(
    verdict: Verdict, factors: Sequence[Factor], proposed: Mapping[str, Level], smallest_effect: float
) -> Verdict:
    """The verdict, with a word where it would change something and is not among the proposed ones."""
    if verdict.kind not in ("set it", "free choice") or verdict.parameter in proposed:
        return verdict
    parent = next((factor.nested_in for factor in factors if factor.parameter == verdict.parameter), None)
    if parent is not None and parent in proposed:
        why = f"{verdict.why}; not proposed: with {parent}={proposed[parent].value} it has no effect"
    else:
        cost = counted(smallest_effect, "point")
        why = f"{verdict.why}; not proposed: with the other free choices it might cost {cost}"
    return dataclasses.replace(verdict, why=why)


def _failing(design: Design, outcomes: Sequence[Sequence[Outcome | None]]) -> dict[str, str]:
    """Parameters whose alternative makes trials fail -> "n of m"."""
    over = [(run, outcome) for row in outcomes for run, outcome in enumerate(row) if outcome is not None]
    found = {}
    for i, factor in enumerate(design.factors):
        table = np.zeros((2, 2), int)  # level x failed
        for run, outcome in over:
            table[int(design.signs[run, i] > 0), int(outcome.status == "failed")] += 1
        without = table[1, 0] == 0 and table[1, 1] > 0
        more = stats.fisher_exact([table[1, ::-1], table[0, ::-1]], "greater").pvalue < _FAILS_MORE
        if (without and table[0, 0] > 0) or (more and table[1, 1] > 0):
            found[factor] = f"{table[1, 1]} of {table[1].sum()}"
    return found


def _table(done: Sequence[Sequence[Outcome | None]], name: str) -> NDArray[np.float64]:
    rows = [[np.nan if o is None or getattr(o, name) is None else float(getattr(o, name)) for o in row] for row in done]
    return np.array(rows, np.float64)


def _costs(factor: Factor, time: Effect) -> Costs:
    """What the alternative costs: the time as measured over all trials, the rest as it is beside the network itself."""
    measured = {"seconds": time.estimate, "seconds_low": time.joint_low, "seconds_high": time.joint_high}
    return Costs(
        weights=factor.weights,
        multiply_adds=factor.multiply_adds,
        memory=factor.memory,
        **{name: round(float(np.exp(log_ratio)), 4) for name, log_ratio in measured.items()},
    )


def _interactions(analysis: Analysis, nested: Mapping[str, str]) -> list[tuple[str, set[str]]]:
    """Sentences on the chains of interactions that are beyond chance, all chains considered (Bonferroni)."""
    sentences = []
    known = {frozenset(pair) for pair in nested.items()}
    for chain in analysis.chains:
        if chain.p_value * len(analysis.chains) >= 0.05:
            continue
        pairs = [pair for pair in chain.pairs if frozenset(pair) not in known]
        if not pairs:
            continue
        written = " or ".join(f"{a} x {b}" for a, b in pairs[:3])
        more = f" or {len(pairs) - 3} others" if len(pairs) > 3 else ""
        sentence = f"its effect depends on another parameter ({written}{more}: {chain.estimate:+.1f} points)"
        # Only where the chain is short can a parameter be named; else all of its members are suspected alike.
        sentences.append((sentence, {name for pair in pairs for name in pair} if len(pairs) <= 2 else set()))
    return sentences


def _of_the_placebo(factor: Factor, effect: Effect, costs: Costs) -> Verdict:
    told = in_points(effect.estimate, effect.low, effect.high)
    sound = effect.low <= 0 <= effect.high
    judged = "as expected" if sound else "a warning: chance alone shows this in one study in twenty"
    if factor.alternative.settings:
        same = f"both layouts compute the same function; as a placebo, {factor.alternative.value}"
    else:
        same = f"changed {factor.reach}; as a placebo, the same network again"
    why = f"{same} shows {told}, {judged}"
    return Verdict(factor.parameter, "settled by rule", factor.own, effect, costs, why)


def after_the_race(verdict: Verdict, raced: Sequence[Mapping[str, Any]]) -> Verdict:
    """The verdict with the level that won the race in place of the one that was screened."""
    for row in raced:
        if row["taken"] and row["parameter"] == verdict.parameter and row["value"] != verdict.value:
            gain = row["difference"]
            told = in_points(gain["estimate"], gain["low"], gain["high"])
            why = f"{verdict.why}; in the race, {row['value']} gained a further {told}, {gain['n']} pairs"
            return dataclasses.replace(verdict, kind="set it", value=row["value"], why=why, more_runs=None)
    return verdict


def after_the_check(verdict: Verdict, checks: Sequence[Mapping[str, Any]], factors: Sequence[Factor]) -> Verdict:
    """The verdict with what came of taking its change back."""
    for row in checks:
        if row["parameter"] != verdict.parameter:
            continue
        if row["difference"] is None:
            return dataclasses.replace(verdict, why=f"{verdict.why}; the trials of its check failed")
        loss = row["difference"]
        told = in_points(loss["estimate"], loss["low"], loss["high"])
        why = f"{verdict.why}; without it, all else as proposed: {told}, {loss['n']} pairs"
        if not row["taken_back"]:
            return dataclasses.replace(verdict, why=why)
        own = next(factor.own for factor in factors if factor.parameter == verdict.parameter)
        if row["not_needed"]:
            return dataclasses.replace(verdict, kind="keep it", value=own, why=f"{why}, so it is not needed")
        more = ", and there was no time for more pairs" if row["no_time"] else ""
        return dataclasses.replace(verdict, kind="undecided", value=own, why=f"{why}, which is inconclusive{more}")
    return verdict
