"""A verdict on one parameter, with the value that it speaks of, its interval, its costs and its reason as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from convwise import checks
from convwise.errors import RequestError
from convwise.study import record_checks
from convwise.study.record_checks import MOST

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
KINDS: Mapping[ReasonKind, tuple[Kind, ...]] = {
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
"""The verdicts that a reason gives."""
_MEASURED: tuple[ReasonKind, ...] = ("loses", "no gain", "equal", "equal and cheaper", "early only")


@dataclass(frozen=True)
class Interval:
    """An effect with its limits.

    Attributes:
        estimate: Points; of log loss nats, where less loss counts as a gain.
        low: The lower limit.
        high: The upper limit.
        blocks: Number of blocks that it is from.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import Interval
        >>> Interval(1.5, 0.4, 2.6, blocks=9).low > 0
        True
    """

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
    """What a change costs, as ratios to the unchanged network.

    Attributes:
        seconds: Of training, measured; None before that.
        weights: Of the number of weights.
        multiply_adds: Of the arithmetic for one image.
        memory: Of the bytes of a training step.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import Costs
        >>> Costs(seconds=0.8, weights=0.5).multiply_adds
        1.0
    """

    seconds: float | None = None
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0

    def __post_init__(self) -> None:
        record_checks.numbers(self, 0, "seconds", "weights", "multiply_adds", "memory")


@dataclass(frozen=True)
class LevelResult:
    """What is known of one value of a parameter.

    Attributes:
        name: Parameter and value, such as "kernel_size=5".
        value: The value as a text.
        settings: The texts of `--set` that make it.
        changes: What it changes in the recipe, by field.
        verdict: What whole trainings say of it.
        effect: The interval that decides; None where there is none.
        costs: Ratios to the unchanged network.
        failures: Number of its trainings that failed.
        after: The adopted changes on top of which it was tried.
        other_images: The effect for other images like these; None where no image judged it twice.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import Costs, LevelResult
        >>> LevelResult("groups=2", "2", ("conv.groups=2",), {}, "undecided", None, Costs()).failures
        0
    """

    name: str
    value: str
    settings: tuple[str, ...]
    changes: Mapping[str, Any]
    verdict: Kind
    effect: Interval | None
    costs: Costs
    failures: int = 0
    after: tuple[str, ...] = ()
    other_images: Interval | None = None

    def __post_init__(self) -> None:
        record_checks.settings("settings", self.settings)
        record_checks.changes("changes", self.changes)
        record_checks.counts(self, 0, "failures")


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is.

    Attributes:
        kind: What kind of reason.
        text: A rule's or a failure's own words.
        more_blocks: How many more blocks would settle it; None where that is out of reach or it is settled.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import Reason
        >>> Reason("open", more_blocks=14).more_blocks
        14
    """

    kind: ReasonKind
    text: str = ""
    more_blocks: int | None = None

    def __post_init__(self) -> None:
        record_checks.counts(self, 1, "more_blocks")


@dataclass(frozen=True)
class Verdict:
    """What to do with a parameter.

    Attributes:
        parameter: Its name; of a stage alone "filters@stage1".
        kind: What to do.
        own: The network's own value.
        value: The value to take.
        reason: Why.
        tried: The value that kind, interval and reason speak of; None where a rule settles the parameter.
        levels: Further values that were tried.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import Reason, Verdict
        >>> why = Reason("rule", "batch normalisation cancels a bias")
        >>> Verdict("use_bias", "settled by rule", "false", "false", why).reason.kind
        'rule'
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
        if self.kind not in KINDS[self.reason.kind]:
            kinds = " or ".join(KINDS[self.reason.kind])
            raise RequestError(f"kind={self.kind}: with reason.kind={self.reason.kind} it is {kinds}")
        if (self.tried is None) != (self.kind == "settled by rule"):
            raise RequestError(f"tried: with kind={self.kind} {'nothing' if self.tried else 'some value'} was tried")
        if self.reason.kind in _MEASURED and self.tried and self.tried.effect is None:
            raise RequestError(f"tried.effect: it is missing; reason.kind={self.reason.kind} speaks of it")

    @property
    def all_tried(self) -> tuple[LevelResult, ...]:
        """Every value that was tried, the one that decides first."""
        return (*([self.tried] if self.tried else []), *self.levels)
