"""What is known of a study besides its result, as plain records: all that its page says is made of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from convwise.study.result import StudyResult


@dataclass(frozen=True)
class FreshBlock:
    """The differences of one block of a confirmation, by the changes that were trained together; None: it failed."""

    number: int
    differences: Mapping[tuple[str, ...], float | None]


@dataclass(frozen=True)
class FreshRound:
    """A round of confirmation, block by block."""

    arms: tuple[tuple[str, ...], ...]
    blocks: tuple[FreshBlock, ...]


@dataclass(frozen=True)
class Bought:
    """What was asked, planned and done: `minutes` or `runs` is the budget; seconds as the plan expected them."""

    minutes: float | None
    runs: int | None
    workers: int
    per_block: int
    training_seconds: float | None
    block_seconds: float | None
    blocks_planned: int | None


@dataclass(frozen=True)
class StudyRecords:
    """A finished study.

    `fresh` has an entry for each round of confirmation; where they are not known, `why_no_fresh` says why. `values`
    are the values that could be tried, by parameter, in their order.
    """

    name: str
    result: StudyResult
    bought: Bought
    command: str
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fresh: tuple[FreshRound, ...] = ()
    why_no_fresh: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    ended: str = ""
