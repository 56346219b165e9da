"""The life of an export: files made, asked about every test image, held against the run, and put in place whole."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError
from convwise.export import measuring
from convwise.export.asked import ExportRequest
from convwise.export.beside import Card, write_beside
from convwise.export.formats import INT8_FOLDER, Format
from convwise.export.labels import labels_of
from convwise.export.processes import answer_of
from convwise.export.proof import Checked, Costs, Images, Proof, checked
from convwise.files import cannot_write, remove_leftovers, temporary_name
from convwise.images.split import Split
from convwise.names import counted
from convwise.processor import instruction_set, processor_name
from convwise.runs.environment import package_version
from convwise.seeds import generator

_N_CALIBRATION = 200  # images that set the ranges of integers, at most
_CHUNK = 256  # images written at a time
_SIDES = ("test", "validation", "train")

Heard = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Of a run: the images that are asked about, all pixels, which of them are asked about, and training images."""

    images: Images
    all: NDArray[np.uint8]
    asked: NDArray[np.int64]
    training: NDArray[np.int64]

    def write(self, members: NDArray[np.int64], path: Path) -> None:
        """The pixels of some images, as they are and in this order, a few at a time: all may be more than fit."""
        shape = (len(members), *self.all.shape[1:])
        target = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        for at in range(0, len(members), _CHUNK):
            target[at : at + _CHUNK] = self.all[members[at : at + _CHUNK]]
        target.flush()


def export_run(request: ExportRequest, card: Card | None = None, progress: Heard | None = None) -> Proof:
    """Makes the export, which appears whole in `request.out`, and returns its proof.

    `progress` hears (steps done, of how many). Raises RequestError where the pictures are gone or have changed,
    ConvwiseError where the network cannot be exported, integers cost too much, or the disk is full.
    """
    began = time.monotonic()
    steps = _Steps(3 + len(request.formats) * (1 + request.int8), progress)
    pixels = _pixels_of(request)
    steps.done()
    with _place_for(request.out) as place, _work_in(place) as work:
        environment = {"TMPDIR": str(work)}
        pixels.write(pixels.asked, work / "images.npy")
        if request.int8:
            pixels.write(pixels.training, work / "calibration.npy")
        costs, before = _reference(request, work, environment)
        steps.done()
        _make(request, place, work, environment)
        steps.done()
        files = []
        for each, int8 in [(each, int8) for each in request.formats for int8 in (False, *([True] * request.int8))]:
            files.append(_checked(each, place / INT8_FOLDER if int8 else place, pixels, before, work, int8))
            steps.done()
        proof = Proof(
            run=str(request.run.folder),
            side=pixels.images.side,
            n=len(pixels.images.labels),
            accuracy=pixels.images.accuracy(before),
            costs=costs,
            files=tuple(files),
            environment=_environment(request),
            seconds=round(time.monotonic() - began, 2),
        )
        _refuse_loss(request, proof)
        if request.int8:
            _replace_floats(request, place)
        labels = labels_of(request.run)
        labels.write(place)
        write_beside(place, labels, request.formats, proof, card)
        proof.write(place)
    return proof


class _Steps:
    """Tells how much is done."""

    def __init__(self, n: int, heard: Heard | None) -> None:
        self._n, self._done, self._heard = n, 0, heard

    def done(self) -> None:
        """One more."""
        self._done += 1
        if self._heard is not None:
            self._heard(self._done, self._n)


@contextmanager
def _place_for(folder: Path) -> Iterator[Path]:
    """A place to write to that becomes `folder`, whole, at the block's end."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder.parent)
        place = temporary_name(folder.parent).absolute()
        try:
            place.mkdir()
            yield place
            place.replace(folder)  # an empty folder of that name is replaced
        finally:
            shutil.rmtree(place, ignore_errors=True)
    except OSError as problem:
        raise cannot_write(folder, problem) from None


@contextmanager
def _work_in(place: Path) -> Iterator[Path]:
    """A folder for what lies between; it goes with the block."""
    work = place / "work"
    work.mkdir()
    yield work
    shutil.rmtree(work)


def _pixels_of(request: ExportRequest) -> _Pixels:
    """Raises RequestError where the run's pictures are not what they were."""
    run, settings = request.run, request.run.settings
    index, pixels = settings.pictures.read()
    if index.digest != settings.index_digest:
        raise RequestError(
            f"run={run.folder}: the pictures in {settings.folder} have changed since it was trained, so nothing can be "
            "shown of an export; put them back as they were"
        )
    split = Split.from_dict(run.split, index)
    side = next(name for name in _SIDES if len(getattr(split, name)))
    members = np.sort(getattr(split, side))
    draw = generator(settings.recipe.seed, "calibration")
    n = min(_N_CALIBRATION, len(split.train))
    training = np.sort(draw.choice(split.train, n, replace=False)) if request.int8 else members[:0]
    images = Images(side, [index.paths[i] for i in members], index.labels[members], run.class_names)
    return _Pixels(images, pixels, members, training)


def _reference(request: ExportRequest, work: Path, environment: dict[str, str]) -> tuple[Costs, NDArray[np.float64]]:
    asked = {
        "run": str(request.run.folder.absolute()),
        "images": str(work / "images.npy"),
        "answers": str(work / "before.npy"),
        "trust": request.trust,
    }
    found = answer_of(["-m", "convwise.export.reference"], asked, what="the run's own prediction", **environment)
    return _costs(found, request.run.model_path), np.load(work / "before.npy")


def _make(request: ExportRequest, place: Path, work: Path, environment: dict[str, str]) -> None:
    asked = {
        "run": str(request.run.folder.absolute()),
        "place": str(place),
        "formats": [each.name for each in request.formats],
        "trust": request.trust,
        "calibration": str(work / "calibration.npy") if request.int8 else "",
    }
    environment = {**environment, "KERAS_BACKEND": "tensorflow"}
    answer_of(["-m", "convwise.export.making"], asked, what="the export", **environment)


def _checked(
    each: Format, folder: Path, pixels: _Pixels, before: NDArray[np.float64], work: Path, int8: bool
) -> Checked:
    """The file in `folder`, asked in a process of its own."""
    asked = {
        "format": each.name,
        "file": str(folder / each.file),
        "shape": pixels.all.shape[1:],
        "images": str(work / "images.npy"),
        "answers": str(work / "after.npy"),
    }
    found = answer_of(["-P", measuring.__file__], asked, what=f"{each.title}'s own runtime")
    if found["imported"]:
        raise ConvwiseError(f"to={each.name}: its runtime imported {', '.join(found['imported'])}, so nothing is shown")
    after = np.load(work / "after.npy")
    if after.shape != before.shape:
        raise ConvwiseError(f"to={each.name}: it answers with {after.shape}, the run with {before.shape}")
    costs = _costs(found, *(folder / name for name in each.files))
    return checked(each.name, costs, pixels.images, before=before, after=after, int8=int8)


def _costs(found: dict[str, Any], *files: Path) -> Costs:
    return Costs(
        n_bytes=sum(_n_bytes(path) for path in files),
        start_seconds=round(found["start_seconds"], 3),
        resident_bytes=found["resident_bytes"],
        ms_1=round(found["ms_1"], 4),
        ms_32=round(found["ms_32"], 4),
    )


def _n_bytes(path: Path) -> int:
    """Of a file, or of all files below a folder."""
    return sum(each.stat().st_size for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file())


def _refuse_loss(request: ExportRequest, proof: Proof) -> None:
    """Raises ConvwiseError where integers cost more than they may."""
    for each in proof.files:
        loss = -100 * each.difference.value
        if each.int8 and loss > request.most_loss:
            low, high = -100 * each.difference.high, -100 * each.difference.low
            worst = max(each.recalls, key=lambda recall: recall.before - recall.after)
            images = counted(proof.n, f"{proof.side} image")
            raise ConvwiseError(
                f"int8=True: {each.format} loses {loss:.1f} points of accuracy by it ({low:.1f} to {high:.1f}, on "
                f"{images}; most in {worst.name}, {100 * (worst.before - worst.after):.1f}), and "
                f"most_loss={request.most_loss:g} was allowed; export floats, or allow more"
            )


def _replace_floats(request: ExportRequest, place: Path) -> None:
    for each in request.formats:
        for name in each.files:
            (place / INT8_FOLDER / name).replace(place / name)
    (place / INT8_FOLDER).rmdir()


def _environment(request: ExportRequest) -> dict[str, Any]:
    names = ("convwise", "keras", "numpy", *(each.package for each in request.formats))
    return {
        "versions": {name: version for name in names if (version := package_version(name))},
        "processor": processor_name(),
        "instruction_set": instruction_set(),
        "cores": os.cpu_count(),
    }
