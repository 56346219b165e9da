"""The other ways to ask: random combinations with least squares, and with the importances of Optuna.

A random trial changes each parameter with a chance of one half, with a seed and a fold of its own. Its mean effects
are those around random networks; a study's are those around the network itself.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from answers import Answer
from scipy import special
from stored_blocks import UNCHANGED, Store, StoredTrial, Truth

Ask = Callable[[Sequence[StoredTrial], Sequence[str], float, np.random.Generator], dict[str, Answer]]
_JOINT_LEVEL = 0.05
_UNDECIDED = Answer("undecided")


def fitting(trials: Sequence[StoredTrial], seconds: float, random: np.random.Generator) -> list[StoredTrial] | None:
    """Stored trials in random order, as many as fit into so many seconds of one core; None where more would fit."""
    taken, spent = [], 0.0
    for i in random.permutation(len(trials)):
        spent += trials[i].seconds
        if spent > seconds:
            return taken
        taken.append(trials[i])
    return None


def drawn(store: Store, truth: Truth, seconds: float, random: np.random.Generator) -> list[StoredTrial]:
    """Fresh trials, as many as fit: the store's mean effects added, with the scatter of the stored trials.

    The scatter is that of their residuals of least squares, so interactions are in it as noise. They shift no effect,
    as they do in stored trials, which is in favour of least squares.
    """
    names, residuals = store.names, scatter(store.trials, store.names)
    taken, spent = [], 0.0
    while True:
        chosen = frozenset(name for name in names if random.random() < 0.5)
        cost = store.seconds[UNCHANGED] * math.prod(store.ratio(name) for name in chosen)
        spent += cost
        if spent > seconds:
            return taken
        value = 100 + sum(truth.means[name] for name in chosen) + float(random.choice(residuals))
        taken.append(StoredTrial(chosen, value, cost))


def scatter(trials: Sequence[StoredTrial], names: Sequence[str]) -> np.ndarray:
    """The residuals of least squares, as large as they are in fresh trials; none where no degree of freedom is left."""
    design, values = _design(trials, names)
    free = len(values) - design.shape[1]
    if free < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return np.empty(0)
    residuals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    return np.asarray(residuals * math.sqrt(len(values) / free))


def least_squares(
    trials: Sequence[StoredTrial], names: Sequence[str], smallest_effect: float, random: np.random.Generator
) -> dict[str, Answer]:
    """Main effects with joint 95 % intervals (Bonferroni); verdicts by the rules of a study. `random` is not used."""
    design, values = _design(trials, names)
    df = len(values) - design.shape[1]
    if df < 1 or np.linalg.matrix_rank(design) < design.shape[1]:
        return dict.fromkeys(names, _UNDECIDED)
    found = np.linalg.lstsq(design, values, rcond=None)[0]
    variance = float(((values - design @ found) ** 2).sum()) / df
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    quantile = -float(special.stdtrit(df, _JOINT_LEVEL / 2 / len(names)))
    answers = {}
    for name, estimate, error in zip(names, found[1:].tolist(), errors[1:].tolist(), strict=True):
        low, high = estimate - quantile * error, estimate + quantile * error
        answers[name] = _verdict(estimate, (low, high), smallest_effect)
    return answers


def importances(evaluator: Callable[[], Any]) -> Ask:
    """What a user would take from the importances that an evaluator of Optuna finds in random trials.

    A parameter counts as important whose share is above the largest one among as many idle parameters, which are drawn
    along and change nothing (Kursa and Rudnicki 2010). It is set where the mean of the trials with the change is
    higher by the smallest effect, and kept where it is lower; what is not important is taken for a free choice.
    """

    def ask(
        trials: Sequence[StoredTrial], names: Sequence[str], smallest_effect: float, random: np.random.Generator
    ) -> dict[str, Answer]:
        idle = random.random((len(trials), len(names))) < 0.5
        shares = _shares(trials, names, idle, evaluator)
        if not shares:
            return dict.fromkeys(names, _UNDECIDED)
        threshold = max(share for name, share in shares.items() if name not in names)
        answers = {}
        for name in names:
            sides = [[each.value for each in trials if (name in each.chosen) == side] for side in (True, False)]
            if not all(sides):
                answers[name] = _UNDECIDED
                continue
            gain = float(np.mean(sides[0]) - np.mean(sides[1]))
            important = shares[name] > threshold
            kind = "set it" if important and gain >= smallest_effect else "free choice"
            loses = important and gain < 0
            answers[name] = Answer("keep it" if loses else kind, gain, loses=loses)
        return answers

    return ask


def evaluators() -> dict[str, Callable[[], Any]]:
    """Optuna's, by name; none where Optuna is not installed."""
    try:
        import optuna
    except ModuleNotFoundError:
        return {}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return {
        "fANOVA": lambda: optuna.importance.FanovaImportanceEvaluator(seed=0),
        "PED-ANOVA": _quiet(optuna.importance.PedAnovaImportanceEvaluator),
    }


def _quiet(evaluator: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it is experimental
            return evaluator()

    return made


def _shares(
    trials: Sequence[StoredTrial], names: Sequence[str], idle: np.ndarray, evaluator: Callable[[], Any]
) -> dict[str, float]:
    import optuna

    columns = {name: [name in each.chosen for each in trials] for name in names}
    columns |= {f"idle {i}": column for i, column in enumerate(idle.T.tolist())}
    distributions = {name: optuna.distributions.CategoricalDistribution([False, True]) for name in columns}
    study = optuna.create_study(direction="maximize")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={name: column[i] for name, column in columns.items()},
                distributions=distributions,
                value=trial.value,
            )
            for i, trial in enumerate(trials)
        ]
    )
    try:
        return dict(optuna.importance.get_param_importances(study, evaluator=evaluator()))
    except (RuntimeError, ValueError):  # too few trials, or all of one value
        return {}


def _verdict(estimate: float, interval: tuple[float, float], smallest_effect: float) -> Answer:
    low, high = interval
    if -smallest_effect < low and high < smallest_effect:
        return Answer("free choice", estimate, interval)
    if high < smallest_effect:
        return Answer("keep it", estimate, interval, loses=high < 0)
    if low > 0 and estimate >= smallest_effect:
        return Answer("set it", estimate, interval)
    return Answer("undecided", estimate, interval)


def _design(trials: Sequence[StoredTrial], names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    rows = [[1.0, *(float(name in each.chosen) for name in names)] for each in trials]
    return np.array(rows).reshape(len(rows), len(names) + 1), np.array([each.value for each in trials])
