"""Factors: for each parameter the values that are tried in place of the own one, or the rule that settles it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from convwise.conv2d import PARAMETERS, NetworkSettings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import Network
from convwise.nets.changes import Change
from convwise.records import record_of
from convwise.study import record_checks
from convwise.study.levels import Level, Variants, reaches
from convwise.study.recipe_levels import changes_of, differs, own_text, reach_of
from convwise.study.rules import activation_texts, is_of_convolutions, joined, own_of, rule_of
from convwise.study.standing import Made, Make, standing
from convwise.study.tried import (
    RECIPE_PARAMETERS,
    STUDIED,
    Tried,
    read_levels,
    require_studied,
    tried,
    tried_of_recipe,
)
from convwise.training.recipe import Recipe

__all__ = ["Factor", "Level", "Settled", "factors_of", "read_levels"]


@dataclass(frozen=True)
class Factor:
    """A parameter with the own value, and the level that is tried `first`.

    `further` are levels to try once the first has gained, beyond it where there is an order; `opposite` once it has
    lost: the other way from the own value, and milder ones. `reach` says which layers the first one changes, and why
    others are left. Of a stage alone, the parameter is called "filters@stage1".
    """

    parameter: str
    own: str
    first: Level
    further: tuple[Level, ...] = ()
    opposite: tuple[Level, ...] = ()
    reach: str = ""

    def __post_init__(self) -> None:
        record_checks.parameter("parameter", self.parameter)
        values = [level.value for level in (self.first, *self.further, *self.opposite)]
        if len(set(values)) < len(values):
            raise RequestError(f"{self.parameter}: each of its values once, not {', '.join(values)}")

    @property
    def levels(self) -> dict[str, Level]:
        """Every value that may be tried, by its candidate's name, such as "kernel_size=5"; the first one first."""
        return {f"{self.parameter}={level.value}": level for level in (self.first, *self.further, *self.opposite)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Factor:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class Settled:
    """A parameter that needs no run, and the rule that says so."""

    parameter: str
    own: str
    why: str

    def __post_init__(self) -> None:
        record_checks.parameter("parameter", self.parameter)


def factors_of(
    net: Network,
    *,
    shape: ImageShape,
    n_classes: int,
    settings: NetworkSettings,
    recipe: Recipe,
    parameters: Sequence[str] = PARAMETERS,
    levels: Mapping[str, Sequence[str]] | None = None,
    by_stage: bool = False,
    pretrained: bool = False,
) -> tuple[tuple[Factor, ...], tuple[Settled, ...]]:
    """What can be varied in `net` on images of that `shape` and in its training, and what rules settle.

    In the order of `STUDIED`.

    `levels` replaces what is tried of a parameter: the first that is not the own value comes first, the rest enter
    where it gains. `by_stage`: each stage of the network alone, in place of all convolutions. `pretrained`: the
    network starts from weights. Every level is built once. Raises RequestError for one of `levels` that cannot stand.
    """
    variants = Variants(net, shape, n_classes, settings, recipe.for_network(net), pretrained)
    levels = dict(levels or {})
    names = {require_studied(name) for name in (*parameters, *levels)}
    by_wish = set(levels) | (set() if set(PARAMETERS) <= set(parameters) else set(parameters))
    factors: list[Factor] = []
    settled: list[Settled] = []
    for name in sorted(names, key=STUDIED.index):
        for found in _found(name, variants, levels.get(name), by_wish=name in by_wish, by_stage=by_stage):
            if isinstance(found, Factor):
                factors.append(found)
            else:
                settled.append(found)
    return tuple(factors), tuple(settled)


def _found(
    parameter: str, variants: Variants, asked: Sequence[str] | None, *, by_wish: bool, by_stage: bool
) -> Sequence[Factor | Settled]:
    if parameter in RECIPE_PARAMETERS:
        return [_of_recipe(parameter, variants, asked)]
    why = rule_of(parameter, variants, by_wish=by_wish)
    if why:
        return [Settled(parameter, own_of(parameter, variants), why)]
    of_stages = _of_stages(parameter, variants, asked) if by_stage else []
    return of_stages or [_of_network(parameter, variants, asked)]


def _of_network(parameter: str, variants: Variants, asked: Sequence[str] | None) -> Factor | Settled:
    plan = Tried(tuple(asked)) if asked else tried(parameter, min(variants.shape.height, variants.shape.width))

    def make(text: str) -> Made | None:
        value = variants.filled(text)
        option = value.removeprefix("net.").partition("=")[0] if value.startswith("net.") else None
        if option and not asked and variants.option(option) is None:
            return None
        texts = activation_texts(value, variants) if parameter == "activation" else variants.texts(parameter, value)
        return _made(parameter, value, texts, variants)

    return _factor(parameter, own_of(parameter, variants), plan, make, asked=bool(asked))


def _of_recipe(parameter: str, variants: Variants, asked: Sequence[str] | None) -> Factor | Settled:
    recipe = dataclasses.replace(variants.recipe, size=variants.shape.size, channels=variants.shape.channels)
    own = own_text(parameter, recipe)
    plan = Tried(tuple(asked)) if asked else tried_of_recipe(parameter, own)

    def make(text: str) -> Made | None:
        changes = changes_of(parameter, text, recipe)
        if not differs(changes, recipe):
            return None
        shape = dataclasses.replace(recipe, **changes).shape
        built = variants.own if shape == variants.shape else variants.built((), shape=shape)
        ratios = variants.ratios(built, batch=changes.get("batch"))
        return Made(Level(text, (), changes, **ratios), own, reach_of(changes, recipe))

    return _factor(parameter, own, plan, make, asked=bool(asked))


def _of_stages(parameter: str, variants: Variants, asked: Sequence[str] | None) -> list[Factor]:
    """The first level in each stage alone, but for stages in which nothing changes or can. None for an option."""
    first = tuple(asked) if asked else tried(parameter, 0).first  # a stage needs no rule for the first window
    before = variants.values(parameter)
    factors = []
    for stage, members in variants.stages().items():
        # A scope such as conv2d reaches conv2d_1 too, which then says what it has.
        others = [name for name in before if name not in members and reaches(stage, name)]
        kept = tuple(f"{name}.{parameter}={before[name]}" for name in others)

        def make(text: str, stage: str = stage, kept: tuple[str, ...] = kept) -> Made | None:
            value = text.rpartition(f"{parameter}=")[2]
            if text.startswith("net.") or (parameter == "activation" and not is_of_convolutions(value, variants)):
                return None
            return _made(parameter, value, (*variants.scoped(stage, parameter, value), *kept), variants)

        of_stage = _factor(f"{parameter}@{stage}", "", Tried(first), make, asked=False)
        if isinstance(of_stage, Factor):
            factors.append(of_stage)
    return factors


def _factor(parameter: str, own: str, plan: Tried, make: Make, *, asked: bool) -> Factor | Settled:
    found = standing(parameter, plan, make, asked=asked)
    if isinstance(found, str):
        return Settled(parameter, own, found)
    return Factor(
        parameter, found.first.own or own, found.first.level, found.further, found.opposite, found.first.reach
    )


def _made(parameter: str, value: str, texts: tuple[str, ...], variants: Variants) -> Made | None:
    """The level that these settings make; None where they change nothing. RequestError: the network cannot take it."""
    built = variants.built(texts)
    before, after = variants.values(parameter), variants.values(parameter, built)
    # A window of 1x1 has no edge to pad.
    idle = variants.values("kernel_size") if parameter == "padding" else {}
    both = [name for name in before if name in after]  # a shortcut may come or go with the number of channels
    changed = [name for name in both if after[name] != before[name] and idle.get(name) != "1x1"]
    own = joined(before[name] for name in changed)
    level = Level(value, texts, **variants.ratios(built))
    if texts[0].startswith("net."):
        option, _, chosen = texts[0].removeprefix("net.").partition("=")
        if variants.option(option) == chosen:
            return None
        own = own_of(parameter, variants) if parameter == "activation" else own
        return Made(level, own, f"{texts[0]} is an option of the network")
    if not changed:
        return None
    left = [each for each in built.changes if each.parameter == parameter and each.reason and each.layer not in changed]
    return Made(level, own, _reach(changed, left), frozenset(changed), frozenset(each.layer for each in left))


def _reach(changed: Sequence[str], left: Sequence[Change]) -> str:
    """Which layers a level changes, and which it leaves, and why."""
    reasons: dict[str, list[str]] = {}
    for change in left:
        reasons.setdefault(change.reason.partition(";")[0], []).append(change.layer)
    parts = [f"left {', '.join(names)} ({reason})" for reason, names in reasons.items()]
    return "; ".join([f"changed {', '.join(changed)}", *parts])
