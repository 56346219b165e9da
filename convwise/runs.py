"""A run folder: what was asked, on what machine, which images, how it went; `run.json` comes last."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Self

from convwise.conv2d import NetworkSettings
from convwise.errors import ConvwiseError, RequestError
from convwise.evaluation import Evaluation
from convwise.files import cannot_write, temporary_name, write_json, write_text
from convwise.images.rules import USUAL, Rules
from convwise.nets.start import Pretrained
from convwise.places import folder_to_fill, folder_to_make, kind_of, named, reason_of
from convwise.processor import ONE_DNN, instruction_set, processor_name
from convwise.training.recipe import Recipe

_BEGUN_WITH = ("split.json", "classes.json", "settings.json")  # what a run holds before it is trained
BACKEND_PACKAGES = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax", "jaxlib"), "torch": ("torch",)}
_LONGEST_NAME = 50  # characters of the data's name and the network's in a run's: four bytes each at most


@dataclass(frozen=True)
class Subject:
    """Which network is trained how, on which images, resolved.

    `data` is the name or folder asked for, `folder` where it was found, `classes` and `exclude` what of it counts;
    `index_digest` pins the images; `reading` says how they were read, `copies` what counts as a copy.
    """

    data: str
    folder: str
    classes: tuple[str, ...] | None
    exclude: tuple[str, ...]
    net: str
    network: NetworkSettings
    recipe: Recipe
    per_class: int | None
    test: float | None
    validation: float
    index_digest: str
    reading: Rules = field(default=USUAL, kw_only=True)
    copies: str = field(default="near", kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "network": self.network.to_dict(), "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        classes = values["classes"]
        changed = {
            "classes": None if classes is None else tuple(classes),
            "exclude": tuple(values["exclude"]),
            "network": NetworkSettings.from_dict(values["network"]),
            "recipe": Recipe.from_dict(values["recipe"]),
            "reading": Rules.from_dict(values.get("reading")),
        }
        return cls(**{**values, **changed})


@dataclass(frozen=True)
class RunSettings(Subject):
    """Everything that decides a run: given these and the same pictures, the same run comes out.

    `pretrained`: the weights that the network starts from, None from scratch.
    """

    split_digest: str
    pretrained: Pretrained | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**super().to_dict(), "pretrained": self.pretrained.to_dict() if self.pretrained else None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`."""
        start = values.get("pretrained")
        return super().from_dict({**values, "pretrained": None if start is None else Pretrained.from_dict(start)})


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
        """What was asked."""
        return RunSettings.from_dict(self._read("settings.json"))

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


@contextmanager
def laid_out(folder: Path) -> Iterator[Path]:
    """A place to write to that becomes `folder`, whole, at the block's end, `environment.json` included.

    Raises RequestError if the folder holds anything already, ConvwiseError where it cannot be written.
    """
    refuse_used(folder)
    place = temporary_name(folder.parent)
    try:
        place.mkdir(parents=True)
        write_json(place / "environment.json", environment())
        yield place
        place.replace(folder)  # an empty folder of that name is replaced
    except OSError as problem:
        raise cannot_write(folder, problem) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def unused_folder(parent: str, name: str) -> Path:
    """`parent`/`name` with the time of day, and a number where that is taken; odd characters become _."""
    plain = re.sub(r"[^\w .,()+=@-]", "_", name).strip(" .")[-_LONGEST_NAME:] or "images"
    base = Path(parent) / f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def place_to_fill(out: str | Path | None, parent: str, *, data: Path, resume: str = "--resume") -> Path | None:
    """`out` as the folder of a new run or study, None where it gets an unused name in `parent`; before any work.

    Raises RequestError if it holds anything, lies where nothing can be written, or within the folder `data`.
    """
    place = folder_to_fill(parent, "out") if out is None else folder_to_make(out, "out")
    if out is not None:
        refuse_used(place, resume)
    if Path(os.path.realpath(data)) in Path(os.path.realpath(place)).parents:
        raise RequestError(
            f"out={place}: it lies in the folder of the images, where it would be taken for a class the next time; "
            "name a place outside with --out"
        )
    return None if out is None else place


def refuse_used(folder: Path, resume: str = "--resume") -> None:
    """Raises RequestError if the folder holds anything already; `resume` is the command that goes on with it."""
    kind = kind_of(folder, "out")
    try:
        used = kind is not None and (kind != "folder" or any(folder.iterdir()))
    except OSError as problem:
        raise RequestError(f"out={folder}: it cannot be looked into ({reason_of(problem)}); name a new one") from None
    if used:
        raise RequestError(f"out={folder}: it exists already; name a new one, or go on with {resume} {folder}")


def environment() -> dict[str, Any]:
    """Versions, backend, processor and threads: what a result may depend on besides its settings."""
    import keras

    names = ("convwise", "keras", "numpy", "opencv-python-headless", "pillow")
    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "versions": {name: v for name in (*names, *BACKEND_PACKAGES.get(backend, ())) if (v := package_version(name))},
        "backend": backend,
        "platform": platform.platform(),
        "processor": processor_name(),
        "instruction_set": instruction_set(),
        "one_dnn": os.environ.get(ONE_DNN),
        "cores": os.cpu_count(),
        "threads": {name: v for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS") if (v := os.environ.get(name))},
    }


def package_version(name: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
