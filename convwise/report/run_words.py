"""A run in sentences: what it came to, against guessing, and what its scores do not say."""

from __future__ import annotations

import numpy as np

from convwise.evaluation import Evaluation
from convwise.intervals import Estimate, macro_f1
from convwise.names import counted, shown
from convwise.report.run_records import RunRecords
from convwise.report.table import percent, percent_range
from convwise.report.tables import is_uneven


def headline(records: RunRecords) -> tuple[str, ...]:
    """The score with its interval, against guessing and the most frequent class; the means where classes are uneven."""
    evaluation = records.evaluation
    if evaluation is None:
        return (f"No test images were set aside: nothing is known of how often {records.name} is right.",)
    n_classes = len(evaluation.class_names)
    usual, share = most_frequent(records, evaluation)
    first = (
        f"{_with_range(evaluation.accuracy)} of {counted(evaluation.n, f'{evaluation.split} image')} are right; "
        f"guessing among {counted(n_classes, 'class', 'classes')} would give {percent(1 / n_classes)}, always "
        f"“{shown(usual)}” {percent(share)}."
    )
    if not is_uneven(evaluation):
        return (first,)
    macro = macro_f1(np.array(evaluation.confusion))
    return first, (
        f"The classes are uneven: counted alike, they give a mean class accuracy of "
        f"{_with_range(evaluation.mean_class_accuracy)} and a macro F1 of {_with_range(macro)}."
    )


def most_frequent(records: RunRecords, evaluation: Evaluation) -> tuple[str, float]:
    """The class of the most training images, and how often it would be the right answer on the test images."""
    counts = records.counts()
    name = max(counts, key=lambda each: counts[each]["train"])
    support = next(score.support for score in evaluation.per_class if score.name == name)
    return name, support / evaluation.n


def network_words(records: RunRecords) -> str:
    """What was trained how, in a line."""
    how = records.training
    source = f" from {how.weights}" if how.weights else ""
    return f"{how.net}{source}, {how.shape.told}, recipe {how.recipe}, {records.summary['n_weights']:,} weights"


def curves_said(records: RunRecords) -> str:
    """What the learning curves are made of."""
    smoothing = records.training.label_smoothing
    held = f" The training loss holds the label smoothing of {smoothing:g}." if smoothing else ""
    return (
        f"Run {shown(records.name)}. Training numbers are means over an epoch of augmented images, while the weights "
        f"still moved; validation numbers are of {counted(len(records.split['validation']), 'image')} as they "
        f"are.{held}"
    )


def limits(records: RunRecords) -> tuple[str, ...]:
    """What whoever uses the network should know, a sentence or two each."""
    how, evaluation = records.training, records.evaluation
    n_train, names = len(records.split["train"]), records.class_names
    n_classes = counted(len(names), "class", "classes")
    found = [
        f"It knows {n_classes} and nothing else: a picture of anything else gets one of their names too, perhaps with "
        "a high probability.",
        f"It was trained on {counted(n_train, 'image')} of one collection. The score holds for pictures that come from "
        "where these came from, not for another camera, place or time.",
        f"Every picture is brought to {how.shape.told} ({how.resize}): what is smaller than a "
        "few pixels then is not seen.",
    ]
    if evaluation is not None:
        found.append(
            "The intervals hold what other test images would change. What another seed of the training would change is "
            "not in them."
        )
        found += _of_scores(evaluation)
    if how.flip_averaging:
        found.append("Its answer is the mean over a picture and its mirror image, so left and right are alike to it.")
    found.append(
        "Pictures that are copies of each other were kept on one side of the split"
        + (", as were the groups that were named." if records.source.grouped else ".")
        if records.source.copies != "ignore"
        else "Copies were not looked for: a test picture may have a copy among those it was trained on."
    )
    if how.weights:
        found.append(f"It starts from the weights {how.weights}: their licence and their limits hold.")
    return tuple(found)


def _of_scores(evaluation: Evaluation) -> list[str]:
    found = []
    if evaluation.not_tested:
        found.append(f"Not tested, for want of images: {', '.join(map(shown, evaluation.not_tested[:10]))}.")
    missed = [score for score in evaluation.per_class if score.recall is not None and score.recall < 1]
    weak = sorted(missed, key=lambda score: (score.recall or 0, score.name))[:3]
    if weak:
        said = ", ".join(f"{shown(score.name)} ({percent(score.recall)} of {score.support})" for score in weak)
        found.append(f"Least often recognised: {said}.")
    return found


def _with_range(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} ({percent_range(estimate)} %)"
