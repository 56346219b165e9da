"""Trials: what is trained (`Trial`), on what (`ExperimentSpec`), and what came of it (`Outcome`)."""

from __future__ import annotations

import base64
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
from convwise.study import record_checks
from convwise.transfer.start import Pretrained

_SUMS = 0.05  # how far the probabilities of an image, rounded, may be from 1 together


@dataclass(frozen=True)
class ExperimentSpec(Subject):
    """What all trials of a study have in common; `seed` is the root of their randomness, `n_folds` of a division.

    `pretrained`: the weights that the network starts from, None from scratch.
    """

    seed: int
    n_folds: int = 3
    pretrained: Pretrained | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.whole("seed", self.seed, 0, 2**62)
        checks.whole("n_folds", self.n_folds, 2, 1000)

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
        checks.text("key", self.key)
        record_checks.numbers(self, 1e-12, "seconds_per_image")
        record_checks.numbers(self, 0, "seconds")
        record_checks.counts(self, 0, "weights")
        for name in ("multiply_adds", "memory"):
            if getattr(self, name) is not None:
                checks.whole(name, getattr(self, name), 0, 2**62)
        if (self.status == "done") != bool(self.answers):
            has = "some" if self.status == "done" else "none"
            raise RequestError(f"answers: a trial that is {self.status} has {has}")
        if self.status == "failed" and not self.reason:
            raise RequestError("reason: a trial that has failed has one")

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


def unpacked(text: str, n_images: int, n_classes: int) -> NDArray[np.float64]:
    """The inverse of `packed`, (n_images, n_classes). Raises RequestError for text that is none."""
    n_bytes = 2 * n_images * n_classes
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(base64.b64decode(text, validate=True), n_bytes + 1)
    except (ValueError, zlib.error) as problem:
        raise RequestError(f"they are no answers ({problem})") from None
    rows = np.frombuffer(content, np.float16).astype(np.float64) if len(content) == n_bytes else np.empty(0)
    rows = rows.reshape(-1, n_classes)
    if len(rows) != n_images or not ((rows >= 0) & (abs(rows.sum(axis=1, keepdims=True) - 1) <= _SUMS)).all():
        raise RequestError(f"they are no probabilities of {n_classes} classes for {n_images} images")
    return rows
