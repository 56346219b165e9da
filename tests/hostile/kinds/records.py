"""Records with keys taken out and values of other kinds, files that are none, caches that are not what was written."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from convwise.images.image_shape import ImageShape
from tests.hostile.cases import Case, Material
from tests.hostile.kinds.picture_changes import flip_bits, overwrite, truncate
from tests.hostile.surroundings import HOME
from tests.tampering import NO_RECORDS, OLD_RECORDS, OTHERS, places_in, rewritten, values_of, with_other, without

_PREDICT = ("predict", "run", "pictures/apple/00.png", "--json")
_EVALUATE = ("evaluate", "run", "--json")
_EXPLAIN = ("explain", "run", "--json")
_RESUME = ("train", "--resume", "run", "--json")
_FROM_STUDY = ("train", "pictures/apple", "--from-study", "study", "--out", "out")  # no classes: refused after it
_REPORT = ("study", "report", "study", "--json")
_GO_ON = ("study", "--resume", "study", "--json")
_CHECK = ("data", "check", "pictures", "--json")
# Each record with the commands that read it.
_READ_BY: dict[str, tuple[tuple[str, ...], ...]] = {
    "run/settings.json": (_PREDICT, _EVALUATE, _EXPLAIN, _RESUME),
    "run/classes.json": (_PREDICT, _EVALUATE, _EXPLAIN, _RESUME),
    "run/split.json": (_PREDICT, _EVALUATE, _EXPLAIN, _RESUME),
    "run/run.json": (_PREDICT, _EVALUATE, _EXPLAIN, _RESUME),
    "run/evaluation.json": (_PREDICT, _EVALUATE, _RESUME, _RESUME),
    "run/checkpoint/last.npz": (_RESUME,),
    "study/study.json": (_FROM_STUDY, _GO_ON),
    "study/plan.json": (_GO_ON,),
    "study/trials.jsonl": (_GO_ON,),
    "study/result.json": (_REPORT, _REPORT, _GO_ON, _FROM_STUDY),
    "scans": (_CHECK,),
    "pixels": (_EVALUATE,),
}


def records(rng: random.Random, folder: Path, material: Material) -> Case:
    """A run and a study of which one file is another; read by a command that needs it."""
    for name in ("pictures", "run", "study"):
        shutil.copytree(OLD_RECORDS / name, folder / name)
    name = rng.choice(tuple(_READ_BY))
    argv = rng.choice(_READ_BY[name])
    unfinished = name == "run/checkpoint/last.npz" or (argv in (_RESUME, _GO_ON) and name not in _LAST)
    if unfinished:
        for last in _LAST:
            (folder / last).unlink()
    exits = {0, 1, 2}
    if name in ("scans", "pixels"):
        _damage_a_cache(rng, folder, name)
    elif name.endswith(".npz"):
        _damage_the_progress(rng, folder / name)
    elif rng.random() < 0.25:
        (folder / name).write_bytes(rng.choice(tuple(NO_RECORDS.values())) + b"\n")
        exits = {0, 2} if name == "study/trials.jsonl" else {2}  # an empty line is none
    elif rng.random() < 0.95:
        _damage_a_value(rng, folder / name)
    return Case(
        argv,
        may_write=("out",) if argv == _FROM_STUDY else ("run", "study"),
        exits=frozenset(exits),
        after_newline=("zqnl",),
        stop_after_s=2 if argv == _GO_ON else None,  # a trial that is taken from the record is carried out again
    )


_LAST = ("run/run.json", "run/evaluation.json", "study/result.json")


def _damage_a_value(rng: random.Random, path: Path) -> None:
    values = values_of(path)
    for _ in range(rng.choice((1, 1, 1, 3))):
        places = tuple(places_in(values))
        if places:
            place = rng.choice(places)
            values = without(values, place) if rng.random() < 0.3 else with_other(values, place, rng.choice(OTHERS))
    rewritten(path, values)


def _damage_the_progress(rng: random.Random, path: Path) -> None:
    with np.load(path) as archive:
        arrays = dict(archive)
    text = json.dumps(_other_progress(rng, json.loads(arrays["progress"].tobytes()))).encode()
    if rng.random() < 0.3:
        text = rng.choice(tuple(NO_RECORDS.values()))
    arrays["progress"] = np.frombuffer(text, np.uint8)
    if rng.random() < 0.1:
        del arrays["progress"]
    np.savez(path, **arrays)


def _other_progress(rng: random.Random, values: object) -> object:
    place = rng.choice(tuple(places_in(values)))
    return without(values, place) if rng.random() < 0.3 else with_other(values, place, rng.choice(OTHERS))


def _damage_a_cache(rng: random.Random, folder: Path, name: str) -> None:
    """A pass over the pictures is made first; what it has left in the home is then another."""
    from convwise.images.prepare import prepare

    with mock.patch.dict(os.environ, {"CONVWISE_HOME": str(folder / HOME)}):
        prepare(folder / "pictures", shape=ImageShape.of(8), resize="stretch", copies="near")
    (path,) = (folder / HOME / name).glob("*.npz" if name == "scans" else "*/manifest.json")
    if name == "pixels":
        if rng.random() < 0.5:
            _damage_a_value(rng, path)
        else:
            path.write_bytes(rng.choice(tuple(NO_RECORDS.values())))
        return
    if rng.random() < 0.4:
        path.write_bytes(rng.choice((flip_bits, overwrite, truncate))(rng, path.read_bytes()))
        return
    with np.load(path) as archive:
        columns = dict(archive)
    column = rng.choice(tuple(columns))
    changes: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
        lambda found: found[:0] if found.ndim else np.array(""),
        lambda found: np.concatenate([found, found]) if found.ndim else found[None],
        lambda found: np.zeros(3),
        lambda found: np.array("x"),
        lambda found: np.full(found.shape, -1),
        lambda found: found.astype("U") if found.dtype != np.uint8 else found.astype(float) + 0.5,
    )
    columns[column] = rng.choice(changes)(columns[column])
    if rng.random() < 0.2:
        del columns[column]
    made = io.BytesIO()
    np.savez(made, **columns)
    path.write_bytes(made.getvalue())
