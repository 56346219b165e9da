"""A study's result: the verdicts, what was confirmed, tested and recommended, and what it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from convwise import checks
from convwise.errors import RequestError
from convwise.files import to_plain
from convwise.html_repr import ShownAsHtml
from convwise.images.image_shape import ImageShape
from convwise.names import counted
from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.record_checks import METRICS, MOST
from convwise.study.verdict import Costs, Interval, Kind, LevelResult, Reason, ReasonKind, Verdict

__all__ = [
    "ConfirmationResult",
    "ConfirmedArm",
    "Costs",
    "Interval",
    "Kind",
    "LevelResult",
    "Reason",
    "ReasonKind",
    "StudyResult",
    "TestResult",
    "Verdict",
]


@dataclass(frozen=True)
class ConfirmedArm:
    """Changes that were trained together in fresh blocks.

    Attributes:
        names: The changes, such as "kernel_size=5".
        effect: Of all of them together, with the interval that decides.
        passed: Whether the gain was confirmed.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import ConfirmedArm, Interval
        >>> ConfirmedArm(("kernel_size=5",), Interval(1.6, 0.3, 2.8, 9), True).passed
        True
    """

    names: tuple[str, ...]
    effect: Interval
    passed: bool


@dataclass(frozen=True)
class ConfirmationResult:
    """One round of fresh blocks.

    Attributes:
        arms: What was trained, each change by itself and all together.
        adopted: The changes that the search goes on with.
        chance: Of any wrong confirmation in the round, 0 to 1.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import ConfirmationResult
        >>> ConfirmationResult((), (), 0.04).adopted
        ()
    """

    arms: tuple[ConfirmedArm, ...]
    adopted: tuple[str, ...]
    chance: float

    def __post_init__(self) -> None:
        checks.number("chance", self.chance, 0, 1)


@dataclass(frozen=True)
class TestResult:
    """The one look at the test images.

    Attributes:
        n_images: Number of test images.
        unchanged: Mean accuracy of the unchanged network, percent.
        recommended: Mean accuracy of the recommended network, percent.
        trainings: Number of trainings of each.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.study.result import TestResult
        >>> found = TestResult(180, 97.5, 98.5, 9)
        >>> found.recommended - found.unchanged
        1.0
    """

    n_images: int
    unchanged: float
    recommended: float
    trainings: int

    def __post_init__(self) -> None:
        record_checks.counts(self, 1, "n_images", "trainings")
        for name in ("unchanged", "recommended"):
            checks.number(name, getattr(self, name), 0, 100)


@dataclass(frozen=True)
class StudyResult(ShownAsHtml):
    """All of `result.json`.

    Attributes:
        data: The data set or folder that was asked for.
        net: The network.
        size: Side of the images, px.
        metric: What was compared.
        smallest_effect: The smallest difference worth having, points; of log loss nats.
        level: The one-sided chance of each limit of an interval to be wrong.
        epochs: Of each training.
        blocks: Number of blocks.
        trainings: Number of trainings.
        judged: Number of images that judge in each block.
        pool: Number of images that train or judge.
        unchanged: The metric's mean for the unchanged network.
        unchanged_errors: Percent of errors of the unchanged network; 0 for log loss.
        verdicts: One for each parameter.
        recommended: The changes that were confirmed, by name.
        recommended_settings: The same as texts of `--set`.
        recommended_changes: What they change in the recipe, by field.
        confirmations: The rounds of fresh blocks.
        control: The unchanged network against itself under another seed; None where that was not trained.
        ruler: Points of accuracy per nat of score; None where the score says nothing of them.
        test: The look at the test images; None where nothing was confirmed.
        failures: The trainings that failed, each with its reason.
        sentence: What the time bought, to be said first.
        seconds: What its trainings took side by side, with the plan, however often it was stopped.
        quick: Whether the trainings were short; there are no verdicts then.
        folder: Where the study lies; None of one that is nowhere.
        minutes_needed: For three whole blocks, of a quick look; None of others.
        reach: Which layers each parameter's first value changes.

    Raises:
        RequestError: `recommended_settings` are none.

    Example:
        >>> import convwise
        >>> asked = {"parameters": ["padding"], "runs": 6, "epochs": 1, "size": 16}
        >>> found = convwise.study("pictures", **asked, out="studies/typed")
        >>> found.quick, found.epochs, found.of("padding").own
        (False, 1, 'same')
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
        checks.choice("metric", self.metric, METRICS)
        ImageShape.of(self.size)
        checks.number("smallest_effect", self.smallest_effect, 1e-9, 100)
        checks.number("level", self.level, 1e-9, 0.5)
        record_checks.counts(self, 1, "epochs", "blocks", "trainings", "judged", "pool")
        record_checks.numbers(self, 0, "unchanged", "unchanged_errors", "seconds", "minutes_needed")
        if self.ruler is not None:
            checks.number("ruler", self.ruler, -MOST, MOST)
        parameters = [verdict.parameter for verdict in self.verdicts]
        if len(set(parameters)) < len(parameters):
            raise RequestError(f"verdicts: one for each parameter, not {', '.join(parameters)}")
        set_to = {level.name for verdict in self.verdicts for level in verdict.all_tried if level.verdict == "set it"}
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
