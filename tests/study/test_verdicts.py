"""Verdicts: by intervals and equivalence, never by the mere absence of significance."""

from __future__ import annotations

import dataclasses

import pytest

from convwise.study.effects import Effect
from convwise.study.verdicts import Costs, Kind, decide, on_log_loss


def effect(estimate: float, error: float, df: int = 31) -> Effect:
    alone, joint = 2.04 * error, 3.18 * error
    return Effect(
        "padding", estimate, estimate - alone, estimate + alone, estimate - joint, estimate + joint, 64, error, df
    )


@pytest.mark.parametrize(
    ("estimate", "error", "costs", "kind", "value"),
    [
        (3.0, 0.5, Costs(), "set it", "valid"),
        (0.8, 0.1, Costs(), "keep it", "same"),  # certain and too small to matter
        (1.2, 0.5, Costs(), "undecided", "same"),  # large enough and not certain
        (-2.0, 0.5, Costs(), "keep it", "same"),  # worse
        (0.0, 0.3, Costs(), "keep it", "same"),  # equivalent, and nothing gained
        (0.0, 0.3, Costs(seconds=0.7), "free choice", "valid"),  # equivalent and cheaper
        (0.0, 0.3, Costs(0.7, seconds_low=0.6, seconds_high=0.8), "free choice", "valid"),
        (0.0, 0.3, Costs(0.7, seconds_low=0.4, seconds_high=1.1), "keep it", "same"),  # the time may be the same
        (0.0, 0.3, Costs(0.9, 0.6, seconds_low=0.7, seconds_high=1.1), "free choice", "valid"),  # the weights are not
        (0.0, 0.3, Costs(1.2, 0.6, seconds_low=0.9, seconds_high=1.6), "keep it", "same"),  # it may take longer
        (0.0, 0.3, Costs(seconds=0.7, weights=1.4), "keep it", "same"),  # cheaper in one thing, dearer in another
        (-0.9, 0.3, Costs(seconds=0.7), "keep it", "same"),  # cheaper, but a loss is not excluded
        (0.0, 1.0, Costs(seconds=0.7), "undecided", "same"),  # not significant is not equivalent
    ],
)
def test_the_verdict_follows_from_the_intervals(
    estimate: float, error: float, costs: Costs, kind: str, value: str
) -> None:
    verdict = decide(
        effect(estimate, error), own="same", alternative="valid", costs=costs, smallest_effect=1.0, n_trials=64
    )
    assert (verdict.kind, verdict.value) == (kind, value)
    assert verdict.why
    assert (verdict.more_runs is not None) == (kind == "undecided")


def test_the_runs_that_would_settle_it_grow_with_the_square_of_the_error() -> None:
    few, many = (
        decide(effect(0.0, error), own="a", alternative="b", costs=Costs(), smallest_effect=1.0, n_trials=64).more_runs
        for error in (0.7, 1.4)
    )
    assert few is not None
    assert many is not None
    assert (many + 64) / (few + 64) == pytest.approx(4, rel=0.02)


def test_the_json_has_the_promised_keys() -> None:
    verdict = decide(effect(3, 0.5), own="a", alternative="b", costs=Costs(), smallest_effect=1.0, n_trials=64)
    assert {"parameter", "verdict", "value", "effect", "costs", "why"} <= verdict.to_dict().keys()
    assert {"estimate", "low", "high"} <= verdict.to_dict()["effect"].keys()


@pytest.mark.parametrize(
    ("estimate", "kind", "log_loss", "word"),
    [
        (1.2, "undecided", -0.05, "significantly better log loss: -0.050 (-0.070 to -0.030)"),
        (0.0, "keep it", 0.05, "significantly worse log loss"),
        (1.2, "undecided", -0.02, ""),  # not significant
        (3.0, "set it", -0.05, ""),  # nothing new
        (-2.0, "keep it", 0.05, ""),
        (3.0, "set it", 0.05, "significantly worse log loss"),  # they disagree
        (-2.0, "keep it", -0.05, "significantly better log loss"),
    ],
)
def test_the_log_loss_is_told_where_it_says_more_and_decides_nothing(
    estimate: float, kind: Kind, log_loss: float, word: str
) -> None:
    costs = Costs()
    error = 0.3 if kind == "keep it" else 0.5
    decided = decide(effect(estimate, error), own="a", alternative="b", costs=costs, smallest_effect=1.0, n_trials=64)
    told = on_log_loss(decided, effect(log_loss, 0.01))
    assert told.kind == decided.kind == kind
    assert dataclasses.replace(told, log_loss=None, why="") == dataclasses.replace(decided, why="")
    assert told.to_dict()["log_loss"]["estimate"] == log_loss
    assert (word in told.why) if word else (told.why == decided.why)
