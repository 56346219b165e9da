"""What was asked of a study, by command line, file or keywords alike, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from convwise import checks
from convwise.errors import RequestError
from convwise.nets.own.reference import KEEP
from convwise.runs.request import Request
from convwise.study.record_checks import METRICS
from convwise.study.request import ENGINES
from convwise.study.tried import read_levels, require_studied

_MINUTES = 15.0
_SMALLEST_EFFECT = 1.0  # points
VALIDATION = 1 / 3  # a third of the images judges in each block: three folds
_MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class StudyRequest(Request):
    """What a study is asked; the fields are keywords of `convwise.study`, where each is explained."""

    minutes: float | None = None
    runs: int | None = None
    parameters: tuple[str, ...] | None = None
    levels: tuple[str, ...] = ()
    by_stage: bool = False
    metric: str | None = None
    smallest_effect: float | None = None
    workers: int | None = None
    engine: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        for name in ("runs", "workers"):
            if getattr(self, name) is not None:
                checks.whole(name, getattr(self, name), 1, _MOST)
        if self.minutes is not None and self.runs is not None:
            raise RequestError(f"minutes={self.minutes:g} and runs={self.runs} exclude each other; give one of them")
        if self.minutes is None and self.runs is None:
            object.__setattr__(self, "minutes", _MINUTES)
        if self.minutes is not None:
            checks.number("minutes", self.minutes, 0.001, _MOST)
        if self.metric is not None:
            checks.choice("metric", self.metric, METRICS)
        if self.smallest_effect is None:
            if self.metric == "log_loss":
                raise RequestError("metric=log_loss: give smallest_effect= too, in nats; there is no usual one")
            object.__setattr__(self, "smallest_effect", _SMALLEST_EFFECT)
        checks.number("smallest_effect", self.smallest_effect, 0.001, 100)
        checks.true_or_false("by_stage", self.by_stage)
        checks.choice("engine", self.engine, ENGINES)
        if self.address is not None:
            checks.text("address", self.address)
            if self.engine != "ray":
                raise RequestError(f"address={self.address}: only engine=ray has one")
        for name in ("parameters", "levels"):
            texts = getattr(self, name)
            if texts is None:
                continue
            if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
                raise RequestError(f"{name}={texts!r}: it must be a list of texts")
            object.__setattr__(self, name, tuple(texts))
        if self.parameters is not None and not self.parameters:
            raise RequestError("parameters: there is none; name some, or leave parameters out for all sixteen")
        for parameter in self.parameters or ():
            require_studied(parameter)
        read_levels(self.levels)
        super().__post_init__()
        validation = VALIDATION if self.validation is None else self.validation
        object.__setattr__(self, "validation", checks.share("validation", validation))
        if validation > 1 / 2:
            raise RequestError(f"validation={validation:g}: at most half of the images can judge in a block")
        if self.full_recipe.patience is not None:
            raise RequestError(
                f"patience={self.full_recipe.patience}: the trainings of a study are compared at the same number of "
                "epochs; drop it"
            )
        if self.full_recipe.minutes is not None:
            raise RequestError(
                f"recipe: minutes={self.full_recipe.minutes:g} are those of a training; a study's end after epochs"
            )
        if self.full_recipe.weight_interpolation and self.weights in (None, KEEP):
            raise RequestError(
                f"weight_interpolation={self.full_recipe.weight_interpolation:g}: it needs weights to start from; add "
                "weights=FILE, or set it to 0"
            )
