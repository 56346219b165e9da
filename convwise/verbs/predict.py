"""predict: labels with probabilities for single pictures and folders of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.cores import available_cores
from convwise.errors import RequestError
from convwise.files import write_text
from convwise.images.depth import beyond_range
from convwise.images.reading import Picture, UnreadableImage, load_picture
from convwise.runs import Run
from convwise.verbs.evaluate import load_model

_CHUNK = 256  # images held in memory at a time


@dataclass(frozen=True)
class Prediction:
    """One file's answer: the label with its probability and the `top` labels, or the reason why there is none.

    `warning` says what to keep in mind about an answer.
    """

    path: str
    label: str | None = None
    probability: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    error: str | None = None
    warning: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        top = [{"label": label, "probability": probability} for label, probability in self.top]
        values = {"path": self.path, "label": self.label, "probability": self.probability, "top": top}
        return values | ({"warning": self.warning} if self.warning else {})


def predict(
    run: str | Path | Run,
    paths: Sequence[str | Path],
    *,
    top: int = 5,
    most_pixels: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction]:
    """Predicts each file, and each file below each folder, in order. Unreadable files are answered with `error`.

    Pictures are read as they were for the training; those of more than `most_pixels` (the run's) are unreadable.
    `progress` hears (files done, of how many). Raises RequestError for a path that does not exist, an unfinished run,
    or top below 1.
    """
    run = run if isinstance(run, Run) else Run.open(run)
    run.require_complete()
    if top < 1:
        raise RequestError(f"top={top}: it must be 1 or more")
    if not paths:
        raise RequestError("no path given: name pictures or folders of pictures")
    files = [file for path in paths for file in _files(Path(path))]
    recipe = run.settings.recipe
    rules = replace(run.settings.reading, **({} if most_pixels is None else {"most_pixels": most_pixels}))
    model = load_model(run)

    def picture_of(file: Path) -> Picture | str:
        try:
            return load_picture(file, size=recipe.size_px, fit=recipe.fit, rules=rules)
        except UnreadableImage as problem:
            return str(problem)

    answers: list[Prediction] = []
    with ThreadPoolExecutor(available_cores()) as pool:  # reading and decoding release the interpreter's lock
        for start in range(0, len(files), _CHUNK):
            chunk = files[start : start + _CHUNK]
            answers += _answers(model, run, chunk, list(pool.map(picture_of, chunk)), top, recipe.flip_averaging)
            if progress is not None:
                progress(len(answers), len(files))
    return answers


def write_csv(answers: Sequence[Prediction], path: Path) -> None:
    """One line a file: path, label, probability, error, and the further labels with their probabilities."""
    n_top = max((len(answer.top) for answer in answers), default=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    further = [column for i in range(2, n_top + 1) for column in (f"label_{i}", f"probability_{i}")]
    writer.writerow(["path", "label", "probability", "error", *further])
    for answer in answers:
        rest = [cell for pair in answer.top[1:] for cell in pair]
        writer.writerow([answer.path, answer.label, answer.probability, answer.error, *rest])
    write_text(path, text.getvalue())


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not found:
            raise RequestError(f"path={path}: the folder is empty; name a picture or a folder of pictures")
        return found
    if not path.exists():
        raise RequestError(f"path={path}: there is no such file or folder")
    return [path]


def _answers(
    model: Any,
    run: Run,
    files: Sequence[Path],
    pictures: Sequence[Picture | str],
    top: int,
    flip_averaging: bool,
) -> list[Prediction]:
    from convwise.training.predict import predict_probabilities

    names = run.class_names
    readable = [picture.pixels for picture in pictures if not isinstance(picture, str)]
    rows: Iterator[NDArray[np.float64]] = iter(())
    if readable:
        stack = np.stack(readable)
        rows = iter(predict_probabilities(model, stack, np.arange(len(stack)), flip_averaging=flip_averaging))
    answers = []
    rules = run.settings.reading
    for file, picture in zip(files, pictures, strict=True):
        if isinstance(picture, str):
            answers.append(Prediction(str(file), error=picture))
            continue
        row = next(rows)
        best = np.argsort(-row, kind="stable")[:top]
        ranked = tuple((names[i], float(row[i])) for i in best)
        warning = beyond_range(1, rules) if picture.peak > rules.white else None
        answers.append(Prediction(str(file), ranked[0][0], ranked[0][1], ranked, warning=warning))
    return answers
