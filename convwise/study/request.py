"""What a study is asked, and what whoever asks may want to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from convwise import checks
from convwise.conv2d import PARAMETERS
from convwise.errors import RequestError
from convwise.records import record_of
from convwise.study.factors import Factor, Settled
from convwise.study.trials import Bench

if TYPE_CHECKING:
    from convwise.study.verdicts import Verdict  # with SciPy's statistics, which take a second


@dataclass(frozen=True)
class Request:
    """What a study is asked: everything that decides it besides the images."""

    bench: Bench
    factors: tuple[Factor, ...]
    settled: tuple[Settled, ...]
    smallest_effect: float
    minutes: float | None
    runs: int | None
    trial_epochs: int | None
    n_workers: int
    n_train: int
    engine: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        checks.number("smallest_effect", self.smallest_effect, 1e-9, 100)
        if (self.minutes is None) == (self.runs is None):
            raise RequestError(f"minutes={self.minutes}, runs={self.runs}: one of the two is the budget")
        if self.minutes is not None:
            checks.number("minutes", self.minutes, 1e-9, _MOST)
        for name in ("runs", "trial_epochs", "n_workers", "n_train"):
            if getattr(self, name) is not None:
                checks.whole(name, getattr(self, name), 1, _MOST_IMAGES if name == "n_train" else _MOST)
        checks.choice("engine", self.engine, ENGINES)
        names = [factor.parameter for factor in self.factors]
        if not names or len(set(names)) < len(names) or not set(names) <= set(PARAMETERS):
            raise RequestError(f"factors: parameters of Conv2D are needed, each once, not {names}")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "bench": self.bench.to_dict(),
            "factors": [factor.to_dict() for factor in self.factors],
            "settled": [asdict(rule) for rule in self.settled],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Request:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


ENGINES = ("local", "ray")
_MOST, _MOST_IMAGES = 1_000_000, 10**12
_PLAIN = ("smallest_effect", "minutes", "runs", "trial_epochs", "n_workers", "n_train", "engine", "address")


@dataclass(frozen=True)
class StudyHooks:
    """What a caller may want to hear while a study goes on; every one may be left out.

    Args:
        note: Hears lines of text.
        trial: Hears (stage, trials done, trials planned).
        known: Hears the verdicts as far as they are known.
        decoding: Hears (pictures read, pictures in all); nobody does if None.

    Example:
        >>> from convwise.study.request import StudyHooks
        >>> StudyHooks(note=print).note("12 images to train")
        12 images to train
    """

    note: Callable[[str], None] = lambda text: None
    trial: Callable[[str, int, int], None] = lambda stage, done, total: None
    known: Callable[[Sequence[Verdict]], None] = lambda verdicts: None
    decoding: Callable[[int, int], None] | None = None
