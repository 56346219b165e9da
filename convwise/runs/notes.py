"""What is said in a line about a training: before it, what is trained on what; after it, what a bad score may mean."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import Evaluation
from convwise.images.groups import group_counts, torn_groups
from convwise.images.index import ImageIndex
from convwise.images.material import Material
from convwise.images.remarks import directions
from convwise.images.rules import Rules
from convwise.images.saved_split import SIDES
from convwise.images.split import Split
from convwise.names import counted, some_of
from convwise.runs.settings import RunSettings
from convwise.training.recipe import Recipe

_FEW = 3  # pictures that are named
_WORTH_SAYING = 0.02  # of a side's share


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
            found.append(f"not {name}, for want of images there: {some_of(missing)}")
    if mirrors(recipe) and (told := directions(index.class_names)):
        found.append(f"warning: {told}; recipe {recipe.name} does")
    return found


def classes_without(index: ImageIndex, members: NDArray[np.int64]) -> tuple[str, ...]:
    """The classes that have no image among `members`."""
    counts = np.bincount(index.labels[members], minlength=len(index.class_names))
    return tuple(index.class_names[label] for label in np.flatnonzero(counts == 0))


def copy_notes(index: ImageIndex, split: Split) -> list[str]:
    """What copies mean for the split: wrong labels, pictures on two sides, shares that are missed. A line each."""
    return [line for line in (_label_errors(index), _on_two_sides(index, split), _missed(index, split)) if line]


def _label_errors(index: ImageIndex) -> str:
    wrong = index.copies.label_errors(index.labels)
    if not wrong:
        return ""
    first = " = ".join(index.paths[i] for i in wrong[0].members[:3])
    return (
        f"{counted(len(wrong), 'label error')}: equal pictures in more than one class, such as {first}; see data check"
    )


def _on_two_sides(index: ImageIndex, split: Split) -> str:
    side_of = {int(i): side for side in SIDES for i in getattr(split, side)}
    pairs = [(i, j) for i, j in (*index.copies.across, *index.copies.apart) if i in side_of and j in side_of]
    divided = [(i, j) for i, j in pairs if side_of[i] != side_of[j]]
    if not divided:
        return ""
    first = ", ".join(index.paths[i] for i in divided[0])
    return (
        f"{counted(len(divided), 'pair')} of near-copies on two sides of the split, such as {first}: in two classes, "
        "or not near to each other's copies, so that no group holds them"
    )


def _missed(index: ImageIndex, split: Split) -> str:
    lines = []
    for side in SIDES:
        missing, got = split.n_missing.get(side, 0), len(getattr(split, side))
        if missing > _WORTH_SAYING * (got + missing):
            lines.append(f"{side} {missing} of {got + missing}")
    what = "copies" if index.groups is None else "copies and groups"
    return f"{what} stay together, so some shares are missed: {', '.join(lines)} images" if lines else ""


def group_notes(index: ImageIndex, split: Split, group_by: str | None) -> list[str]:
    """What is to be said of the groups: how many there are, and how many the given sides tear apart."""
    if group_by is None or index.groups is None:
        return []
    found = group_counts(index.groups, group_by)
    groups, images = counted(int(found["n_groups"]), "group"), counted(int(found["n_images"]), "image")
    notes = [f"groups by {group_by}: {groups} of {images}, {found['largest']} in the largest, {found['alone']} alone"]
    torn = torn_groups(index.groups, split)
    if torn:
        notes.append(
            f"warning: {counted(torn, 'group')} on more than one of the given sides: the score is too high for "
            "pictures of new groups; give each group to one side"
        )
    return notes


def depth_notes(index: ImageIndex, rules: Rules) -> tuple[str, ...]:
    """How 16-bit pictures were scaled, and which have values beyond; nothing where there are none."""
    if not index.peaks.any():
        return ()
    said = f"16-bit pictures: {rules.bits} bits in use, scaled by {rules.white}"
    beyond = [index.paths[i] for i in np.flatnonzero(index.peaks > rules.white)]
    return (said, *([f"{beyond_range(len(beyond), rules)}: {_first(beyond)}"] if beyond else []))


def beyond_range(n: int, rules: Rules) -> str:
    """What is said of so many pictures beyond the range."""
    return f"{n} picture{'s go' if n > 1 else ' goes'} beyond {rules.bits} bits, cut off at {rules.white}"


def _first(paths: list[str]) -> str:
    more = f" and {len(paths) - _FEW} more" if len(paths) > _FEW else ""
    return ", ".join(paths[:_FEW]) + more


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
