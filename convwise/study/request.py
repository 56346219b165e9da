"""What a study is asked, and what whoever asks may want to hear."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

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
        return cls(
            bench=Bench.from_dict(values["bench"]),
            factors=tuple(Factor.from_dict(each) for each in values["factors"]),
            settled=tuple(Settled(**each) for each in values["settled"]),
            **{name: values[name] for name in _PLAIN},
        )


_PLAIN = ("smallest_effect", "minutes", "runs", "trial_epochs", "n_workers", "n_train", "engine", "address")


@dataclass(frozen=True)
class StudyHooks:
    """What a caller may want to hear: lines, trials done of those planned, and verdicts as far as they are known."""

    note: Callable[[str], None] = lambda text: None
    trial: Callable[[str, int, int], None] = lambda stage, done, total: None
    known: Callable[[Sequence[Verdict]], None] = lambda verdicts: None
    decoding: Callable[[int, int], None] | None = None
