"""A run folder: what was asked, on what machine, which images, how it went; `run.json` comes last."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.errors import ConvwiseError, RequestError
from convwise.evaluation import Evaluation
from convwise.files import write_json, write_text
from convwise.nets.own.reference import OwnNetwork
from convwise.places import kind_of, named
from convwise.runs.place import laid_out
from convwise.runs.settings import RunSettings

_BEGUN_WITH = ("split.json", "classes.json", "settings.json")  # what a run holds before it is trained


@dataclass(frozen=True)
class Run:
    """One run folder. Its files are read when they are asked for."""

    folder: Path

    @classmethod
    def create(cls, folder: Path, settings: RunSettings, class_names: Sequence[str], split: Mapping[str, Any]) -> Run:
        """Writes what is known before training; the folder appears whole. Raises RequestError if it holds anything."""
        with laid_out(folder) as place:
            for name, value in zip(_BEGUN_WITH, (split, list(class_names), settings.to_dict()), strict=True):
                write_json(place / name, value)
            if isinstance(settings.net, OwnNetwork):
                settings.net.copy_to(place)
        return cls(folder)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """An existing run, complete or not. Raises RequestError where there is none."""
        path = named(folder, "run")
        if kind_of(path / "settings.json", "run") != "file":
            raise RequestError(
                f"run={folder}: there is no run in this folder (no settings.json); name the folder of one"
            )
        return cls(path)

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
        """The trained network: raw RGB pixels 0..255 to probabilities."""
        return self.folder / "model.keras"

    @property
    def settings(self) -> RunSettings:
        """What was asked; a network of the user's own is the run's copy of it."""
        return RunSettings.from_dict(self._read("settings.json")).in_folder(self.folder)

    @property
    def class_names(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return tuple(self._read("classes.json"))

    @property
    def split(self) -> dict[str, Any]:
        """The saved split, as `Split.from_dict` takes it."""
        return dict(self._read("split.json"))

    @property
    def evaluation(self) -> Evaluation:
        """The evaluation on the test images, made once at the run's end."""
        return Evaluation.from_dict(self._read("evaluation.json"))

    @property
    def summary(self) -> dict[str, Any]:
        """The content of `run.json`."""
        return dict(self._read("run.json"))

    def write_settings(self, settings: RunSettings) -> None:
        """Replaces the settings: a first stage finds out some of them."""
        write_json(self.folder / "settings.json", settings.to_dict())

    def write_metrics(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Rewrites metrics.jsonl: one line an epoch, exactly those of the checkpoint."""
        write_text(self.folder / "metrics.jsonl", "".join(json.dumps(row) + "\n" for row in rows))

    def finish(self, evaluation: Evaluation | None, summary: Mapping[str, Any]) -> None:
        """Writes the evaluation, then the manifest. Raises ConvwiseError where the run was removed meanwhile."""
        missing = [name for name in (*_BEGUN_WITH, self.model_path.name) if not (self.folder / name).is_file()]
        if missing:
            raise ConvwiseError(f"run={self.folder}: {missing[0]} was removed while it was trained; train again")
        if evaluation is not None:
            write_json(self.folder / "evaluation.json", evaluation.to_dict())
        write_json(self.folder / "run.json", dict(summary))

    def _read(self, name: str) -> Any:
        path = self.folder / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise ConvwiseError(f"{path} cannot be read: {problem}") from None
