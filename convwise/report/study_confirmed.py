"""What fresh blocks confirmed, block by block, and the negative control, as rows on an axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convwise.names import counted
from convwise.report.study_axis import Axis
from convwise.report.study_marks import CONFIRMED, NOT_CONFIRMED, Mark, mark_of
from convwise.report.study_records import FreshRound, StudyRecords
from convwise.report.study_tables import effect_cell, fresh_table
from convwise.report.study_words import confirmation_lines
from convwise.report.table import Cell, Table
from convwise.study.result import ConfirmationResult, StudyResult

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class ArmView:
    """Changes that were trained together, as a row."""

    name: str
    axis: Markup
    mark: Mark
    effect: Cell


@dataclass(frozen=True)
class RoundView:
    """A round of confirmation; `lines` are about several changes together.

    `table` has a row for each block; it is None where these are not known.
    """

    title: str
    lines: tuple[str, ...]
    axis: Axis
    arms: tuple[ArmView, ...]
    table: Table | None
    chance: str


def rounds(records: StudyRecords) -> tuple[RoundView, ...]:
    """Every round, in order."""
    result = records.result
    fresh: list[FreshRound | None] = [*records.fresh]
    fresh += [None] * (len(result.confirmations) - len(fresh))
    return tuple(
        _round(number, each, found, result)
        for number, (each, found) in enumerate(zip(result.confirmations, fresh, strict=False), 1)
    )


def _round(number: int, confirmation: ConfirmationResult, fresh: FreshRound | None, result: StudyResult) -> RoundView:
    dots = {arm.names: _differences(fresh, arm.names) for arm in confirmation.arms}
    every = [value for values in dots.values() for value in values]
    axis = Axis.of([arm.effect for arm in confirmation.arms], result.smallest_effect, every)
    arms = tuple(
        ArmView(
            name=" + ".join(arm.names),
            axis=axis.row(arm.effect, CONFIRMED if arm.passed else NOT_CONFIRMED, dots=dots[arm.names]),
            mark=CONFIRMED if arm.passed else NOT_CONFIRMED,
            effect=effect_cell(arm.effect, result),
        )
        for arm in confirmation.arms
    )
    n = sum(arm.passed for arm in confirmation.arms)
    title = f"Round {number}: {n} of {counted(len(arms), 'change')} confirmed"
    table = fresh_table(fresh, result) if fresh else None
    said = zip(confirmation_lines(number, confirmation, result), confirmation.arms, strict=True)
    lines = tuple(line for line, arm in said if len(arm.names) > 1)  # of one change alone the row says all
    return RoundView(title, lines, axis, arms, table, f"{100 * confirmation.chance:g} %")


def _differences(fresh: FreshRound | None, arm: tuple[str, ...]) -> list[float]:
    if fresh is None:
        return []
    return [value for block in fresh.blocks if (value := block.differences.get(arm)) is not None]


def control_row(result: StudyResult, axis: Axis) -> ArmView | None:
    """The unchanged network against itself, on the axis of all values; None where it was not trained."""
    if result.control is None:
        return None
    mark = mark_of(None, result.control)
    return ArmView("the unchanged network against itself", axis.row(result.control, mark), mark,
                   effect_cell(result.control, result))  # fmt: skip
