"""Trials: what is trained (`Trial`), on what (`ExperimentSpec`), and what came of it (`Outcome`)."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError
from convwise.records import record_of
from convwise.runs.settings import Subject
from convwise.transfer.start import Pretrained

_MOST = 1e9  # of any measured number: statistics square them
_MOST_ANSWERS = 2**31  # bytes, unpacked


@dataclass(frozen=True)
class ExperimentSpec(Subject):
    """What all trials of a study have in common; `seed` is the root of their randomness, `n_folds` of a division.

    `pretrained`: the weights that the network starts from, None from scratch.
    """

    seed: int
    n_folds: int = 3
    pretrained: Pretrained | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**super().to_dict(), "pretrained": self.pretrained.to_dict() if self.pretrained else None}


@dataclass(frozen=True)
class Trial:
    """One training: `settings` (texts of `--set`) on top of the study's network, `changes` on top of its recipe.

    `block` names fold and seed, which trials of one block share; with `own_seed` it has a seed of its own in the same
    fold. `epochs`: None for the recipe's; with 0 a few steps are timed and nothing is judged. `key` names the trial
    within its study; `on_test` looks at the test images as well.
    """

    key: str
    block: int
    settings: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    own_seed: bool = False
    epochs: int | None = None
    on_test: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Trial:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class Outcome:
    """What came of the trial `key`.

    `answers`: the probabilities of the fold's images, in their order, and of the test images where these were asked for
    (`packed`). "timed": a few steps, no answers. `seconds_per_image` of training on one core, by the steady epochs;
    `seconds` of the whole trial;
    `multiply_adds` and `weights` by the layer table, `memory` the bytes of a training step by it. A failed trial has
    its `reason`.
    """

    key: str
    status: Literal["done", "failed", "timed"]
    reason: str = ""
    answers: str = field(default="", repr=False)
    test_answers: str = field(default="", repr=False)
    seconds_per_image: float | None = None
    seconds: float = 0.0
    weights: int | None = None
    multiply_adds: int | None = None
    memory: int | None = None

    def __post_init__(self) -> None:
        for name, low in (("seconds_per_image", 1e-12), ("seconds", 0)):
            if getattr(self, name) is not None:
                checks.number(name, getattr(self, name), low, _MOST)
        if self.status == "done" and not self.answers:
            raise RequestError("answers: a trial that is done has some")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """The inverse of `to_dict`. Raises RequestError, naming the key."""
        return record_of(cls, values)


def failed(key: str, reason: str, seconds: float = 0.0) -> Outcome:
    """The record of a trial that came to nothing."""
    return Outcome(key, "failed", reason, seconds=round(seconds, 3))


def packed(probabilities: NDArray[np.floating[Any]]) -> str:
    """(images, classes) as text: half precision, compressed, base64."""
    rows = np.ascontiguousarray(probabilities, np.float16)
    return base64.b64encode(zlib.compress(rows.tobytes())).decode("ascii")


def unpacked(text: str, n_classes: int) -> NDArray[np.float64]:
    """The inverse of `packed`, (images, n_classes). Raises RequestError for text that is none."""
    try:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(text, validate=True), _MOST_ANSWERS)
        rows = np.frombuffer(content, np.float16).reshape(-1, n_classes).astype(np.float64)
    except (binascii.Error, zlib.error, ValueError) as problem:
        raise RequestError(f"answers: they are no probabilities of {n_classes} classes ({problem})") from None
    if not unpacker.eof or not ((rows >= 0) & (rows <= 1)).all():
        raise RequestError(f"answers: they are no probabilities of {n_classes} classes")
    return rows
