"""Effects as they are judged and shown: by the metric itself, sharpened by the score where that has shown its use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from convwise.study.estimates import Estimate, Reading, estimates
from convwise.study.ruler import Ruler, measured, on_scores


def weighed(
    readings: Mapping[str, Sequence[Reading]], ruler: Ruler | None, *, lent: Sequence[float] = ()
) -> dict[str, Estimate]:
    """The effect of each candidate that has two readings or more. `lent`: see `estimates`."""
    found = estimates(readings, lent=lent)
    if ruler is None:
        return found
    by_score = on_scores(readings)
    return {
        name: measured(ruler, estimate, by_score[name]) if name in by_score else estimate
        for name, estimate in found.items()
    }
