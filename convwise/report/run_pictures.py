"""Which pictures a run's report shows: the worst mistakes, those of each cell, samples, augmented ones, copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import Mistake
from convwise.images.augment import augment
from convwise.images.copies import DuplicateGroup
from convwise.images.index import ImageIndex
from convwise.names import counted, shown
from convwise.report.confidence import Answers, label_doubts
from convwise.report.confusion import place_of
from convwise.report.heatmap_words import HeatView
from convwise.report.pictures import LARGE, Pictures, Shown
from convwise.report.run_records import RunRecords
from convwise.report.table import percent
from convwise.seeds import derive_seed

N_MISTAKES = 12
PER_CELL = 6
PER_RIGHT_CELL = 3
MOST_SAMPLE_CLASSES = 20
PER_CLASS = 4
N_AUGMENTED = 6
MOST_GROUPS = 6
MOST_IN_GROUP = 4


@dataclass(frozen=True)
class MistakeView:
    """One of the worst mistakes: `true_probability` is "" where not known, `check` says why the label may be wrong."""

    picture: Shown
    label: str
    predicted: str
    probability: str
    true_probability: str
    check: str = ""
    heat: HeatView | None = None


@dataclass(frozen=True)
class Captioned:
    """A picture with its words."""

    picture: Shown
    caption: str


@dataclass(frozen=True)
class Gallery:
    """The pictures of a cell of the matrix, or of a class, or copies: `place` is its name on the page."""

    place: str
    title: str
    pictures: tuple[Captioned, ...]
    n_all: int


def mistakes(
    records: RunRecords, pictures: Pictures, heats: Mapping[str, HeatView], doubtful: Mapping[str, str]
) -> tuple[MistakeView, ...]:
    """The most confident wrong answers, with the original pictures."""
    if records.evaluation is None:
        return ()
    worst = records.evaluation.mistakes[:N_MISTAKES]
    large = pictures.of((each.path for each in worst), LARGE)
    return tuple(
        MistakeView(
            picture,
            each.label,
            each.predicted,
            percent(each.probability),
            _true_probability(records.answers, each),
            doubtful.get(each.path, ""),
            heats.get(each.path),
        )
        for each, picture in zip(worst, large, strict=True)
    )


def doubts(records: RunRecords, index: ImageIndex | None) -> dict[str, str]:
    """By path: why its label may be wrong, for test images whose answer was another, and for copies in two classes."""
    found = {}
    if records.answers is not None:
        answers = records.answers
        for each in label_doubts(answers):
            found[answers.paths[each.position]] = (
                f"of the {each.n:,} answers of this class that are as sure {each.right:,} are right"
            )
    if index is not None:
        for group in index.copies.label_errors(index.labels):
            for i in group.members:
                found[index.paths[i]] = "the same picture lies in another class too"
    return found


def galleries(records: RunRecords, pictures: Pictures) -> tuple[Gallery, ...]:
    """For each cell of the matrix its surest wrong answers; for each class its least sure right ones."""
    answers = records.answers
    if answers is None:
        return _galleries_of_mistakes(records, pictures)
    names, confidence, predicted = answers.class_names, answers.confidence, answers.predicted
    cells: dict[tuple[int, int], list[int]] = {}
    for i in np.argsort(-confidence, kind="stable").tolist():
        cells.setdefault((int(answers.labels[i]), int(predicted[i])), []).append(i)
    wrong = sorted((key for key in cells if key[0] != key[1]), key=lambda key: (-len(cells[key]), key))
    right = sorted(key for key in cells if key[0] == key[1])
    made = []
    for true, taken in (*wrong, *right):
        inside = cells[true, taken]
        chosen = inside[:PER_CELL] if true != taken else inside[::-1][:PER_RIGHT_CELL]
        captions = [percent(float(confidence[i])) for i in chosen]
        how = f"is {shown(names[true])}, taken for {shown(names[taken])}"
        title = how if true != taken else f"{shown(names[true])}, recognised; the least sure"
        small = pictures.of(answers.paths[i] for i in chosen)
        made.append(gallery(place_of(true, taken), title, small, captions, len(inside)))
    return tuple(made)


def _galleries_of_mistakes(records: RunRecords, pictures: Pictures) -> tuple[Gallery, ...]:
    """The same from the mistakes of the evaluation alone, which are fifty at most."""
    if records.evaluation is None:
        return ()
    number = {name: i for i, name in enumerate(records.class_names)}
    cells: dict[tuple[int, int], list[Mistake]] = {}
    for each in records.evaluation.mistakes:
        cells.setdefault((number[each.label], number[each.predicted]), []).append(each)
    made = []
    for (true, taken), inside in cells.items():
        title = f"is {shown(records.class_names[true])}, taken for {shown(records.class_names[taken])}"
        small = pictures.of(each.path for each in inside[:PER_CELL])
        captions = [percent(each.probability) for each in inside[:PER_CELL]]
        made.append(gallery(place_of(true, taken), title, small, captions, len(inside)))
    return tuple(made)


def samples(records: RunRecords, pictures: Pictures) -> tuple[Gallery, ...]:
    """A few training images of each class, of the first twenty classes at most."""
    of_class: dict[str, list[str]] = {}
    for path in records.split["train"]:
        of_class.setdefault(records.class_of(path), []).append(path)
    found = []
    for name in records.class_names[:MOST_SAMPLE_CLASSES]:
        own = of_class.get(name, [])
        chosen = [own[i] for i in np.linspace(0, len(own) - 1, min(PER_CLASS, len(own))).astype(int)]
        small = pictures.of(chosen)
        found.append(gallery("", shown(name), small, [""] * len(small), len(own)))
    return tuple(found)


def augmented(records: RunRecords, pictures: Pictures, pixels: NDArray[np.uint8] | None) -> tuple[Shown, ...]:
    """The first training image as the network takes it, and what augmentation made of it; nothing without one."""
    augmentation = records.training.augmentation
    if pixels is None or not augmentation.changes_anything:
        return ()
    random = np.random.default_rng(derive_seed(records.training.seed, "report"))
    versions = augment(np.repeat(pixels[None], N_AUGMENTED, axis=0), augmentation, random)
    return tuple(pictures.of_pixels([pixels, *versions], records.split["train"][0]))


def copies(
    index: ImageIndex,
    pictures: Pictures,
    groups: Sequence[DuplicateGroup],
    *,
    most: int = MOST_GROUPS,
    files: bool = False,
) -> tuple[Gallery, ...]:
    """Groups of copies side by side, with their classes, and file names where `files`; the first `most`."""
    found = []
    for group in groups[:most]:
        members = group.members[:MOST_IN_GROUP]
        small = pictures.of(index.paths[i] for i in members)
        classes = [index.class_names[index.labels[i]] for i in members]
        names = [f": {index.paths[i].rpartition('/')[2]}" if files else "" for i in members]
        captions = [shown(f"{own}{name}") for own, name in zip(classes, names, strict=True)]
        what = {"bytes": "equal files", "pixels": "equal pixels", "near": "near-copies"}[group.kind]
        found.append(gallery("", f"{counted(len(group.members), 'picture')}, {what}", small, captions,
                              len(group.members)))  # fmt: skip
    return tuple(found)


def gallery(place: str, title: str, small: Sequence[Shown], captions: Sequence[str], n_all: int) -> Gallery:
    """Pictures with their captions."""
    return Gallery(place, title, tuple(map(Captioned, small, captions)), n_all)


def _true_probability(answers: Answers | None, mistake: Mistake) -> str:
    position = None if answers is None else answers.position(mistake.path)
    if answers is None or position is None:
        return ""
    return percent(float(answers.probabilities[position, answers.labels[position]]))
