"""A study that goes on, read from its folder: the blocks with their trainings, and what they say so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convwise.commands.fresh_blocks import without_pixels
from convwise.errors import ConvwiseError
from convwise.study.folder import StudyFolder
from convwise.study.request import Request
from convwise.study.result import StudyResult
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Outcome


@dataclass(frozen=True)
class BlockSoFar:
    """The trainings of a block that are on record, by the changes in them; `fresh`: they looked at the test images."""

    number: int
    done: tuple[str, ...]
    failed: tuple[str, ...]
    seconds: float
    fresh: bool


@dataclass(frozen=True, eq=False)
class StudySoFar:
    """What is on record of a study. `result` is None where nothing can be said yet, for the reason in `why_not`."""

    request: Request
    planned: str
    blocks: tuple[BlockSoFar, ...]
    result: StudyResult | None
    why_not: str = ""


class Watch:
    """Reads one study again and again; its pictures are looked through once."""

    def __init__(self, folder: StudyFolder) -> None:
        self._folder = folder
        self._runner: TrialRunner | None = None

    def read(self) -> StudySoFar:
        """The study as it is now. Raises RequestError where what decides it cannot be read."""
        request, plan = self._folder.request, self._folder.plan
        if plan is None:
            return StudySoFar(request, "", (), None, "a few steps of training are being timed")
        blocks = blocks_of(self._folder.outcomes(), plan.epochs)
        planned = plan.sentence(request)
        if not blocks:
            return StudySoFar(request, planned, blocks, None, "no training has ended yet")
        from convwise.study.so_far import result_so_far  # with SciPy's statistics, which take a second

        try:
            self._runner = self._runner or without_pixels(request)
            result = result_so_far(self._folder, request, plan, self._runner)
        except ConvwiseError as problem:
            return StudySoFar(request, planned, blocks, None, str(problem))
        return StudySoFar(request, planned, blocks, result, "" if result else "the first block is not whole yet")


def blocks_of(outcomes: Mapping[str, Outcome], epochs: int | None) -> tuple[BlockSoFar, ...]:
    """The blocks in their order: those of whole trainings, or of the short ones of so many epochs."""
    short = f"{epochs} epochs/" if epochs else ""
    found: dict[int, list[tuple[str, Outcome]]] = {}
    for key, outcome in outcomes.items():
        number, _, names = key.removeprefix(short).partition("/")
        if key.startswith(short) and number.isdecimal():
            found.setdefault(int(number), []).append((names, outcome))
    return tuple(
        BlockSoFar(
            number,
            tuple(names for names, outcome in trained if outcome.status == "done"),
            tuple(names for names, outcome in trained if outcome.status == "failed"),
            sum(outcome.seconds for _, outcome in trained),
            any(outcome.test_answers for _, outcome in trained),
        )
        for number, trained in sorted(found.items())
    )
