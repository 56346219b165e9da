"""What is said in a line about a training: before it, what is trained on what; after it, what a bad score may mean."""

from __future__ import annotations

from typing import Any

from convwise.evaluation import Evaluation
from convwise.images.index import ImageIndex
from convwise.images.material import Material
from convwise.images.remarks import directions
from convwise.images.split import Split, classes_without
from convwise.names import counted
from convwise.runs.settings import RunSettings
from convwise.training.recipe import Recipe


def describe(material: Material, model: Any, settings: RunSettings) -> str:
    """One line: what is trained on what, and what was left out."""
    index, split = material.index, material.split
    left_out = []
    if index.unreadable:
        left_out.append(f"{len(index.unreadable)} unreadable")
    if index.n_ignored:
        left_out.append(counted(index.n_ignored, "ignored file"))
    if split.n_unused:
        left_out.append(f"{counted(split.n_unused, 'image')} beyond the protocol")
    if split.n_dropped_copies:
        left_out.append(f"{split.n_dropped_copies} copies across the given folders")
    recipe = settings.recipe
    out = f" (left out: {', '.join(left_out)})" if left_out else ""
    source = f" from {settings.pretrained.weights}" if settings.pretrained else ""
    return (
        f"{counted(len(index.class_names), 'class', 'classes')}, {counted(len(split.train), 'image')} to train, "
        f"{len(split.validation)} to validate, "
        f"{len(split.test)} to test{out}; {settings.net}{source}, "
        f"{model.count_params():,} weights, {recipe.shape.told}, recipe {recipe.name}, {recipe.precision}"
    )


def warnings_before(index: ImageIndex, split: Split, recipe: Recipe) -> list[str]:
    """What is to be said before a training: how the folder was understood, and what may spoil the result."""
    found = list(index.notes)
    closed = [file for file in index.unreadable if file.reason.startswith("the folder")]
    if closed:
        more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
        told = ", ".join(f"{file.path} ({file.reason})" for file in closed[:3])
        found.append(f"not read: {told}{more}")
    found += [f"class {name} is left out: {why}" for name, why in index.empty_reasons().items()]
    for name, side in (("tested", split.test), ("validated", split.validation)):
        missing = classes_without(index, side) if len(side) else ()
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            found.append(f"not {name}, for want of images there: {', '.join(missing[:5])}{more}")
    if mirrors(recipe) and (told := directions(index.class_names)):
        found.append(f"warning: {told}; recipe {recipe.name} does")
    return found


def mirrors(recipe: Recipe) -> bool:
    """Whether an image and its mirror image are the same to the training or to the evaluation."""
    return recipe.augmentation.horizontal_flip or recipe.flip_averaging


def chance_hint(evaluation: Evaluation, recipe: Recipe) -> str:
    """Says that mirroring may be why, where a network that saw mirrored images is no better than chance; else ""."""
    n_tested = len(evaluation.class_names) - len(evaluation.not_tested)
    if n_tested < 2 or not mirrors(recipe) or evaluation.mean_class_accuracy.low > 1 / n_tested:
        return ""
    return (
        f"no better than chance (1 of {n_tested} classes); recipe {recipe.name} mirrors images, which hides directions "
        "and sides: if the classes differ by one, try recipe=plain"
    )
