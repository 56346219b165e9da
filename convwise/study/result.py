"""A study's result: for each parameter a verdict with its reason as values, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from convwise import checks
from convwise.errors import RequestError
from convwise.files import to_plain
from convwise.names import counted
from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.record_checks import MOST
from convwise.study.request import METRICS

Kind = Literal["set it", "keep it", "free choice", "early only", "undecided", "settled by rule"]
ReasonKind = Literal[
    "confirmed",  # fresh whole trainings showed the gain
    "loses",  # the interval lies below zero
    "no gain",  # a gain worth having is excluded
    "equal",  # within the smallest effect
    "equal and cheaper",
    "fails",  # its trainings failed
    "rule",  # mathematics, or what the network allows
    "early only",  # short trainings showed a gain, whole ones do not
    "open",  # the interval holds both
    "not confirmed",  # fresh whole trainings did not show the gain
    "quick look",  # too little time for whole trainings
    "too few images",  # one image is worth more than the smallest effect
]
_KINDS: Mapping[ReasonKind, tuple[Kind, ...]] = {
    "confirmed": ("set it",),
    "loses": ("keep it",),
    "no gain": ("keep it",),
    "equal": ("free choice",),
    "equal and cheaper": ("free choice",),
    "fails": ("keep it", "undecided"),
    "rule": ("settled by rule",),
    "early only": ("early only",),
    "open": ("undecided",),
    "not confirmed": ("undecided",),
    "quick look": ("undecided",),
    "too few images": ("undecided",),
}
_MEASURED: tuple[ReasonKind, ...] = ("loses", "no gain", "equal", "equal and cheaper", "early only")


@dataclass(frozen=True)
class Interval:
    """An effect with its limits, points (of log loss: nats, less loss counted as a gain), from `blocks` blocks."""

    estimate: float
    low: float
    high: float
    blocks: int

    def __post_init__(self) -> None:
        for name in ("estimate", "low", "high"):
            checks.number(name, getattr(self, name), -MOST, MOST)
        record_checks.counts(self, 1, "blocks")
        if not self.low <= self.estimate <= self.high:
            raise RequestError(f"estimate={self.estimate}: it must lie from low={self.low} to high={self.high}")


@dataclass(frozen=True)
class Costs:
    """Ratios to the unchanged network, 1 where it is the same. `seconds` of training, measured; None before that."""

    seconds: float | None = None
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0

    def __post_init__(self) -> None:
        record_checks.numbers(self, 0, "seconds", "weights", "multiply_adds", "memory")


@dataclass(frozen=True)
class LevelResult:
    """What is known of one value of a parameter: the interval that decides, on top of the adopted changes `after`."""

    name: str
    value: str
    settings: tuple[str, ...]
    changes: Mapping[str, Any]
    verdict: Kind
    effect: Interval | None
    costs: Costs
    failures: int = 0
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        record_checks.settings("settings", self.settings)
        record_checks.changes("changes", self.changes)
        record_checks.counts(self, 0, "failures")


@dataclass(frozen=True)
class Reason:
    """Why: its kind, a rule's or failure's `text`, and how many more blocks would settle it (None: out of reach)."""

    kind: ReasonKind
    text: str = ""
    more_blocks: int | None = None

    def __post_init__(self) -> None:
        record_checks.counts(self, 1, "more_blocks")


@dataclass(frozen=True)
class Verdict:
    """What to do with a parameter: `value` is the one to take, `own` the network's.

    `tried`: the value that the verdict, its interval and its reason speak of; further ones that were tried: `levels`.
    """

    parameter: str
    kind: Kind
    own: str
    value: str
    reason: Reason
    tried: LevelResult | None = None
    levels: tuple[LevelResult, ...] = ()

    def __post_init__(self) -> None:
        record_checks.parameter("parameter", self.parameter)
        if self.kind not in _KINDS[self.reason.kind]:
            kinds = " or ".join(_KINDS[self.reason.kind])
            raise RequestError(f"kind={self.kind}: with reason.kind={self.reason.kind} it is {kinds}")
        if (self.tried is None) != (self.kind == "settled by rule"):
            raise RequestError(f"tried: with kind={self.kind} {'nothing' if self.tried else 'some value'} was tried")
        if self.reason.kind in _MEASURED and self.tried and self.tried.effect is None:
            raise RequestError(f"tried.effect: it is missing; reason.kind={self.reason.kind} speaks of it")


@dataclass(frozen=True)
class ConfirmedArm:
    """Changes by name that were trained together in fresh blocks, and whether their gain was confirmed."""

    names: tuple[str, ...]
    effect: Interval
    passed: bool


@dataclass(frozen=True)
class ConfirmationResult:
    """One round of fresh blocks; `chance` of any wrong confirmation in it."""

    arms: tuple[ConfirmedArm, ...]
    adopted: tuple[str, ...]
    chance: float

    def __post_init__(self) -> None:
        checks.number("chance", self.chance, 0, 1)


@dataclass(frozen=True)
class TestResult:
    """The one look at the test images: mean accuracy, percent, of the unchanged and of the recommended network."""

    n_images: int
    unchanged: float
    recommended: float
    trainings: int

    def __post_init__(self) -> None:
        record_checks.counts(self, 1, "n_images", "trainings")
        for name in ("unchanged", "recommended"):
            checks.number(name, getattr(self, name), 0, 100)


@dataclass(frozen=True)
class StudyResult:
    """All of `result.json`.

    `level`: the one-sided chance of each limit to be wrong. `unchanged`: the metric's mean for the unchanged network.
    `control`: the unchanged network against itself under another seed. `ruler`: points of accuracy per nat of score.
    `judged`: images a block. `quick`: the trainings were short, and there are no verdicts. `sentence`: what the time
    bought, to be said first.
    """

    data: str
    net: str
    size: int
    metric: str
    smallest_effect: float
    level: float
    epochs: int
    blocks: int
    trainings: int
    judged: int
    pool: int
    unchanged: float
    unchanged_errors: float
    verdicts: tuple[Verdict, ...]
    recommended: tuple[str, ...]
    recommended_settings: tuple[str, ...]
    recommended_changes: Mapping[str, Any]
    confirmations: tuple[ConfirmationResult, ...]
    control: Interval | None
    ruler: float | None
    test: TestResult | None
    failures: tuple[tuple[str, str], ...]
    sentence: str
    seconds: float
    quick: bool = False
    folder: Path | None = field(default=None, compare=False)
    minutes_needed: float | None = None
    reach: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checks.choice("metric", self.metric, METRICS)
        checks.number("smallest_effect", self.smallest_effect, 1e-9, 100)
        checks.number("level", self.level, 1e-9, 0.5)
        record_checks.counts(self, 1, "size", "epochs", "blocks", "trainings", "judged", "pool")
        record_checks.numbers(self, 0, "unchanged", "unchanged_errors", "seconds", "minutes_needed")
        if self.ruler is not None:
            checks.number("ruler", self.ruler, -MOST, MOST)
        parameters = [verdict.parameter for verdict in self.verdicts]
        if len(set(parameters)) < len(parameters):
            raise RequestError(f"verdicts: one for each parameter, not {', '.join(parameters)}")
        set_to = {
            level.name
            for verdict in self.verdicts
            for level in (verdict.tried, *verdict.levels)
            if level and level.verdict == "set it"
        }
        for name in self.recommended:
            if name not in set_to:
                raise RequestError(f"recommended: {name}: no verdict sets it")
        record_checks.settings("recommended_settings", self.recommended_settings)
        record_checks.changes("recommended_changes", self.recommended_changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; not the folder, in which they lie."""
        values = dict(to_plain(asdict(self)))
        del values["folder"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> StudyResult:
        """The inverse of `to_dict`. Raises RequestError, naming the key."""
        return record_of(cls, values)

    @property
    def settings(self) -> tuple[str, ...]:
        """What is recommended, as texts of `--set`; empty where the unchanged network stands."""
        return self.recommended_settings

    def __repr__(self) -> str:
        return f"<StudyResult {self.folder}: {' '.join(self.recommended) or 'the unchanged network'}>"

    def __str__(self) -> str:
        recommended = " ".join(self.recommended) or "the unchanged network"
        done = f"{counted(self.trainings, 'training')} in {self.seconds:.0f} s"
        return f"recommended: {recommended}\n{done}\nstudy: {self.folder}"

    def of(self, parameter: str) -> Verdict:
        """The verdict on that parameter. Raises KeyError."""
        return {verdict.parameter: verdict for verdict in self.verdicts}[parameter]
