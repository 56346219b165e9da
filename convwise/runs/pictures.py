"""The pictures of a training or a study: read, decoded, cached in the recipe's shape, divided."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from convwise.images.cache import PixelCache
from convwise.images.datasets import Source
from convwise.images.depth import depth_of
from convwise.images.groups import grouped
from convwise.images.index import ImageIndex, require_classes
from convwise.images.material import Material
from convwise.images.prepare import prepare
from convwise.images.rules import Rules
from convwise.images.split import split_images
from convwise.runs.request import Request
from convwise.training.hooks import Decoding
from convwise.training.recipe import Recipe


def material_of(request: Request, source: Source, decoding: Decoding | None) -> tuple[Material, Rules]:
    """The pictures that the request asks for, and the rules that they were read by.

    How 16-bit pictures are scaled follows from those that are not tested, so it is known only after the division.
    """
    recipe, rules = request.full_recipe, request.rules
    of = (source.folder, source.classes, source.exclude, recipe, decoding)
    index, cache = pictures(*of, rules, request.copies)
    index = grouped(index, request.group_by)
    assert request.validation is not None
    split = split_images(
        index, per_class=request.per_class, test=request.test, validation=request.validation, seed=recipe.seed
    )
    rules = dataclasses.replace(rules, bits=depth_of(index, split.test))
    if rules.bits < 16:
        index, cache = pictures(*of, rules, request.copies)
        index = grouped(index, request.group_by)
    return Material(index, cache.pixels, split), rules


def pictures(
    folder: Path,
    classes: Sequence[str] | None,
    exclude: Sequence[str],
    recipe: Recipe,
    decoding: Decoding | None,
    rules: Rules,
    copies: str,
) -> tuple[ImageIndex, PixelCache]:
    """The index and the cached pixels in the recipe's shape. Raises RequestError below two classes."""
    index, cache = prepare(
        folder,
        shape=recipe.shape,
        resize=recipe.resize,
        classes=classes,
        exclude=exclude,
        copies=copies,
        progress=decoding,
        rules=rules,
        least_classes=2,
    )
    require_classes(index)
    return index, cache
