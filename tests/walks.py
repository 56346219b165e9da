"""The files that an image, a prediction or a question enters, traced: `python tests/walks.py image`.

A file counts as entered when one of its functions first takes or gives back what walks: an image's path, bytes or
pixels, or a record that holds them; a study's request, factors, blocks, trials, outcomes, readings and verdicts. A step
back up (↑) leads from a file to one on a higher floor, which then enters the next one.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import convwise

PACKAGE = Path(convwise.__file__).parent
OF_IMAGES = frozenset(
    ("Listing", "ScanTable", "ImageIndex", "Split", "Material", "PixelCache", "Batches", "Evaluation")
)
OF_QUESTIONS = frozenset(
    (
        *("StudyRequest", "Request", "Factor", "Level", "Settled", "Plan", "Candidate", "Round", "Trial", "Outcome"),
        *("Scores", "Block", "Reading", "Estimate", "Finding", "Nominee", "Confirmation", "Verdict", "StudyResult"),
    )
)


class Walk:
    """Which files were entered, in order, each with the file that called it."""

    def __init__(self, walks: Callable[[Any], bool]) -> None:
        self._walks = walks
        self.entered: dict[str, str] = {}

    def __call__(self, frame: FrameType, event: str, value: Any) -> None:
        """A profiler: see `sys.setprofile`."""
        if event not in ("call", "return") or (place := _place(frame)) is None or place in self.entered:
            return
        if event == "call":
            code = frame.f_code
            n_arguments = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
            values = [frame.f_locals.get(name) for name in code.co_varnames[:n_arguments]]
        else:
            values = [value]
        if any(map(self._walks, values)):
            self.entered[place] = self._caller(frame)

    @staticmethod
    def _caller(frame: FrameType) -> str:
        place, above = _place(frame), frame.f_back
        while above is not None and _place(above) in (None, place):
            above = above.f_back
        return (_place(above) if above else None) or ""

    def steps_back(self, floors: list[list[str]]) -> list[str]:
        """The files that were entered from a higher floor than that of the file before them."""
        found, before = [], ""
        for place, caller in self.entered.items():
            if before and caller and caller != before and _floor(caller, floors) < _floor(before, floors):
                found.append(place)
            before = place
        return found


def _place(frame: FrameType) -> str | None:
    """The file below the package; None for others and for module bodies."""
    return None if frame.f_code.co_name == "<module>" else _below_package(frame.f_code.co_filename)


@cache  # it is asked at each call and return of a training
def _below_package(path: str) -> str | None:
    return Path(path).relative_to(PACKAGE).as_posix() if path.startswith(str(PACKAGE)) else None


def _floor(place: str, floors: list[list[str]]) -> int:
    room = place.partition("/")[0].removesuffix(".py")
    return next((i for i, rooms in enumerate(floors) if room in rooms), 0)


def is_image(value: Any) -> bool:
    """Whether it is a picture's pixels, bytes or path, or a record of pictures."""
    if isinstance(value, np.ndarray):
        return value.ndim in (3, 4) and value.size > 0
    if isinstance(value, bytes):
        return value.startswith(b"\x89PNG")
    if isinstance(value, str | Path):
        return str(value).endswith(".png") and "walked" in str(value)
    if isinstance(value, tuple | list):
        return len(value) < 8 and any(map(is_image, value))
    return type(value).__name__ in OF_IMAGES


def is_question(value: Any) -> bool:
    """Whether it is a record of a study's question or answer, or a collection of them."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        return bool(value) and is_question(value[0])
    return type(value).__name__ in OF_QUESTIONS and type(value).__module__.startswith("convwise")


@contextmanager
def profiled(walk: Walk) -> Iterator[None]:
    """In this thread, in those of Python's started here, and in TensorFlow's that ask for batches."""
    from convwise.images.batches import Batches

    own = {name: method for name, method in vars(Batches).items() if callable(method) and name != "__init__"}

    def followed(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            if sys.getprofile() is None and threading.current_thread() is not threading.main_thread():
                sys.setprofile(walk)
            return method(*values, **named)

        return call

    for name, method in own.items():
        setattr(Batches, name, followed(method))
    threading.setprofile(walk)
    sys.setprofile(walk)
    try:
        yield
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        for name, method in own.items():
            setattr(Batches, name, method)


def walked(names: Sequence[str], folder: Path) -> dict[str, Walk]:
    """A tiny training, the prediction of one picture, a study of two parameters: those named, in this order.

    Works in `folder`.
    """
    data = _drawn(folder / "walked")
    training = {"size": 32, "epochs": 1}
    walks = {name: Walk(is_question if name == "question" else is_image) for name in names}
    if {"image", "prediction"} & set(walks):
        with profiled(walks["image"]) if "image" in walks else nullcontext():
            run = convwise.train(str(data), out=folder / "run", **training).run
    if "prediction" in walks:
        with profiled(walks["prediction"]):
            convwise.predict(run, [str(data / "a" / "0.png")])
    if "question" in walks:
        _in_this_process()
        asked = {"net": "simple", "runs": 12, "parameters": ["padding", "kernel_size"]}  # too few to confirm anything
        with profiled(walks["question"]):
            convwise.study(str(data), out=folder / "study", **training, **asked)
    return walks


def _drawn(data: Path) -> Path:
    from PIL import Image

    generator = np.random.default_rng(0)
    for name in ("a", "b"):
        (data / name).mkdir(parents=True)
        for i in range(24):
            Image.fromarray(generator.integers(0, 255, (40, 40, 3), np.uint8)).save(data / name / f"{i}.png")
    return data


def _in_this_process() -> None:
    """Trials here, where they can be followed, in place of processes of their own."""
    import convwise.commands.study as command
    from convwise.study.trial_runner import TrialRunner

    class Here:
        def __init__(self, spec: Any, n_workers: int) -> None:
            self._runner = TrialRunner.open(spec)

        def run(self, trials: Any, done: Callable[[Any], None]) -> None:
            for trial in trials:
                done(self._runner.carry_out(trial))

    @contextmanager
    def engine(spec: Any, n_workers: int) -> Iterator[Here]:
        yield Here(spec, n_workers)

    command.local_engine = engine  # type: ignore[attr-defined]


def layers() -> list[list[str]]:
    """The floors of the import contract, from the top, each with its rooms."""
    import tomllib

    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(c for c in settings["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    return [[room.strip().removeprefix("convwise.") for room in layer.split(":")] for layer in contract["layers"]]


if __name__ == "__main__":
    verbose = "-v" in sys.argv
    with tempfile.TemporaryDirectory() as scratch:
        found = walked([name for name in sys.argv[1:] if name != "-v"], Path(scratch))
    for name, walk in found.items():
        back = walk.steps_back(layers())
        print(f"{name}: {len(walk.entered)} files, {len(back)} steps back up")
        for place, caller in walk.entered.items():
            print(f"{place}{' ↑' if place in back else ''}" + (f"  (from {caller})" if verbose else ""))
