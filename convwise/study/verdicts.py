"""From an effect and its costs to a verdict: set it, keep it, free choice, undecided, settled by rule."""

from __future__ import annotations

import dataclasses
from dataclasses import asdict, dataclass
from typing import Any, Literal

from scipy import stats

from convwise.names import counted
from convwise.study.effects import Effect, runs_needed

Kind = Literal["set it", "keep it", "free choice", "undecided", "settled by rule"]
WRONG = 0.045  # the chance of a wrong "keep it" or "free choice", for each parameter: 5 % with a margin


@dataclass(frozen=True)
class Costs:
    """What the alternative costs beside the network's own value: ratios of high to low, 1 where it is the same.

    The time is measured, and `seconds_low` to `seconds_high` its interval for all parameters at once; None stands for a
    time without an error.
    """

    seconds: float = 1.0
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0
    seconds_low: float | None = None
    seconds_high: float | None = None

    @property
    def cheaper(self) -> bool:
        """Whether it saves at least a twentieth of something, beyond doubt, and seems to add as much to nothing."""
        return self.saving < 0.95 and max(self.seconds, self.weights, self.multiply_adds, self.memory) < 1.05

    @property
    def saving(self) -> float:
        """The smallest of the ratios: what it saves most of. A time that may be the same saves nothing."""
        in_doubt = self.seconds_high is not None and self.seconds_high >= 1
        return float(min(1.0 if in_doubt else self.seconds, self.weights, self.multiply_adds, self.memory))


@dataclass(frozen=True)
class Verdict:
    """What to do with a parameter: `value` is the one to take, as a text of `--set`; `why` one sentence.

    `effect` in points of accuracy, `log_loss` in nats (less is better). `more_runs`: for "undecided", how many further
    trials would settle it if the effect is what it seems. `aliased`: the effect is beyond doubt, but no larger than
    interactions that were seen, so that it may be one of three other parameters.
    """

    parameter: str
    kind: Kind
    value: str
    effect: Effect | None
    costs: Costs | None
    why: str
    more_runs: int | None = None
    log_loss: Effect | None = None
    aliased: bool = False

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "parameter": self.parameter,
            "verdict": self.kind,
            "value": self.value,
            "effect": _told(self.effect),
            "log_loss": _told(self.log_loss),
            "costs": asdict(self.costs) if self.costs else None,
            "why": self.why,
            "more_runs": self.more_runs,
            "aliased": self.aliased,
        }


def in_points(estimate: float, low: float, high: float) -> str:
    """An effect on accuracy with its interval, as sentences tell it."""
    return f"{estimate:+.2f} points ({low:+.2f} to {high:+.2f})"


def _told(effect: Effect | None) -> dict[str, float] | None:
    keys = ("estimate", "low", "high", "joint_low", "joint_high", "n")
    return {key: getattr(effect, key) for key in keys} if effect else None


def on_log_loss(verdict: Verdict, log_loss: Effect) -> Verdict:
    """The verdict with the effect on the log loss, and a word where that tells what the accuracy does not.

    The log loss counts how sure the network is of the right class, not only whether it is right: where it errs on few
    images, a difference often shows there first. It decides nothing: the verdicts speak of accuracy.
    """
    verdict = dataclasses.replace(verdict, log_loss=log_loss)
    gains = verdict.kind == "set it" and log_loss.estimate < 0
    loses = verdict.effect is not None and verdict.effect.high < 0 < log_loss.estimate
    if gains or loses or log_loss.joint_low <= 0 <= log_loss.joint_high:
        return verdict
    word = "worse" if log_loss.estimate > 0 else "better"
    interval = f"{log_loss.estimate:+.3f} ({log_loss.low:+.3f} to {log_loss.high:+.3f})"
    return dataclasses.replace(verdict, why=f"{verdict.why}; significantly {word} log loss: {interval}")


def in_doubt_of_interactions(
    verdict: Verdict, interaction: float, smallest_effect: float, *, nested: bool = False
) -> Verdict:
    """The verdict, marked where its effect, up or down, may be an interaction of three (`Analysis.interaction`).

    A `nested` parameter acts in half of the trials only, so that its effect is mixed with interactions of two as well:
    it may be twice as large and still be none of its own.
    """
    effect = verdict.effect
    if effect is None or not (effect.joint_low > 0 or effect.joint_high < 0):
        return verdict
    if not smallest_effect <= abs(effect.estimate) <= interaction * (2 if nested else 1):
        return verdict
    why = f"{verdict.why}; may be an interaction of others: some of up to {interaction:.1f} points were seen"
    return dataclasses.replace(verdict, aliased=True, why=why)


def decide(
    effect: Effect, *, own: str, alternative: str, costs: Costs, smallest_effect: float, n_trials: int
) -> Verdict:
    """The verdict on one parameter, `effect` in the response's own units (points of accuracy), higher being better.

    - set it: the joint interval lies above zero and the estimate is at least `smallest_effect`. With no true effects
      the chance of any such verdict among all parameters is at most 1 - the joint confidence.
    - keep it: the alternative is worse (its interval lies below zero), or the upper one-sided bound lies below
      `smallest_effect`, so that a gain worth having is excluded.
    - free choice: both one-sided bounds lie within `smallest_effect` of zero (two one-sided tests: Schuirmann
      1987), and the alternative is cheaper: take it.
    - undecided: anything else.
    """
    if smallest_effect <= 0:
        raise ValueError(f"smallest_effect={smallest_effect}: it must be above 0")
    told, smallest = in_points(effect.estimate, effect.low, effect.high), counted(smallest_effect, "point")

    def verdict(kind: Kind, value: str, why: str, more_runs: int | None = None) -> Verdict:
        return Verdict(effect.factor, kind, value, effect, costs, why, more_runs)

    if effect.joint_low > 0 and effect.estimate >= smallest_effect:
        return verdict("set it", alternative, f"{alternative} gains {told}, significant for all parameters jointly")
    if excludes(effect.estimate, effect.error, effect.df, smallest_effect):
        if excludes(-effect.estimate, effect.error, effect.df, smallest_effect):
            if costs.cheaper:
                return verdict("free choice", alternative, f"equal within {smallest}, and cheaper")
            return verdict("keep it", own, f"{alternative} differs by less than {smallest}")
        worse = effect.high < 0
        why = f"{alternative} loses: {told}" if worse else f"a gain of {smallest} is excluded: {told}"
        return verdict("keep it", own, why)
    return verdict("undecided", own, f"{told}: it may still matter", _runs_to_settle(effect, smallest_effect, n_trials))


def _runs_to_settle(effect: Effect, smallest_effect: float, n_trials: int) -> int:
    """Further trials after which the nearest verdict would be reached, if the estimate stays where it is."""
    if effect.estimate >= smallest_effect:
        quantile, distance = (effect.joint_high - effect.estimate) / effect.error, effect.estimate
    else:
        quantile, distance = _one_sided(effect.df), smallest_effect - effect.estimate
    return max(1, runs_needed(effect, distance, quantile, n_trials) - n_trials)


def excludes(estimate: float, error: float, df: int, smallest_effect: float, wrong: float = WRONG) -> bool:
    """Whether an effect as large as `smallest_effect` is excluded, by a one-sided test that errs in `wrong`."""
    return estimate + _one_sided(df, wrong) * error < smallest_effect


def _one_sided(df: int, wrong: float = WRONG) -> float:
    """The bound of the equivalence tests, in standard errors."""
    return float(stats.t.ppf(1 - wrong, df))
