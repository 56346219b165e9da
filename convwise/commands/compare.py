"""compare: finished runs against each other on the same test images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from convwise import checks
from convwise.commands.run_records import records_of
from convwise.errors import RequestError
from convwise.files import write_text
from convwise.names import counted
from convwise.places import file_to_write
from convwise.report.compare_page import compare_page
from convwise.report.comparison import Comparison, compared
from convwise.report.confidence import Answers
from convwise.report.pictures import Pictures
from convwise.report.run_records import RunRecords
from convwise.runs import Run


def compare(*runs: str | Path | Run, shared: bool = False, out: str | Path | None = None) -> Comparison:
    """Compares finished runs on the same test images, each with the first.

    It reads what the networks answered; none is loaded. The intervals hold what other test images would change, not
    what other seeds of the trainings would.

    Args:
        runs: Two runs or more, or their folders.
        shared: Whether runs with different test images are compared on those that they share.
        out: A page that is written, with curves and pictures; none if None.

    Returns:
        Accuracies, paired differences, and the images on which the runs part.

    Raises:
        RequestError: a run is not finished or has no answers on record, or their test images differ.

    Example:
        >>> import convwise
        >>> convwise.compare("runs/first", "runs/second").differences[0].only_first
        0
    """
    checks.true_or_false("shared", shared)
    if len(runs) < 2:
        raise RequestError(f"runs={' '.join(map(_named, runs))}: two at least are needed; name the folders of two runs")
    opened = [each if isinstance(each, Run) else Run.open(each) for each in runs]
    if len({run.folder.resolve() for run in opened}) < len(opened):
        raise RequestError("runs: one is named twice; name different ones")
    target = None if out is None else file_to_write(out, "out")
    records = {_named(given): records_of(run) for given, run in zip(runs, opened, strict=True)}
    answers = {name: _required(name, each) for name, each in records.items()}
    notes = _require_same_images(records, answers, shared)
    first = next(iter(answers.values()))
    shared_paths = set(first.paths).intersection(*(each.paths for each in answers.values()))
    common = [path for path in first.paths if path in shared_paths]
    at_once = {name: _of_paths(each, common) for name, each in answers.items()}
    _require_same_labels(at_once)
    found = compared(at_once, notes, {name: each.epochs for name, each in records.items()})
    if target is not None:
        base = next(iter(records.values()))
        write_text(target, compare_page(found, Pictures(base.source.folder, rules=opened[0].settings.reading)))
    return found


def _named(run: str | Path | Run) -> str:
    return str(run.folder if isinstance(run, Run) else run)


def _required(name: str, records: RunRecords) -> Answers:
    if records.answers is None:
        raise RequestError(f"run={name}: it cannot be compared: {records.why_no_answers}")
    return records.answers


def _require_same_images(records: dict[str, RunRecords], answers: dict[str, Answers], shared: bool) -> tuple[str, ...]:
    """What is to be said of the images that are compared. Raises RequestError where they differ, unless `shared`."""
    first, *others = answers
    notes = []
    for name in others:
        a, b = set(answers[first].paths), set(answers[name].paths)
        both = len(a & b)
        same_files = records[first].source.index_digest == records[name].source.index_digest
        if a == b and same_files:
            continue
        how = f"{both:,} of {len(a):,} and {len(b):,} test images have the same name"
        files = "" if same_files else ", and the pictures of their folders are not all the same files"
        if not both:
            raise RequestError(f"run={name}: it has no test image in common with {first}; nothing can be compared")
        if not shared:
            raise RequestError(
                f"run={name}: its test images are not those of {first}: {how}{files}; shared=True compares them on the "
                "images that they share"
            )
        notes.append(f"{name} and {first}: {how}{files}; only these are compared")
    return tuple(notes)


def _of_paths(answers: Answers, paths: Sequence[str]) -> Answers:
    place = {path: i for i, path in enumerate(answers.paths)}
    rows = np.array([place[path] for path in paths], np.int64)
    return replace(answers, paths=tuple(paths), labels=answers.labels[rows], probabilities=answers.probabilities[rows])


def _require_same_labels(answers: dict[str, Answers]) -> None:
    first, *others = answers
    base = [answers[first].class_names[label] for label in answers[first].labels]
    for name in others:
        own = [answers[name].class_names[label] for label in answers[name].labels]
        wrong = [i for i, (a, b) in enumerate(zip(base, own, strict=True)) if a != b]
        if wrong:
            path = answers[first].paths[wrong[0]]
            raise RequestError(
                f"run={name}: {counted(len(wrong), 'image')} {'has' if len(wrong) == 1 else 'have'} another class than "
                f"in {first}, such as {path}; compare runs on the same labels"
            )
