"""The command that asks a study again."""

from __future__ import annotations

import math
from typing import Any

from convwise.conv2d import PARAMETERS
from convwise.runs.again import joined, study_options
from convwise.study.asked import VALIDATION
from convwise.study.request import Request


def study_again(request: Request) -> str:
    """`convwise study ...` as a shell takes it; values in place of the usual ones are not in it, nor the machine's.

    The number of trainings at a time decides no result of a study that counts trainings.
    """
    spec = request.spec
    options: dict[str, Any] = study_options(spec)
    if not math.isclose(spec.validation, VALIDATION):
        options["validation"] = spec.validation
    studied = [*(each.parameter for each in request.factors), *(each.parameter for each in request.settled)]
    bases = {name.partition("@")[0] for name in studied}
    options["by_stage"] = any("@" in name for name in studied)
    options["parameters"] = ",".join(sorted(bases, key=_order)) if bases != set(PARAMETERS) else None
    options["metric"] = request.metric  # the usual one hangs on the pictures
    options["smallest_effect"] = f"{request.smallest_effect:g}" if request.smallest_effect != 1 else None
    options["minutes"] = f"{request.minutes:g}" if request.minutes is not None else None
    options["runs"] = request.runs
    return joined("study", options)


def _order(name: str) -> tuple[int, str]:
    """Conv2D's parameters in their order, then others by name."""
    return (PARAMETERS.index(name) if name in PARAMETERS else len(PARAMETERS), name)
