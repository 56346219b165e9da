"""The finer ruler: effects on a proper score, in nats, lend their certainty to effects on accuracy, in points.

Accuracy counts images and throws the rest away; over the candidates its effects follow those of the log loss closely,
with several times the noise. So the score is taken for a surrogate of accuracy (Prentice 1989; Buyse et al. 2000 for
many trials): accuracy effect = slope x score effect + a deviation of the candidate's own. Where a parameter only
changes how sure the network is, its deviation is large, and what is said of it rests on accuracy alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from convwise.study.estimates import Estimate, Reading, estimates

# Of two data sets: 21 and 27 points per nat, and candidates 0.14 to 0.18 points off the line. What a study finds itself
# outweighs this soon; where no candidate has an effect there is no slope to find, and none is needed to say so. A dozen
# candidates know their spread badly, and intervals that take it for too small miss what is at the smallest effect: less
# than the usual spread is not believed.
USUAL_SLOPE, SLOPE_VARIES = -24.0, 12.0
USUAL_SPREAD, _PRIOR_CANDIDATES = 0.2, 4.0
_Number = TypeVar("_Number", float, np.ndarray)
_SHARED_NOISE = 0.5  # of the variance of a difference: the part of the unchanged network, where it is trained once


@dataclass(frozen=True)
class Ruler:
    """`slope`, points per nat, with its `error`; `spread`, points, of candidates around it; noise's `correlation`."""

    slope: float
    error: float
    spread: float
    correlation: float


def fitted(readings: Mapping[str, Sequence[Reading]]) -> Ruler | None:
    """The ruler that these candidates show; None where none has a score."""
    names = [name for name, of in readings.items() if len(of) >= 2 and _scored(of)]
    if not names:
        return None
    on_accuracy = estimates({name: readings[name] for name in names})
    on_score = estimates({name: _scores(readings[name]) for name in names})
    a = np.array([on_accuracy[name].estimate for name in names])
    s = np.array([on_score[name].estimate for name in names])
    v_a = np.array([on_accuracy[name].error ** 2 for name in names])
    v_s = np.array([on_score[name].error ** 2 for name in names])
    correlation = _correlation([readings[name] for name in names])
    cov = correlation * np.sqrt(v_a * v_s)
    slope, spread2 = _line(a, s, v_a, v_s, cov)
    noise = _noise(v_a, v_s, cov, slope)
    error = _error(s, v_s, noise, slope, spread2)
    return Ruler(slope, error, math.sqrt(spread2), correlation)


def measured(ruler: Ruler, on_accuracy: Estimate, on_score: Estimate) -> Estimate:
    """The accuracy effect by both. With D = accuracy - slope x score, the best linear estimate takes from the accuracy
    what D says of its noise (Gauss and Markov); the less, the more of D is the candidate's own deviation.

    A candidate that stands off the line by more than its noise explains counts its own distance as the spread.
    """
    v_a, v_s = on_accuracy.error**2, on_score.error**2
    c = ruler.correlation * math.sqrt(v_a * v_s)
    noise = _noise(v_a, v_s, c, ruler.slope) + (ruler.error * on_score.estimate) ** 2
    off = on_accuracy.estimate - ruler.slope * on_score.estimate
    spread2 = max(ruler.spread**2, off**2 - noise)
    shared = v_a - ruler.slope * c
    if shared <= 0:
        return on_accuracy
    weight = shared / (noise + spread2)
    variance = v_a - shared * weight
    if not 0 < variance < v_a:
        return on_accuracy
    return Estimate(on_accuracy.estimate - weight * off, math.sqrt(variance), on_accuracy.df, on_accuracy.n)


def _noise(v_a: _Number, v_s: _Number, cov: _Number, slope: float) -> _Number:
    """The variance of accuracy - slope x score, points squared, by those of the two and their covariance."""
    return v_a - 2 * slope * cov + slope**2 * v_s


def _signal(s: np.ndarray, v_s: np.ndarray, slope: float, spread2: float) -> np.ndarray:
    """What the squared effects on the score hold of effects on accuracy, nats squared: without their noise, and without
    the candidates' own deviations, which are in the score and not in the accuracy."""
    return np.asarray(np.maximum(s**2 - v_s - spread2 / max(slope**2, 1e-9), 0))


def _error(s: np.ndarray, v_s: np.ndarray, noise: np.ndarray, slope: float, spread2: float) -> float:
    """Of the slope. The noise of the unchanged network, which is in every difference, does not average out."""
    signal = _signal(s, v_s, slope, spread2)
    pull = np.sqrt(signal) * np.sign(s) / (noise + spread2)
    own = float((pull**2 * (noise + spread2)).sum())
    together = _SHARED_NOISE * (float((pull * np.sqrt(noise)).sum()) ** 2 - float((pull**2 * noise).sum()))
    weight = float((signal / (noise + spread2)).sum()) + 1 / SLOPE_VARIES**2
    return math.sqrt((own + max(together, 0.0) + 1 / SLOPE_VARIES**2) / weight**2)


def _line(a: np.ndarray, s: np.ndarray, v_a: np.ndarray, v_s: np.ndarray, cov: np.ndarray) -> tuple[float, float]:
    """Slope and squared spread, in turns: weighted least squares through the origin, its bias by the score's noise and
    deviations taken off (Fuller 1987, section 1.2), and the mean excess of squared residuals; both with their usual
    values."""
    spread2, slope = USUAL_SPREAD**2, USUAL_SLOPE
    for _ in range(20):
        noise = _noise(v_a, v_s, cov, slope) + spread2
        # What stands far off the line only calibrates, and is no witness for it (Huber's weights, squared at 2).
        weight = 1 / np.maximum(noise, (a - slope * s) ** 2 / 4)
        signal = _signal(s, v_s, slope, spread2) * weight
        crossed = np.where(signal > 0, (a * s - cov) * weight, 0)
        slope = (float(crossed.sum()) + USUAL_SLOPE / SLOPE_VARIES**2) / (float(signal.sum()) + 1 / SLOPE_VARIES**2)
        without = _noise(v_a, v_s, cov, slope)
        excess = np.minimum((a - slope * s) ** 2, 4 * (without + spread2)) - without
        spread2 = max(
            (_PRIOR_CANDIDATES * USUAL_SPREAD**2 + float(excess.sum())) / (_PRIOR_CANDIDATES + len(a)),
            USUAL_SPREAD**2,
        )
    return slope, spread2


def _correlation(readings: Sequence[Sequence[Reading]]) -> float:
    """Of the noises within a candidate, over all of them."""
    pairs = [np.array([(r.difference, r.score) for r in of]) for of in readings]
    centred = np.concatenate([pair - pair.mean(axis=0) for pair in pairs])
    sums = (centred[:, 0] * centred[:, 1]).sum(), *(centred**2).sum(axis=0)
    return float(sums[0] / math.sqrt(sums[1] * sums[2])) if sums[1] > 0 and sums[2] > 0 else 0.0


def _scored(readings: Sequence[Reading]) -> bool:
    return all(math.isfinite(reading.score) for reading in readings)


def _scores(readings: Sequence[Reading]) -> list[Reading]:
    return [Reading(reading.score) for reading in readings]


def on_scores(readings: Mapping[str, Sequence[Reading]]) -> dict[str, Estimate]:
    """The effects on the score, nats, of the candidates whose score is known in every block."""
    return estimates({name: _scores(of) for name, of in readings.items() if _scored(of)})
