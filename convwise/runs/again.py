"""The commands that make a run again, or ask the next question about it, from what is on record of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, fields
from typing import Any, Protocol

from convwise.conv2d import NetworkSettings
from convwise.images.augment import Augmentation
from convwise.images.rules import USUAL, Rules
from convwise.nets import Network
from convwise.nets.own.reference import KEEP, OwnNetwork
from convwise.runs.request import VALIDATION
from convwise.runs.settings import RunSettings
from convwise.training.recipe import RECIPES, Recipe
from convwise.transfer.start import Pretrained

# Keys of the recipe that the command line has a word for, and those that the machine or the network decides.
_FLAGS = ("size", "channels", "resize", "epochs", "minutes", "batch", "learning_rate", "weight_decay", "optimizer",
          "patience", "class_weights", "seed")  # fmt: skip
_FOUND_OUT = ("name", "precision", "towers")
_NOT_OF_STUDIES = ("validation", "background", "patience", "minutes", "config")


@dataclass(frozen=True)
class Again:
    """The commands about a run's settings; `changes` are by the names of options, None to leave one out."""

    settings: RunSettings

    def train(self, **changes: Any) -> str:
        """`convwise train ...` as a shell takes it."""
        return joined("train", {**_of_images(self.settings), **_of_training(self.settings), **changes})

    def study(self, **changes: Any) -> str:
        """`convwise study ...` about the network of the run, on its images."""
        return joined("study", {**study_options(self.settings), **changes})

    @property
    def config(self) -> str:
        """What the command line has no words for, as a TOML file for --config; "" where there is nothing."""
        return _config_text(self.settings)


class Described(Protocol):
    """What a command says of images and network: settings of a run, or what the trials of a study have in common."""

    @property
    def data(self) -> str: ...
    @property
    def exclude(self) -> tuple[str, ...]: ...
    @property
    def net(self) -> Network: ...
    @property
    def network(self) -> NetworkSettings: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def per_class(self) -> int | None: ...
    @property
    def test(self) -> float | None: ...
    @property
    def validation(self) -> float: ...
    @property
    def reading(self) -> Rules: ...
    @property
    def copies(self) -> str: ...
    @property
    def group_by(self) -> str | None: ...
    @property
    def pretrained(self) -> Pretrained | None: ...


def study_options(settings: Described) -> dict[str, Any]:
    """Those of `convwise study` that images, network and training need, by their names."""
    known = {**_of_images(settings), **_of_training(settings)}
    return {key: known[key] for key in known if key not in _NOT_OF_STUDIES}


def _config_text(settings: Described) -> str:
    recipe, base = settings.recipe, _base(settings)
    lines = [
        f"{each.name} = {_toml(getattr(recipe, each.name))}"
        for each in fields(Recipe)
        if each.name not in (*_FLAGS, *_FOUND_OUT, "augmentation")
        and getattr(recipe, each.name) != getattr(base, each.name)
    ]
    moved = [
        f"{each.name} = {_toml(getattr(recipe.augmentation, each.name))}"
        for each in fields(Augmentation)
        if getattr(recipe.augmentation, each.name) != getattr(base.augmentation, each.name)
    ]
    if moved:
        lines += ["", "[augmentation]", *moved]
    return "\n".join(lines) + "\n" if lines else ""


def _base(settings: Described) -> Recipe:
    """The named recipe that the run's started from, with the rate that suits the network."""
    return RECIPES.get(settings.recipe.name, RECIPES["fast"]).for_network(settings.net)


def _of_images(settings: Described) -> dict[str, Any]:
    found: dict[str, Any] = {"data": settings.data}
    found["per_class"] = settings.per_class
    found["test"] = settings.test if settings.per_class is None else None
    found["validation"] = settings.validation if settings.validation != VALIDATION else None
    found["copies"] = settings.copies if settings.copies != "near" else None
    found["group_by"] = settings.group_by
    limit = settings.reading.most_pixels
    found["most_pixels"] = limit if limit != USUAL.most_pixels else None
    found["background"] = True if settings.data == "caltech101" and not settings.exclude else None
    return found


def _of_training(settings: Described) -> dict[str, Any]:
    recipe, base = settings.recipe, _base(settings)
    usual = "finetune" if settings.pretrained else "fast"
    found: dict[str, Any] = {"net": _net(settings.net), "recipe": recipe.name if recipe.name != usual else None}
    if isinstance(settings.net, OwnNetwork):
        found |= {"input": settings.net.input_range, "weights": KEEP if settings.net.keeps_weights else None}
    if settings.pretrained:
        tune = settings.pretrained.tune
        found |= {"weights": settings.pretrained.source, "tune": tune if tune != "full" else None}
    for name in _FLAGS:
        value = getattr(recipe, name)
        if value != getattr(base, name) and not (name == "epochs" and recipe.minutes is not None):
            found[name] = value
    found["set"] = settings.network.texts()
    found["config"] = "recipe.toml" if _config_text(settings) else None
    return found


def _net(net: Any) -> str | None:
    return None if net == "narrowresnet" else str(net)


def joined(verb: str, given: dict[str, Any]) -> str:
    """The command as a shell takes it, of options by their names; None leaves one out."""
    parts = ["convwise", verb, str(given.pop("data"))]
    for name, value in given.items():
        flag = f"--{name.replace('_', '-')}"
        if value is None or value is False:
            continue
        if value is True:
            parts.append(flag)
        elif name == "class_weights" and not isinstance(value, str):
            parts += [flag, ",".join(f"{key}={weight:g}" for key, weight in value.items())]
        elif isinstance(value, list | tuple):
            parts += [part for each in value for part in (flag, str(each))]
        else:
            parts += [flag, str(value)]
    return shlex.join(parts)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else repr(value)
