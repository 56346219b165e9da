"""A case: what the JavaScript engine is asked, and the check of its answer. The table of all cases is plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Check = Callable[[Any], None]


@dataclass(frozen=True)
class Case:
    """`asked` travels to the engine as JSON; `check` raises AssertionError for a wrong answer."""

    asked: dict[str, Any]
    check: Check


def equal(expected: Any) -> Check:
    """The answer is the same JSON value."""

    def check(answer: Any) -> None:
        assert answer == expected

    return check


def close(expected: Sequence[float], tolerance: float) -> Check:
    """Each number differs by at most `tolerance` of the largest one, or of 1."""

    def check(answer: Any) -> None:
        wanted = np.asarray(expected, float)
        assert len(answer) == len(wanted)
        found = np.asarray(answer, float)
        assert np.isfinite(found).all()
        worst = float(np.abs(found - wanted).max(initial=0)) / max(1.0, float(np.abs(wanted).max(initial=0)))
        assert worst <= tolerance, f"off by {worst:.2g}"

    return check


def check_all(cases: Sequence[Case], answers: Sequence[Any]) -> None:
    """Checks every answer; a failure shows the case's own words."""
    assert len(answers) == len(cases)
    for case, answer in zip(cases, answers, strict=True):
        try:
            case.check(answer)
        except AssertionError as problem:
            asked = {key: value for key, value in case.asked.items() if key not in ("inputs", "weights", "numbers")}
            raise AssertionError(f"{asked}: {problem}; answer {str(answer)[:500]}") from None
