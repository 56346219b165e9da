"""Studies of format 2, which measured short trainings of many changes at once: they are shown and trained from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from convwise.conv2d import PARAMETERS, parse_settings
from convwise.errors import RequestError
from convwise.records import convert, record_of
from convwise.runs.settings import Subject


class SavedEffect(TypedDict):
    """Points of accuracy, or nats, with the 95 % interval."""

    estimate: float
    low: float
    high: float


class SavedDifference(TypedDict):
    """Of pairs; too few have no interval."""

    estimate: float
    low: float | None
    high: float | None


class _MeasuredTime(TypedDict, total=False):
    seconds_low: float | None
    seconds_high: float | None


class SavedCosts(_MeasuredTime):
    """Ratios to the network's own."""

    seconds: float
    weights: float
    memory: float


class _Longer(TypedDict, total=False):
    more_runs: int | None


class SavedVerdict(_Longer):
    """What to do with a parameter, and why."""

    parameter: str
    verdict: Literal["set it", "keep it", "free choice", "undecided", "settled by rule"]
    value: str
    effect: SavedEffect | None
    costs: SavedCosts | None
    why: str


class _Ended(TypedDict, total=False):
    no_time: bool


class SavedRace(_Ended):
    """A level that was raced."""

    parameter: str
    value: str
    taken: bool
    difference: SavedDifference | None


class SavedCheck(TypedDict):
    """A change that was taken back to see whether it is needed."""

    parameter: str
    taken_back: bool
    difference: SavedDifference | None


class StartAndProposed(TypedDict):
    """The starting network's mean and the proposed one's."""

    start: float
    proposed: float


class StartAndProposedIfTested(TypedDict):
    """The same, where there are test images."""

    start: float | None
    proposed: float | None


class SavedConfirmation(TypedDict):
    """The proposed settings against the starting network."""

    validation: SavedDifference
    test: SavedDifference | None
    confirmed: bool
    sought: str
    pairs: int
    test_accuracy: StartAndProposedIfTested
    seconds_per_image: StartAndProposed
    weights: StartAndProposed


class SavedFailure(TypedDict):
    """A trial that came to nothing."""

    key: str
    reason: str


class _Later(TypedDict, total=False):
    checks: list[SavedCheck]
    proposed_settings: list[str]


class SavedResult(_Later):
    """result.json. Further keys are kept as they are."""

    smallest_effect: float
    verdicts: list[SavedVerdict]
    recommended_settings: list[str]
    proposed: dict[str, str]
    confirmation: SavedConfirmation | None
    race: list[SavedRace]
    interactions: list[str]
    deviation: float
    alternatives: dict[str, str]
    trials: int
    failures: list[SavedFailure]
    seconds: float


def read_result(values: Any) -> dict[str, Any]:
    """The result, checked. Raises RequestError, naming the key."""
    result: dict[str, Any] = convert(values, SavedResult)
    for i, verdict in enumerate(result["verdicts"]):
        if verdict["parameter"] not in PARAMETERS:
            raise RequestError(f"verdicts[{i}].parameter={verdict['parameter']}: Conv2D has no such parameter")
    for name in ("recommended_settings", "proposed_settings"):
        try:
            parse_settings(result.get(name, ()))
        except RequestError as problem:
            raise RequestError(f"{name}: {problem}") from None
    found = result["confirmation"]
    if found and found["test"] and None in found["test_accuracy"].values():
        raise RequestError("confirmation.test_accuracy: it must hold two numbers, as there are test images")
    return result


@dataclass(frozen=True)
class OldSubject(Subject):
    """What such a study worked on; `seed` is the root of its randomness."""

    seed: int


def is_old(study: Any) -> bool:
    """Whether the values of a study.json are of that format."""
    return isinstance(study, Mapping) and "bench" in study


def old_subject(study: Mapping[str, Any]) -> OldSubject:
    """What it worked on. Raises RequestError, naming the key."""
    return record_of(OldSubject, study["bench"])
