"""What a study changes of the training: a value as a text, and the keys of the recipe that make it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from convwise.errors import RequestError
from convwise.images.augment import Augmentation
from convwise.images.image_shape import ImageShape
from convwise.study import record_checks
from convwise.training.recipe import RECIPES, Recipe

_WHOLE = ("size", "batch")


def own_text(parameter: str, recipe: Recipe) -> str:
    """The recipe's own value, as a text."""
    if parameter == "augmentation":
        return "the recipe's" if recipe.augmentation.changes_anything else "none"
    value = recipe.rate if parameter == "learning_rate" else getattr(recipe, parameter)
    return str(value) if parameter in _WHOLE else f"{value:g}"


def changes_of(parameter: str, text: str, recipe: Recipe) -> dict[str, Any]:
    """What of the recipe becomes what. Raises RequestError for a value that is none, or out of its range.

    Of an augmentation, "none"; "stronger" than the recipe's; "usual": that of the recipe `fast`, mirrored only where
    the recipe averages over mirror images.
    """
    changes = {parameter: _read(parameter, text, recipe)}
    dataclasses.replace(recipe, towers=None, **changes)  # the recipe's own checks
    return changes


def _read(parameter: str, text: str, recipe: Recipe) -> Any:
    if parameter == "augmentation":
        return asdict(_augmentation(text, recipe))
    if parameter == "size":
        return ImageShape.of(text).size
    try:
        return int(text) if parameter in _WHOLE else float(text)
    except ValueError:
        kind = "a whole number" if parameter in _WHOLE else "a number"
        raise RequestError(f"{parameter}={text}: it must be {kind}") from None


def _augmentation(text: str, recipe: Recipe) -> Augmentation:
    usual = dataclasses.replace(RECIPES["fast"].augmentation, horizontal_flip=recipe.flip_averaging)
    choices = {"none": Augmentation(), "usual": usual, "stronger": _stronger(recipe.augmentation, usual)}
    if text not in choices:
        raise RequestError(f"augmentation={text}: choose one of {', '.join(choices)}")
    return choices[text]


def _stronger(own: Augmentation, usual: Augmentation) -> Augmentation:
    """Twice as far in everything that the own one does; where it does nothing, in what is usual."""
    base = own if own.changes_anything else usual
    return dataclasses.replace(
        base,
        rotation_degrees=min(2 * base.rotation_degrees, 180),
        zoom=min(2 * base.zoom, 0.9),
        shift=min(2 * base.shift, 1),
        shear_degrees=min(2 * base.shear_degrees, 80),
        smallest_crop=max(1 - 2 * (1 - base.smallest_crop), min(base.smallest_crop, 0.3)),
        brightness=min(2 * base.brightness, 1),
        contrast=min(2 * base.contrast, 1),
    )


def require_changes(name: str, changes: Mapping[str, Any]) -> None:
    """Fields of a recipe that a study varies, each with a value that it may have. Raises RequestError."""
    record_checks.changes(name, changes)
    try:
        dataclasses.replace(Recipe(), **changes)
    except RequestError as problem:
        raise RequestError(f"{name}: {problem}") from None


def differs(changes: Mapping[str, Any], recipe: Recipe) -> bool:
    """Whether the changes make another recipe."""
    return dataclasses.replace(recipe, towers=None, **changes) != dataclasses.replace(recipe, towers=None)


def reach_of(changes: Mapping[str, Any], recipe: Recipe) -> str:
    """What a level changes in the training, as a text."""
    before = recipe.to_dict()
    if "augmentation" not in changes:
        return "changed " + ", ".join(f"{key} in the recipe" for key in changes)
    own, new = before["augmentation"], changes["augmentation"]
    return "changed " + ", ".join(
        f"{key} {_short(own[key])} -> {_short(new[key])}" for key in new if own[key] != new[key]
    )


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()
