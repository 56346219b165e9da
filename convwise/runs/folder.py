"""A run folder: what was asked, on what machine, which images, how it went; `run.json` comes last."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from convwise.errors import ConvwiseError, RequestError
from convwise.evaluation import Evaluation
from convwise.files import write_json, write_text
from convwise.html_repr import ShownAsHtml
from convwise.images.saved_split import SavedSplit, read_split
from convwise.nets.own.reference import OwnNetwork
from convwise.places import kind_of, named
from convwise.records import MOST_LIST_BYTES, convert, read_record, write_record
from convwise.runs.contents import (
    Summary,
    read_classes,
    read_summary,
    require_classes_of,
    require_evaluation_of,
    require_summary_of,
)
from convwise.runs.place import laid_out
from convwise.runs.predictions import Predictions
from convwise.runs.settings import RunSettings

T = TypeVar("T")
_BEGUN_WITH = ("split.json", "classes.json", "settings.json")  # what a run holds before it is trained


@dataclass(frozen=True)
class Run(ShownAsHtml):
    """One run folder. Its files are read when they are asked for.

    Attributes:
        folder: The folder.

    Example:
        >>> import convwise
        >>> run = convwise.Run.open("runs/first")
        >>> run.complete, run.class_names
        (True, ('circle', 'square', 'star'))
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path, settings: RunSettings, class_names: Sequence[str], split: Mapping[str, Any]) -> Run:
        """Writes what is known before training; the folder appears whole. Raises RequestError if it holds anything."""
        with laid_out(folder) as place:
            write_record(place / "split.json", split)
            write_json(place / "classes.json", list(class_names))  # other programs read it: a list, and no more
            write_record(place / "settings.json", settings.to_dict())
            if isinstance(settings.net, OwnNetwork):
                settings.net.copy_to(place)
        return cls(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """An existing run, complete or not. Raises RequestError where there is none, or its files are damaged."""
        path = named(folder, "run")
        if kind_of(path / "settings.json", "run") != "file":
            raise RequestError(
                f"run={folder}: there is no run in this folder (no settings.json); name the folder of one"
            )
        run = cls(path)
        run.require_sound()
        return run

    def require_sound(self) -> None:
        """Raises RequestError, naming the file, where one of the run's files is damaged or does not fit the others."""
        settings, names = self.settings, self.class_names
        if not (self.folder / "split.json").exists():  # a run that is only predicted with needs none
            return
        split = self.split
        self._require("split.json", lambda: require_classes_of(split, names))
        if split["digest"] != settings.split_digest:
            raise RequestError(f"{self.folder / 'split.json'}: it is not the split of settings.json; {self._fix}")
        if self.complete:
            summary = self.summary
            self._require("run.json", lambda: require_summary_of(summary, split))
            if summary["evaluated"]:
                evaluation = self.evaluation
                self._require("evaluation.json", lambda: require_evaluation_of(evaluation, names, len(split["test"])))

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return (self.folder / "run.json").is_file()

    def require_complete(self) -> None:
        """Raises RequestError, saying how to go on, for a run that stopped before its end."""
        if not self.complete:
            raise RequestError(
                f"run={self.folder}: it is not finished; finish it with convwise train --resume {self.folder}"
            )

    @property
    def model_path(self) -> Path:
        """The trained network: raw pixels 0..255, RGB or gray, to probabilities."""
        return self.folder / "model.keras"

    @property
    def settings(self) -> RunSettings:
        """What was asked; a network of the user's own is the run's copy of it."""
        return self._read("settings.json", RunSettings.from_dict).in_folder(self.folder)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self._read("classes.json", read_classes)

    @property
    def split(self) -> SavedSplit:
        """The saved split, as `Split.from_dict` takes it."""
        return self._read("split.json", read_split)

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation on the test images, made once at the run's end."""
        return self._read("evaluation.json", lambda values: Evaluation.from_dict(convert(values, dict[str, Any])))

    @property
    def predictions(self) -> Predictions:
        """What its network answered for its validation and test images, from predictions.npz."""
        return Predictions.load(self.folder)

    @property
    def summary(self) -> Summary:
        """The content of `run.json`."""
        return self._read("run.json", read_summary)

    def write_settings(self, settings: RunSettings) -> None:
        """Replaces the settings: a first stage finds out some of them."""
        write_record(self.folder / "settings.json", settings.to_dict())

    def write_metrics(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Rewrites metrics.jsonl: one line an epoch, exactly those of the checkpoint."""
        write_text(self.folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def finish(self, evaluation: Evaluation | None, summary: Mapping[str, Any]) -> None:
        """Writes the evaluation, then the manifest. Raises ConvwiseError where the run was removed meanwhile."""
        missing = [name for name in (*_BEGUN_WITH, self.model_path.name) if not (self.folder / name).is_file()]
        if missing:
            raise ConvwiseError(f"run={self.folder}: {missing[0]} was removed while it was trained; train again")
        if evaluation is not None:
            write_record(self.folder / "evaluation.json", evaluation.to_dict())
        write_record(self.folder / "run.json", summary)

    def _read(self, name: str, make: Callable[[Any], T]) -> T:
        return read_record(self.folder / name, make, fix=self._fix, most_bytes=MOST_LIST_BYTES)

    def _require(self, name: str, check: Callable[[], None]) -> None:
        try:
            check()
        except RequestError as problem:
            raise RequestError(f"{self.folder / name}: {problem}; {self._fix}") from None

    @property
    def _fix(self) -> str:
        return "put the file back as it was, or train again into a new folder"
