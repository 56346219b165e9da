"""The records of a run, read from its folder, and its pictures as they are now."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convwise.errors import RequestError
from convwise.evaluation import Evaluation, evaluate
from convwise.images.index import ImageIndex
from convwise.images.prepare import index_folder
from convwise.records import record_values
from convwise.report.confidence import Answers
from convwise.report.run_records import RunRecords, Source, Training
from convwise.runs import Run, RunSettings
from convwise.runs.again import Again


def records_of(run: Run) -> RunRecords:
    """Reads the run's files. Raises RequestError where it is not finished, or a file is damaged."""
    run.require_complete()
    summary, settings = run.summary, run.settings
    evaluation = run.evaluation if summary["evaluated"] else None
    answers, why = (None, "there were no test images") if evaluation is None else _answers(run, evaluation)
    return RunRecords(
        name=run.folder.resolve().name,
        training=_training(settings),
        source=Source(
            data=settings.data,
            folder=Path(settings.folder),
            copies=settings.copies,
            grouped=settings.group_by is not None,
            index_digest=settings.index_digest,
            split_digest=settings.split_digest,
        ),
        class_names=run.class_names,
        split=run.split,
        summary=summary,
        epochs=epochs_of(run),
        evaluation=evaluation,
        answers=answers,
        on_validation=_on_validation(run),
        why_no_answers=why,
        settings=settings.to_dict(),
        environment=environment_of(run.folder / "environment.json"),
        ended=date_of(run.folder / "run.json"),
        commands=Again(settings),
    )


def pictures_now(run: Run) -> tuple[ImageIndex | None, str]:
    """The index of the run's pictures; None with the reason in words where they are gone or not the same."""
    settings = run.settings
    try:
        index = index_folder(
            settings.folder,
            classes=settings.classes,
            exclude=settings.exclude,
            copies=settings.copies,
            rules=settings.reading,
        )
    except RequestError as problem:
        return None, f"The pictures are not where they were: {problem}."
    if index.digest != settings.index_digest:
        return None, (
            f"The pictures in {settings.folder} have changed since the training. Those that still have their name are "
            "shown as they are now; what was left out and which are copies is no longer known."
        )
    return index, ""


def epochs_of(run: Run) -> tuple[Mapping[str, float], ...]:
    """The rows of metrics.jsonl; none where it is missing. Raises RequestError where it is damaged."""
    path = run.folder / "metrics.jsonl"
    try:
        lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines()
        rows = tuple(json.loads(line) for line in lines if line.strip())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as problem:
        raise RequestError(f"{path}: it cannot be read as a line of JSON for each epoch ({problem})") from None
    if not all(isinstance(row, dict) and "epoch" in row and all(map(_is_number, row.values())) for row in rows):
        raise RequestError(f"{path}: each line must hold an epoch and other numbers")
    return rows


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e300  # so is no NaN


def _training(settings: RunSettings) -> Training:
    recipe = settings.recipe
    return Training(
        net=str(settings.net),
        weights=settings.pretrained.weights if settings.pretrained else None,
        recipe=recipe.name,
        shape=recipe.shape,
        resize=recipe.resize,
        augmentation=recipe.augmentation,
        label_smoothing=recipe.label_smoothing,
        flip_averaging=recipe.flip_averaging,
        weighted=recipe.class_weights != "none",
        minutes=recipe.minutes,
        precision=recipe.precision,
        towers=recipe.towers or 1,
        seed=recipe.seed,
    )


def _answers(run: Run, evaluation: Evaluation) -> tuple[Answers | None, str]:
    try:
        kept = run.predictions
    except RequestError as problem:
        return None, str(problem)
    tested = kept.sides == "test"
    names = tuple(str(name) for name in kept.class_names)
    if int(tested.sum()) != evaluation.n or names != evaluation.class_names:
        return None, "predictions.npz is not of the images that were evaluated"
    paths = tuple(str(path) for path in kept.paths[tested])
    return Answers(paths, kept.labels[tested], np.asarray(kept.probabilities[tested], np.float64), names), ""


def _on_validation(run: Run) -> Evaluation | None:
    try:
        kept = run.predictions
    except RequestError:
        return None
    held = kept.sides == "validation"
    if not held.any():
        return None
    labels, probabilities = kept.labels[held], np.asarray(kept.probabilities[held], np.float64)
    return evaluate(labels, probabilities, tuple(map(str, kept.class_names)), split="validation")


def environment_of(path: Path) -> Mapping[str, Any]:
    """The versions and the machine of `environment.json`; nothing where it cannot be read."""
    try:
        values = record_values(path.read_text(encoding="utf-8"))
    except (OSError, RequestError, ValueError):
        return {}  # it decides nothing
    return values if isinstance(values, dict) else {}


def date_of(path: Path) -> str:
    """`3 Nov 2026`: when the file was written."""
    try:
        moment = time.localtime(path.stat().st_mtime)
    except OSError:
        return "date not known"
    return f"{moment.tm_mday} {time.strftime('%b %Y', moment)}"
