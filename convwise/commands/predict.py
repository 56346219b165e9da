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

from convwise import checks
from convwise.cores import available_cores
from convwise.errors import RequestError
from convwise.export.exported import Exported
from convwise.files import write_text
from convwise.html_repr import ShownAsHtml
from convwise.images.image_shape import ImageShape
from convwise.images.reading import Picture, UnreadableImage, load_picture
from convwise.images.rules import Rules
from convwise.images.walking import passed_over, walk
from convwise.names import printable, shown
from convwise.nets.backend import require_backend
from convwise.places import kind_of, named
from convwise.runs import Run
from convwise.runs.judging import Judge, load_model
from convwise.runs.notes import beyond_range

_CHUNK = 256  # images held in memory at a time


@dataclass(frozen=True)
class Prediction:
    """One file's answer: a label with its probability, or the reason why there is none.

    Attributes:
        path: The file.
        label: The most probable label; None with an `error`.
        probability: That of the label, 0 to 1; None with an `error`.
        top: The most probable labels with their probabilities, falling.
        error: Why the file has no answer; None where it has one.
        warning: What to keep in mind about the answer; None where there is nothing.
        unsure: Whether the probability is below what was asked for; None where nothing was asked.

    Example:
        >>> from convwise.commands.predict import Prediction
        >>> Prediction("notes.txt", error="not a picture").to_dict()
        {'path': 'notes.txt', 'error': 'not a picture'}
    """

    path: str
    label: str | None = None
    probability: float | None = None
    top: tuple[tuple[str, float], ...] = ()
    error: str | None = None
    warning: str | None = None
    unsure: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        top = [{"label": label, "probability": probability} for label, probability in self.top]
        values = {"path": self.path, "label": self.label, "probability": self.probability, "top": top}
        values |= {"warning": self.warning} if self.warning else {}
        return values | ({"unsure": self.unsure} if self.unsure is not None else {})


class PredictionList(list[Prediction], ShownAsHtml):
    """Answers in the order of the files: a list that shows itself in a notebook.

    Example:
        >>> import convwise
        >>> convwise.predict("runs/first", ["pictures/star"])[0].error is None
        True
    """


def predict(
    run: str | Path | Run | Exported,
    paths: Sequence[str | Path],
    *,
    top: int = 5,
    unsure: float | None = None,
    trust: bool = False,
    most_pixels: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction]:
    """Predicts the label of each file, and of each file below each folder, in order.

    Pictures are read as they were for the training. What cannot be read is answered with `error`, and so is a folder
    that cannot be entered. An export answers by its own runtime, without Keras.

    Args:
        run: The run or its folder, or an export or its folder.
        paths: Pictures and folders of pictures, at least one.
        top: Number of most probable labels to list, at least 1.
        unsure: Probability from 0 to 1 below which an answer is marked; no answer is marked if None.
        trust: Whether code is run that the run's model file holds, such as a Lambda layer.
        most_pixels: Largest picture that is read, in pixels; the run's limit if None.
        progress: Hears (files done, of how many); nobody does if None.

    Returns:
        An answer for each file.

    Raises:
        RequestError: a path does not exist, the run is not finished, a value is out of its range, or what runs the
            export is not installed.
        ConvwiseError: the model file is damaged, or is not the run's network.

    Example:
        >>> import convwise
        >>> answers = convwise.predict("runs/first", ["pictures/star"], top=2)
        >>> len(answers), answers[0].path, len(answers[0].top)
        (16, 'pictures/star/star_0000.png', 2)
    """
    opened = _opened(run)
    checks.whole("top", top, 1)
    if unsure is not None:
        checks.number("unsure", unsure, 0, 1)
    if not paths:
        raise RequestError("paths=: nothing is named; name pictures or folders of pictures")
    files = [file for path in paths for file in _files(path)]
    asked = _asked(opened, trust)
    rules = asked.rules.limited_to(most_pixels)

    def picture_of(file: _File) -> Picture | str:
        if file.reason:
            return file.reason
        try:
            return load_picture(file.path, shape=asked.shape, resize=asked.resize, rules=rules)
        except UnreadableImage as problem:
            return str(problem)

    answers = PredictionList()
    with ThreadPoolExecutor(available_cores()) as pool:  # reading and decoding release the interpreter's lock
        for start in range(0, len(files), _CHUNK):
            chunk = files[start : start + _CHUNK]
            pictures = list(pool.map(picture_of, chunk))
            answers += _answers(asked, chunk, pictures, top)
            if progress is not None:
                progress(len(answers), len(files))
    return answers if unsure is None else PredictionList(_marked(answer, unsure) for answer in answers)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Who answers: what its pictures are fitted to and how they are read, its classes, pixels to probabilities."""

    shape: ImageShape
    resize: str
    rules: Rules
    class_names: tuple[str, ...]
    probabilities: Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def _opened(run: str | Path | Run | Exported) -> Run | Exported:
    """Raises RequestError where there is none of them, or the run is not finished."""
    if not isinstance(run, Run | Exported):
        run = Exported.open(run) if Exported.is_one(named(run, "run")) else Run.open(run)
    if isinstance(run, Run):
        run.require_complete()
        require_backend()
    return run


def _asked(run: Run | Exported, trust: bool) -> _Asked:
    if isinstance(run, Exported):
        if trust:
            raise RequestError("trust=True: an export holds no code that could be run; omit it")
        labels = run.labels
        return _Asked(labels.shape, labels.resize, labels.rules, labels.class_names, run.asked())
    recipe, names = run.settings.recipe, run.class_names
    judge = Judge(load_model(run, trust=trust), names, recipe.flip_averaging)
    return _Asked(
        recipe.shape,
        recipe.resize,
        run.settings.reading,
        names,
        lambda pixels: judge.probabilities(pixels, np.arange(len(pixels))),
    )


def _marked(answer: Prediction, unsure: float) -> Prediction:
    return answer if answer.probability is None else replace(answer, unsure=answer.probability < unsure)


def write_csv(answers: Sequence[Prediction], path: str | Path) -> None:
    """One line per file: path, label, probability, error, the further labels with their probabilities; unsure if asked.

    Odd names are escaped as `convwise.names.shown` does, so that a file is a line, in UTF-8.
    """
    n_top = max((len(answer.top) for answer in answers), default=0)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    further = [column for i in range(2, n_top + 1) for column in (f"label_{i}", f"probability_{i}")]
    marked = any(answer.unsure is not None for answer in answers)
    writer.writerow(["path", "label", "probability", "error", *further, *(["unsure"] if marked else [])])
    for answer in answers:
        rest = [cell for label, probability in answer.top[1:] for cell in (shown(label), probability)]
        label = None if answer.label is None else shown(answer.label)
        error = None if answer.error is None else printable(answer.error)
        cells = [shown(answer.path), label, answer.probability, error, *rest]
        if marked:
            cells += [None] * (2 * max(n_top - 1, 0) - len(rest))
            cells.append(None if answer.unsure is None else "yes" if answer.unsure else "no")
        writer.writerow(cells)
    write_text(named(path, "csv"), text.getvalue())


@dataclass(frozen=True)
class _File:
    """A file to answer; with a `reason`, why there is nothing to read."""

    path: Path
    reason: str = ""


def _files(given: str | Path) -> list[_File]:
    path = named(given, "paths")
    kind = kind_of(path, "paths")
    if kind is None:
        raise RequestError(f"paths={path}: there is no such file or folder")
    if kind == "special":
        raise RequestError(f"paths={path}: it is no regular file; name a picture or a folder of pictures")
    if kind == "file":
        return [_File(path)]
    entries = [entry for entry in walk(path) if not passed_over(entry.path.rpartition("/")[2])]
    if not entries:
        raise RequestError(f"paths={path}: the folder is empty; name a picture or a folder of pictures")
    if not entries[0].path:
        raise RequestError(f"paths={path}: {entries[0].reason}; give yourself the permission")
    return sorted((_File(path / entry.path, entry.reason) for entry in entries), key=lambda file: file.path)


def _answers(asked: _Asked, files: Sequence[_File], pictures: Sequence[Picture | str], top: int) -> list[Prediction]:
    readable = [picture.pixels for picture in pictures if not isinstance(picture, str)]
    rows: Iterator[NDArray[np.float64]] = iter(())
    if readable:
        rows = iter(asked.probabilities(np.stack(readable)))
    answers = []
    for file, picture in zip(files, pictures, strict=True):
        if isinstance(picture, str):
            answers.append(Prediction(str(file.path), error=picture))
            continue
        row = next(rows)
        best = np.argsort(-row, kind="stable")[:top]
        ranked = tuple((asked.class_names[i], float(row[i])) for i in best)
        warning = beyond_range(1, asked.rules) if picture.peak > asked.rules.white else None
        answers.append(Prediction(str(file.path), ranked[0][0], ranked[0][1], ranked, warning=warning))
    return answers
