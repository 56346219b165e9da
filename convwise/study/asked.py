"""What was asked of a study, by command line, file or keywords alike, checked before anything is read."""

from __future__ import annotations

from dataclasses import dataclass

from convwise import checks
from convwise.conv2d.settings import require_parameter
from convwise.errors import RequestError
from convwise.nets import Network
from convwise.runs.request import Request
from convwise.study.factors import read_levels
from convwise.study.request import ENGINES

_MINUTES = 15.0
_MOST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class StudyRequest(Request):
    """What a study is asked; the fields are keywords of `convwise.study`, where each is explained."""

    net: Network = "simple"
    minutes: float | None = None
    runs: int | None = None
    trial_epochs: int | None = None
    parameters: tuple[str, ...] | None = None
    levels: tuple[str, ...] = ()
    smallest_effect: float = 1.0
    workers: int | None = None
    engine: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        for name in ("runs", "trial_epochs", "workers"):
            if getattr(self, name) is not None:
                checks.whole(name, getattr(self, name), 1, _MOST)
        if self.minutes is not None and self.runs is not None:
            raise RequestError(f"minutes={self.minutes:g} and runs={self.runs} exclude each other; give one of them")
        if self.minutes is None and self.runs is None:
            object.__setattr__(self, "minutes", _MINUTES)
        if self.minutes is not None:
            checks.number("minutes", self.minutes, 0.001, _MOST)
        checks.number("smallest_effect", self.smallest_effect, 0.001, 100)
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
            require_parameter(parameter)
        read_levels(self.levels)
        super().__post_init__()
        validation = 0.3 if self.validation is None else self.validation
        object.__setattr__(self, "validation", checks.share("validation", validation))
        if self.full_recipe.patience is not None:
            raise RequestError(
                f"patience={self.full_recipe.patience}: the trials of a study are compared at the same number of "
                "epochs; drop it"
            )
        if self.full_recipe.weight_interpolation:
            raise RequestError(
                f"weight_interpolation={self.full_recipe.weight_interpolation:g}: a study starts from first weights, "
                "not from pretrained ones; set it to 0"
            )
