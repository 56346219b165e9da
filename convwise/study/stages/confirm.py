"""The confirmation: what is proposed against the unchanged network, trained in full, once on the test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convwise.errors import ConvwiseError
from convwise.names import counted
from convwise.study.assessment import Assessment
from convwise.study.factors import Level
from convwise.study.paired import Difference, over_seeds, over_seeds_and_images
from convwise.study.plan import PAIRS, Plan
from convwise.study.stages.work import Work, trial_with
from convwise.study.trials import Outcome


def confirm(work: Work, plan: Plan, assessment: Assessment, levels: Mapping[str, Level]) -> dict[str, Any] | None:
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
            trial_with(block, {}, plan.full_epochs, on_test=True),
            trial_with(block, levels, plan.full_epochs, on_test=True),
        ]
    outcomes = work.carried_out("confirm", pairs)
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
    bound = 0.0 if any_set else -work.request.smallest_effect
    test = _on_test(finished)

    def mean(side: int, name: str) -> float:
        return float(np.mean([getattr(pair[side], name) or 0.0 for pair in finished]))

    return {
        "validation": validation.to_dict(),
        "test": test.to_dict() if test else None,
        "confirmed": bool(validation.low > bound),
        "sought": "a gain" if any_set else f"no loss of {counted(work.request.smallest_effect, 'point')}",
        "pairs": len(finished),
        "validation_accuracy": {"start": mean(0, "accuracy"), "proposed": mean(1, "accuracy")},
        "test_accuracy": {"start": _test_accuracy(finished, 0), "proposed": _test_accuracy(finished, 1)},
        "seconds_per_image": {"start": mean(0, "seconds_per_image"), "proposed": mean(1, "seconds_per_image")},
        "weights": {"start": mean(0, "weights"), "proposed": mean(1, "weights")},
    }


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
