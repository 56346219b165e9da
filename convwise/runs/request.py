"""Requests: what was asked of a training, by command line, file or keywords alike, checked before anything is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from convwise import checks
from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings
from convwise.errors import RequestError
from convwise.files import read_regular
from convwise.images.copies import check_copies
from convwise.images.datasets import Source
from convwise.images.groups import check_group_by
from convwise.images.material import Pictures, Shares
from convwise.images.rules import USUAL, Rules
from convwise.images.split import check_shares
from convwise.nets import Network
from convwise.nets.own.reference import KEEP, OwnNetwork
from convwise.places import named
from convwise.strict_json import json_values
from convwise.training.recipe import OLD_NAMES, Recipe, named_recipe

Settings = NetworkSettings | Conv2DSettings | Sequence[str]
VALIDATION = 0.15
"""The usual share of the images not tested on that validates."""
_MOST_CONFIG_BYTES = 2**20
_MOST_IMAGES = 10**12
_EPOCHS_BY_THE_CLOCK = 100_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """What trainings and studies are asked alike; the fields are keywords of `convwise.train`, where each is explained.

    None stands for what the program chooses. `recipe_changes` are keywords that are keys of the recipe; `full_recipe`
    and `rules` are what recipe, changes and `most_pixels` come to.
    """

    data: str | Path
    net: Network | None = None
    input: int | None = None
    weights: str | None = None
    tune: str | None = None
    recipe: str | Recipe | None = None
    recipe_changes: Mapping[str, Any] = field(default_factory=dict)
    settings: NetworkSettings = field(default_factory=NetworkSettings)
    per_class: int | None = None
    test: float | None = None
    validation: float | None = None
    most_pixels: int | None = None
    copies: str = "near"
    group_by: str | None = None
    out: str | None = None
    full_recipe: Recipe = field(init=False)
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        checks.text("data", self.data)
        for name in ("net", "out"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, OwnNetwork):
                object.__setattr__(self, name, checks.text(name, value))
        if self.weights is not None:
            object.__setattr__(self, "weights", checks.text("weights", self.weights))
        if self.per_class is not None:
            checks.whole("per_class", self.per_class, 1, _MOST_IMAGES)
        check_shares(self.per_class, self.test, self.validation)
        check_copies(self.copies)
        if self.group_by is not None:
            object.__setattr__(self, "group_by", check_group_by(self.group_by))
        object.__setattr__(self, "rules", USUAL.limited_to(self.most_pixels))
        object.__setattr__(self, "full_recipe", self._recipe())
        self._check_weights()

    @classmethod
    def asked(
        cls, data: str | Path, *, config: str | Path | None, settings: Settings, below: Mapping[str, Any], **given: Any
    ) -> Self:
        """The request from keywords, which win over `below`, which wins over the `config` file (TOML or JSON).

        Keywords that are None say nothing; those that are no field of the request are keys of the recipe. Texts of
        `settings` are added to the file's. Raises RequestError, naming the file where the file is wrong.
        """
        values = {} if config is None else cls._from_file(config)
        before = values.pop("set", ())
        for said in (below, given):
            values |= {key: value for key, value in said.items() if value is not None}
        return cls._of(data, values, network_settings(settings, before))

    def over(self, network: NetworkSettings) -> Self:
        """The request with its settings laid over those of `network`."""
        return replace(self, settings=network.overlaid(self.settings))

    def pictures(self, source: Source) -> Pictures:
        """Which pictures are read, and how."""
        return Pictures(
            folder=source.folder,
            shape=self.full_recipe.shape,
            resize=self.full_recipe.resize,
            classes=source.classes,
            exclude=source.exclude,
            copies=self.copies,
            group_by=self.group_by,
            rules=self.rules,
        )

    @property
    def shares(self) -> Shares:
        """How they are divided."""
        assert self.validation is not None
        return Shares(self.per_class, self.test, self.validation, self.full_recipe.seed)

    def subject(
        self, source: Source, index_digest: str, *, net: Network, recipe: Recipe, reading: Rules
    ) -> dict[str, Any]:
        """The fields of a `Subject` by name: what was asked, and what it came to."""
        assert self.validation is not None
        return {
            "data": str(self.data),
            "folder": str(source.folder),
            "classes": source.classes,
            "exclude": source.exclude,
            "net": net,
            "network": self.settings,
            "recipe": recipe,
            "per_class": self.per_class,
            "test": self.test,
            "validation": self.validation,
            "index_digest": index_digest,
            "reading": reading,
            "copies": self.copies,
            "group_by": self.group_by,
        }

    @classmethod
    def _from_file(cls, config: str | Path) -> dict[str, Any]:
        """The file's values, which make a request by themselves."""
        values = read_config(config)
        try:
            texts = values.get("set", [])
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise RequestError(f'set={texts!r}: it must be a list of texts, such as ["conv.kernel_size=5"]')
            cls._of("data", {key: value for key, value in values.items() if key != "set"}, network_settings(texts))
        except RequestError as problem:
            raise RequestError(f"config={config}: {problem}") from None
        return values

    @classmethod
    def _of(cls, data: str | Path, values: Mapping[str, Any], network: NetworkSettings) -> Self:
        own = {each.name for each in fields(cls) if each.init} - {"data", "recipe_changes", "settings"}
        asked = {key: value for key, value in values.items() if key in own}
        changes = {OLD_NAMES.get(key, key): value for key, value in values.items() if key not in own}
        return cls(data=data, settings=network, recipe_changes=changes, **asked)

    def _recipe(self) -> Recipe:
        changes = dict(self.recipe_changes)
        if changes.get("minutes") is not None and "epochs" not in changes:
            changes["epochs"] = _EPOCHS_BY_THE_CLOCK  # the clock decides
        if "name" in changes:
            raise RequestError("there is no key 'name'; write recipe = \"fast\" to start from a named recipe")
        if isinstance(self.recipe, Recipe):
            return Recipe.from_dict({**self.recipe.to_dict(), **changes})
        return named_recipe(self._usual_recipe if self.recipe is None else self.recipe, changes)

    @property
    def _usual_recipe(self) -> str:
        return "fast" if self.weights in (None, KEEP) else "finetune"

    def _check_weights(self) -> None:
        """Raises RequestError where pretrained weights and the recipe exclude each other."""
        recipe = self.full_recipe
        if recipe.channels != 3 and self.weights not in (None, KEEP):
            raise RequestError(
                f"channels={recipe.channels}: pretrained weights are made for RGB; drop channels=, and gray pictures "
                "are given to them with three equal channels"
            )
        if recipe.class_weights != "none" and self.tune == "frozen":
            raise RequestError("class_weights=: with tune=frozen nothing is trained that takes them; drop one of them")


@dataclass(frozen=True, kw_only=True)
class TrainRequest(Request):
    """What a training is asked; the fields are keywords of `convwise.train`, where each is explained."""

    background: bool = False
    tensorboard: bool = False

    def __post_init__(self) -> None:
        for name in ("background", "tensorboard"):
            checks.true_or_false(name, getattr(self, name))
        super().__post_init__()
        if self.validation is None:
            object.__setattr__(self, "validation", VALIDATION)
        patience = self.full_recipe.patience
        if patience is not None and self.validation == 0:
            raise RequestError(f"patience={patience}: it needs validation images; drop it, or validation=0")


def read_config(path: str | Path) -> dict[str, Any]:
    """The keys of a TOML or JSON file. Raises RequestError if it cannot be read, or holds anything else."""
    place = named(checks.text("config", path), "config")
    try:
        content = read_regular(place, _MOST_CONFIG_BYTES).decode("utf-8")
        values = json_values(content) if str(path).endswith(".json") else tomllib.loads(content)
    except (OSError, ValueError) as problem:
        raise RequestError(f"config={path}: it cannot be read as TOML or JSON ({problem})") from None
    except RecursionError:
        raise RequestError(f"config={path}: it is nested too deep; it holds keys and values, one level") from None
    if not isinstance(values, dict):
        raise RequestError(f"config={path}: it must hold keys and values, not a {type(values).__name__}")
    return values
