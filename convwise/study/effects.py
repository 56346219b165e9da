"""From the trials of a two-level design to effects with intervals: least squares within replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, special, stats

from convwise.errors import ConvwiseError
from convwise.study.design import Design

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Effect:
    """What the high level of a factor adds to the response, on average over the levels of all others.

    `low` and `high`: the 95 % interval of this effect alone (Student's t). `joint_low` and `joint_high`: wider, so that
    with probability 0.95 the intervals of all factors hold at once (studentised maximum modulus: Stoline and Ury 1979,
    exact for the orthogonal estimates of a complete design and on the safe side otherwise: Sidak 1967). `n`: the trials
    that it rests on; `error`: its standard error; `df`: degrees of freedom of that.
    """

    factor: str
    estimate: float
    low: float
    high: float
    joint_low: float
    joint_high: float
    n: int
    error: float
    df: int


@dataclass(frozen=True)
class Chain:
    """The one estimate of two-factor interactions that the design cannot tell apart, with its own p-value."""

    pairs: tuple[tuple[str, str], ...]
    estimate: float
    error: float
    p_value: float


@dataclass(frozen=True)
class Analysis:
    """All effects of a study in the design's order, its interaction chains, and the standard deviation of a trial.

    `interaction`: an effect up to this size may be one of three other parameters together. The design cannot tell
    these from main effects; they are seldom larger than the interactions of two, which it shows (effect hierarchy: Wu
    and Hamada 2009, section 4.6). 0 where every combination was tried.
    """

    effects: tuple[Effect, ...]
    chains: tuple[Chain, ...]
    deviation: float
    df: int
    n_trials: int
    n_missing: int
    interaction: float

    def of(self, factor: str) -> Effect:
        """The effect of that factor. Raises KeyError."""
        return {effect.factor: effect for effect in self.effects}[factor]


def analyse(
    design: Design,
    responses: NDArray[np.float64],
    *,
    nested: Mapping[str, str] | None = None,
    family: int | None = None,
) -> Analysis:
    """Effects from `responses` (replicates, runs), NaN where a trial failed.

    The model has a mean for each replicate and a coefficient for each factor; with two replicates or more also one for
    each chain of interactions, whose room is otherwise the estimate of the error (so that interactions widen the
    intervals and do not feign certainty). `nested` names factors that act only where another one is at its low
    level: bias_regularizer in use_bias; their effect is the one there. `family`: how many effects hold at once, the
    number of factors unless told. Failed trials are left out of the least squares, and counted.
    Raises ConvwiseError where the trials left cannot estimate the effects.
    """
    nested = nested or {}
    n_replicates, n_runs = responses.shape
    if n_runs != design.n_runs:
        raise ValueError(f"responses of {n_runs} runs for a design of {design.n_runs}")
    signs = design.signs.astype(np.float64)
    place = {factor: i for i, factor in enumerate(design.factors)}
    mains = signs.copy()
    for factor, parent in nested.items():
        if factor in place and parent in place:
            mains[:, place[factor]] *= signs[:, place[parent]] < 0
    chains = design.chains()
    products = [signs[:, place[chain[0][0]]] * signs[:, place[chain[0][1]]] for chain in chains]
    # A nested column is half a main effect and half a product: the product's column would take its part away.
    taken = [signs[:, place[f]] * signs[:, place[p]] for f, p in nested.items() if f in place and p in place]
    free = [i for i, column in enumerate(products) if not any(abs(column @ other) == n_runs for other in taken)]
    given = responses.reshape(-1)
    there = np.isfinite(given)
    blocks = np.repeat(np.eye(n_replicates), n_runs, axis=0)[there]
    blocks = blocks[:, blocks.any(axis=0)]
    given = given[there]
    # Interactions are told apart with two replicates or more, unless too many trials failed; else the error has them.
    for fitted in (free if n_replicates > 1 else [], []):
        columns = np.column_stack([mains, *(products[i] for i in fitted)])
        matrix = np.column_stack([np.tile(columns, (n_replicates, 1))[there], blocks])
        fit = _least_squares(matrix, given)
        if fit:
            break
    else:
        raise ConvwiseError(
            f"{len(given)} finished trials cannot estimate {len(place)} effects; give milder --levels, "
            "or leave out the parameters whose trials fail (--parameters)"
        )
    alone = float(stats.t.ppf(0.5 + CONFIDENCE / 2, fit.df))
    joint = maximum_modulus(family or len(design.factors), fit.df)
    effects = []
    for i, factor in enumerate(design.factors):
        estimate, error = float(fit.estimates[i]), float(fit.errors[i])
        effects.append(
            Effect(
                factor,
                estimate,
                estimate - alone * error,
                estimate + alone * error,
                estimate - joint * error,
                estimate + joint * error,
                int(np.count_nonzero(matrix[:, i])),
                error,
                fit.df,
            )
        )
    own = {i: (fit, len(place) + k) for k, i in enumerate(fitted)}
    found = tuple(
        Chain(chains[i], float(fit.estimates[k]), float(fit.errors[k]), fit.p_value(k)) for i, (_, k) in own.items()
    )
    interaction = 0.0
    if len(np.unique(signs, axis=0)) < 2 ** len(design.factors):
        # A chain that is not in the model is judged as if it joined it, alone: so neither what failed trials make of
        # the main effects nor a nested one, which is half a product, counts as an interaction.
        for i in sorted(set(range(len(products))) - set(own)):
            joined = _least_squares(np.column_stack([matrix, np.tile(products[i], n_replicates)[there]]), given)
            if joined:
                own[i] = joined, -1
        interaction = _interaction(list(own.values()), tested=n_replicates > 1 and fitted == free)
    return Analysis(tuple(effects), found, fit.deviation, fit.df, len(given), int((~there).sum()), interaction)


@dataclass(frozen=True)
class _Fit:
    """Twice the coefficients, which is what a high level adds to a low one, their standard errors, and the error."""

    estimates: NDArray[np.float64]
    errors: NDArray[np.float64]
    deviation: float
    df: int

    def p_value(self, i: int) -> float:
        """Of estimate i against none (two-sided)."""
        return float(2 * stats.t.sf(abs(self.estimates[i]) / max(self.errors[i], 1e-300), self.df))


def _least_squares(matrix: NDArray[np.float64], given: NDArray[np.float64]) -> _Fit | None:
    """None where the trials cannot estimate every column, and the error too."""
    df = len(given) - matrix.shape[1]
    if df < 1 or np.linalg.matrix_rank(matrix) < matrix.shape[1]:
        return None
    inverse = np.linalg.pinv(matrix.T @ matrix)
    coefficients = inverse @ matrix.T @ given
    deviation = float(np.sqrt(np.sum((given - matrix @ coefficients) ** 2) / df))
    return _Fit(2 * coefficients, 2 * deviation * np.sqrt(np.diag(inverse)), deviation, df)


def _interaction(seen: Sequence[tuple[_Fit, int]], *, tested: bool) -> float:
    """The largest of the interactions of two that is beyond chance (Bonferroni), with its margin.

    Where they cannot be `tested`, being part of the error, the largest as it is: an effect that is beyond doubt is
    seldom smaller there unless the interactions are real.
    """
    if not tested:
        return max((abs(float(fit.estimates[i])) for fit, i in seen), default=0.0)
    return max(
        (
            abs(float(fit.estimates[i])) + float(stats.t.ppf(0.5 + CONFIDENCE / 2, fit.df)) * float(fit.errors[i])
            for fit, i in seen
            if fit.p_value(i) * len(seen) < 0.05
        ),
        default=0.0,
    )


@cache
def maximum_modulus(n_effects: int, df: int, confidence: float = CONFIDENCE) -> float:
    """The half-width, in standard errors, at which `n_effects` independent estimates all hold at once.

    The quantile of the largest of n |t| with one common estimate of the error: the c at which the mean over
    s^2 ~ chi^2(df) / df of (2 Phi(c s) - 1)^n is the confidence (Stoline and Ury 1979, equation 2.1).
    """
    if df > 10_000:
        return float(special.ndtri(0.5 + 0.5 * confidence ** (1 / n_effects)))

    def held(c: float) -> float:
        def at(s: float) -> float:
            density = stats.chi.pdf(s * np.sqrt(df), df) * np.sqrt(df)
            return float((2 * special.ndtr(c * s) - 1) ** n_effects * density)

        spread = 12 / np.sqrt(2 * df)
        value, _ = integrate.quad(at, max(0.0, 1 - spread), 1 + spread + 4 / df, limit=200)
        return float(value)

    return float(optimize.brentq(lambda c: held(c) - confidence, 0.5, 200, xtol=1e-6))


def runs_needed(effect: Effect, distance: float, quantile: float, n_trials: int) -> int:
    """How many trials in all would bring `quantile` standard errors of this effect down to `distance`."""
    if distance <= 0:
        raise ValueError(f"distance={distance}: it must be above 0")
    return int(np.ceil(n_trials * (quantile * effect.error / distance) ** 2))
