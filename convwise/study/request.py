"""What a study is asked, resolved, and what whoever asks may want to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from convwise import checks
from convwise.errors import RequestError
from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.factors import Factor, Settled
from convwise.study.trials import ExperimentSpec

ENGINES = ("local", "ray")
_MOST = 1_000_000
_PLAIN = ("smallest_effect", "metric", "minutes", "runs", "n_workers", "engine", "address")


@dataclass(frozen=True)
class Request:
    """What a study is asked: everything that decides it besides the images.

    `smallest_effect`: the smallest difference worth having, in points (of log loss: nats). `minutes` for everything, or
    `runs`, the number of whole trainings.
    """

    spec: ExperimentSpec
    factors: tuple[Factor, ...]
    settled: tuple[Settled, ...]
    smallest_effect: float
    metric: str
    minutes: float | None
    runs: int | None
    n_workers: int
    engine: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        checks.number("smallest_effect", self.smallest_effect, 1e-9, 100)
        checks.choice("metric", self.metric, record_checks.METRICS)
        if (self.minutes is None) == (self.runs is None):
            raise RequestError(f"minutes={self.minutes}, runs={self.runs}: one of the two is the budget")
        if self.minutes is not None:
            checks.number("minutes", self.minutes, 1e-9, _MOST)
        for name in ("runs", "n_workers"):
            if getattr(self, name) is not None:
                checks.whole(name, getattr(self, name), 1, _MOST)
        checks.choice("engine", self.engine, ENGINES)
        names = [factor.parameter for factor in self.factors]
        if not names or len(set(names)) < len(names):
            raise RequestError(f"factors: some parameters are needed, each once, not {names}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "spec": self.spec.to_dict(),
            "factors": [factor.to_dict() for factor in self.factors],
            "settled": [asdict(rule) for rule in self.settled],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class StudyHooks:
    """What a caller may want to hear while a study goes on; every one may be left out.

    Args:
        note: Hears lines of text.
        trial: Hears (block, trainings done, trainings planned).
        decoding: Hears (pictures read, pictures in all); nobody does if None.

    Example:
        >>> from convwise.study.request import StudyHooks
        >>> StudyHooks(note=print).note("12 images to train")
        12 images to train
    """

    note: Callable[[str], None] = lambda text: None
    trial: Callable[[str, int, int], None] = lambda stage, done, total: None
    decoding: Callable[[int, int], None] | None = None
