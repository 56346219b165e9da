"""What a search knows: candidates, the blocks that are asked for and what came of them, what is settled and adopted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from convwise.study.confirmation import Confirmation
from convwise.study.estimates import Estimate, Reading
from convwise.study.ruler import Ruler

Arm = tuple[str, ...]
"""Candidates that are changed together, by name, on top of what was adopted before; () is the unchanged network."""
AGAIN: Arm = ("unchanged again",)
"""The unchanged network a second time, with a seed of its own: the negative control."""
OPEN_FOR_CONTROL = 4
"""Open candidates from which on the unchanged network is trained twice."""
Settled = Literal["keep it", "free choice"]


def together(names: Arm) -> Arm:
    """The candidates that make a network: a later value of a parameter takes the place of an earlier one."""
    last = {name.partition("=")[0]: name for name in names}
    return tuple(last.values())


def with_adopted(base: Arm, adopted: Arm) -> Arm:
    """What is adopted now: of what was before, only parameters without a new value stay."""
    kept = set(together((*base, *adopted)))
    return (*(name for name in base if name in kept), *adopted)


def network_of(base: Arm, arm: Arm) -> Arm:
    """The candidates in the network of an arm, on top of what was adopted."""
    return base if arm == AGAIN else (*base, *arm)


@dataclass(frozen=True)
class Candidate:
    """A value of a parameter that is tried. `cheaper`: it saves time, weights or memory and costs none of them.

    `then`: candidates that enter once this one was adopted, and `otherwise`, once it has turned out to lose.
    """

    name: str
    parameter: str
    cheaper: bool = False
    then: tuple[Candidate, ...] = ()
    otherwise: tuple[Candidate, ...] = ()


@dataclass(frozen=True)
class Round:
    """A block to be carried out: its number in the study, what is adopted, and the arms besides the unchanged."""

    number: int
    stage: Literal["search", "confirm"]
    base: Arm
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Block:
    """What came of a round: a reading for each arm; None where its training failed."""

    readings: Mapping[Arm, Reading | None]


class Budget(Protocol):
    """Time or trainings, in one unit."""

    total: float

    def spent(self) -> float:
        """What is used up."""

    def price(self, arms: Sequence[Arm], base: Arm = ()) -> float:
        """Of a block with these arms and the unchanged network, all on top of what was adopted."""


@dataclass(frozen=True)
class Finding:
    """What is known of a candidate. `settled` after so many blocks by the interval that is shown, or not yet."""

    candidate: Candidate
    readings: tuple[Reading, ...] = ()
    failures: int = 0
    settled: Settled | None = None
    estimate: Estimate | None = None
    interval: tuple[float, float] | None = None
    base: Arm = ()

    @property
    def worth(self) -> float:
        """What the dearest of its images is worth; nothing finer than that can be told apart."""
        return max((reading.worth for reading in self.readings), default=0.0)


@dataclass
class State:
    """A study as far as it has come. `superseded`: adopted once, until a further value of the parameter took over."""

    findings: dict[str, Finding]
    base: Arm = ()
    superseded: Arm = ()
    control: list[Reading] = field(default_factory=list)
    confirmations: list[Confirmation] = field(default_factory=list)
    ruler: Ruler | None = None
    level: float = 0.025
    n_blocks: int = 0
    not_tried: list[Candidate] = field(default_factory=list)

    @property
    def open(self) -> list[Finding]:
        """What is neither settled nor adopted."""
        adopted = {*self.base, *self.superseded}
        return [each for each in self.findings.values() if not each.settled and each.candidate.name not in adopted]
