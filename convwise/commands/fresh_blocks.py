"""What each fresh block of a study's confirmations said, from the answers in its journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from convwise.errors import RequestError
from convwise.images.groups import grouped
from convwise.images.prepare import index_folder
from convwise.report.study_records import FreshBlock, FreshRound
from convwise.study.folder import StudyFolder
from convwise.study.measures import Judged, Scores, reading
from convwise.study.request import Request
from convwise.study.result import ConfirmationResult
from convwise.study.state import Arm, with_adopted
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Outcome, unpacked


def fresh_rounds(
    folder: StudyFolder, request: Request, confirmations: Sequence[ConfirmationResult]
) -> tuple[FreshRound, ...]:
    """Each round of confirmation, block by block.

    A fresh block is one that looked at the test images; between two rounds there is a block of the search. Raises
    RequestError where that cannot be known, or the pictures are not as they were.
    """
    if not confirmations:
        return ()
    outcomes = folder.outcomes()
    fresh = sorted({int(key.partition("/")[0]) for key, outcome in outcomes.items() if outcome.test_answers})
    if not fresh:
        raise RequestError("without test images the journal does not say which blocks were fresh")
    rounds = _consecutive(fresh)
    if len(rounds) != len(confirmations):
        raise RequestError("the journal does not hold every block of the confirmations")
    runner = without_pixels(request)
    base: Arm = ()
    found = []
    for numbers, confirmation in zip(rounds, confirmations, strict=True):
        arms = tuple(arm.names for arm in confirmation.arms)
        blocks = (_block(runner, request, outcomes, number, base, arms) for number in numbers)
        found.append(FreshRound(arms, tuple(blocks)))
        base = with_adopted(base, confirmation.adopted)
    return tuple(found)


def _consecutive(numbers: Sequence[int]) -> list[list[int]]:
    """`[3, 4, 8]` -> `[[3, 4], [8]]`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def without_pixels(request: Request) -> TrialRunner:
    """Knows which images judge in which block, and trains nothing. Raises RequestError where they have changed."""
    spec = request.spec
    index = index_folder(
        spec.folder, classes=spec.classes, exclude=spec.exclude, copies=spec.copies, rules=spec.reading
    )
    if spec.group_by is not None:
        index = grouped(index, spec.group_by)
    return TrialRunner.of(spec, index, np.empty(0, np.uint8))


def _block(
    runner: TrialRunner,
    request: Request,
    outcomes: Mapping[str, Outcome],
    number: int,
    base: Arm,
    arms: Sequence[Arm],
) -> FreshBlock:
    """Every arm of the block minus the unchanged network; an arm that was not trained in it is left out."""
    index = runner.index
    judged = Judged(index.labels[runner.fold(number).validation], len(index.class_names))
    metric: Any = request.metric

    def scores(names: Arm) -> Scores | None:
        outcome = outcomes.get(f"{number}/{' + '.join(names) or 'unchanged'}")
        if outcome is None or outcome.status == "failed":
            return None
        return Scores.of(unpacked(outcome.answers, len(judged.labels), judged.n_classes), judged.labels)

    own = scores(base)
    if own is None:
        raise RequestError(f"the journal does not hold the unchanged network of block {number + 1}")
    differences: dict[Arm, float | None] = {}
    for arm in arms:
        key = f"{number}/{' + '.join((*base, *arm))}"
        if key in outcomes:
            other = scores((*base, *arm))
            differences[arm] = reading(other, [own], judged, metric).difference if other else None
    return FreshBlock(number, differences)
