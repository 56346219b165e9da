"""A study's result: for each parameter a verdict with its reason as values, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.files import to_plain
from convwise.names import counted
from convwise.records import record_of

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


@dataclass(frozen=True)
class Interval:
    """An effect with its limits, points (of log loss: nats, less loss counted as a gain), from `blocks` blocks."""

    estimate: float
    low: float
    high: float
    blocks: int


@dataclass(frozen=True)
class Costs:
    """Ratios to the unchanged network, 1 where it is the same. `seconds` of training, measured; None before that."""

    seconds: float | None = None
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0


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


@dataclass(frozen=True)
class Reason:
    """Why: its kind, a rule's or failure's `text`, and how many more blocks would settle it (None: out of reach)."""

    kind: ReasonKind
    text: str = ""
    more_blocks: int | None = None


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


@dataclass(frozen=True)
class TestResult:
    """The one look at the test images: mean accuracy, percent, of the unchanged and of the recommended network."""

    n_images: int
    unchanged: float
    recommended: float
    trainings: int


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
    size: int | str
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
        try:
            parse_settings(self.recommended_settings)
        except RequestError as problem:
            raise RequestError(f"recommended_settings: {problem}") from None

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
