"""The stored whole trainings (`whole_trainings.py`) as a study reads them: blocks of readings, random trials, times.

The answers become accuracy and score by the code of the study itself. A training counts the processor's seconds,
because the machine that made the store had other work as well.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from convwise.study.estimates import Reading
from convwise.study.measures import Judged, Scores, reading

STORE = Path(__file__).resolve().parent / "truth"
UNCHANGED, AGAIN = "unchanged", "unchanged again"
FEWEST_BLOCKS = 3
_METRIC = "accuracy"
_SHARED = 1.1  # processor seconds per second of one core's training; above, they are those of several trainings


@dataclass(frozen=True)
class StoredBlock:
    """One fold and seed. `alone`: each candidate against the unchanged training; `both`: against the mean of the two.

    `values`: points of accuracy of the two unchanged trainings and of the candidates, by name; `control`: the second
    unchanged training against the first; `seconds` by name, none where they cannot be trusted.
    """

    values: Mapping[str, float]
    alone: Mapping[str, Reading]
    both: Mapping[str, Reading]
    control: Reading
    n_judged: int
    seconds: Mapping[str, float]


@dataclass(frozen=True)
class StoredTrial:
    """One random combination: the candidates `chosen`, points of accuracy, and seconds on one core."""

    chosen: frozenset[str]
    value: float
    seconds: float


@dataclass(frozen=True)
class Store:
    """What is known of one set. `seconds`: the median of a training on one core, by name."""

    blocks: tuple[StoredBlock, ...]
    trials: tuple[StoredTrial, ...]
    seconds: Mapping[str, float]
    machines: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The candidates."""
        return tuple(self.blocks[0].both)

    def ratio(self, name: str) -> float:
        """Of a training with this candidate to one of the unchanged network."""
        return self.seconds[name] / self.seconds[UNCHANGED]

    def resampled(self, random: np.random.Generator) -> Store:
        """As many blocks, drawn with replacement."""
        drawn = random.integers(len(self.blocks), size=len(self.blocks))
        return replace(self, blocks=tuple(self.blocks[i] for i in drawn))

    def readings(self, blocks: Sequence[StoredBlock]) -> dict[str, list[Reading]]:
        """By candidate, in the order of the blocks, as the estimates of a study take them."""
        return {name: [block.both[name] for block in blocks] for name in self.names}

    def without_scores(self) -> Store:
        """The same without the finer ruler."""

        def bare(readings: Mapping[str, Reading]) -> dict[str, Reading]:
            return {name: replace(each, score=math.nan) for name, each in readings.items()}

        return replace(
            self,
            blocks=tuple(
                replace(
                    block,
                    alone=bare(block.alone),
                    both=bare(block.both),
                    control=replace(block.control, score=math.nan),
                )
                for block in self.blocks
            ),
        )


@dataclass(frozen=True)
class Truth:
    """The mean effect of each candidate over the store's blocks, points, and its 95 % interval (Student's t)."""

    means: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, store: Store) -> Truth:
        """By accuracy alone: what is judged by it may use the score."""
        means, intervals = {}, {}
        for name in store.names:
            values = np.array([block.both[name].difference for block in store.blocks])
            means[name], *ends = mean_interval(values)
            intervals[name] = (ends[0], ends[1])
        return cls(means, intervals)

    def effects(self, smallest_effect: float) -> dict[str, float]:
        """What is an effect: worth having or avoiding by its mean, and not 0 by its interval."""
        return {
            name: mean
            for name, mean in self.means.items()
            if abs(mean) >= smallest_effect and not self.intervals[name][0] <= 0 <= self.intervals[name][1]
        }


def mean_interval(values: Sequence[float] | np.ndarray) -> tuple[float, float, float]:
    """The mean and its 95 % interval (Student's t), of two values or more."""
    mean, n = float(np.mean(values)), len(values)
    half = -float(special.stdtrit(n - 1, 0.025)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return mean, mean - half, mean + half


def opened(folder: Path) -> Store:
    """Whatever complete blocks and combinations lie in a folder. Exits where there are fewer than three blocks."""
    files = sorted(folder.glob("block-*.npz"))
    if len(files) < FEWEST_BLOCKS:
        raise SystemExit(f"{folder}: {len(files)} blocks; replays need {FEWEST_BLOCKS}: run whole_trainings.py first")
    blocks, machines = [], []
    for file in files:
        block, made_on = _block(file)
        blocks.append(block)
        machines += made_on
    trials = [trial for file in sorted(folder.glob("combinations-*.npz")) for trial in _trials(file)]
    return Store(tuple(blocks), tuple(trials), _times(blocks), tuple(dict.fromkeys(machines)))


def _block(file: Path) -> tuple[StoredBlock, list[str]]:
    with np.load(file) as arrays:
        metas = json.loads(str(arrays["meta"]))
        judged = _judged(arrays, "members")
        scores = {meta["name"]: _scores(arrays, i, judged) for i, meta in enumerate(metas)}
    seconds = _processor_seconds(metas)
    unchanged = [scores[UNCHANGED], scores[AGAIN]]
    names = [name for name in scores if name not in (UNCHANGED, AGAIN)]
    block = StoredBlock(
        {name: each.value(judged, _METRIC) for name, each in scores.items()},
        {name: reading(scores[name], unchanged[:1], judged, _METRIC) for name in names},
        {name: reading(scores[name], unchanged, judged, _METRIC) for name in names},
        reading(scores[AGAIN], unchanged[:1], judged, _METRIC),
        len(judged.labels),
        {meta["name"]: each for meta, each in zip(metas, seconds, strict=True)} if seconds else {},
    )
    return block, [meta["machine"] for meta in metas]


def _trials(file: Path) -> list[StoredTrial]:
    with np.load(file) as arrays:
        metas = json.loads(str(arrays["meta"]))
        seconds = _processor_seconds(metas) or [meta["seconds"] for meta in metas]
        found = []
        for i, meta in enumerate(metas):
            judged = _judged(arrays, f"members-{i}")
            value = _scores(arrays, i, judged).value(judged, _METRIC)
            found.append(StoredTrial(frozenset(meta["name"].split()[1:]), value, seconds[i]))
    return found


def _judged(arrays: Any, members: str) -> Judged:
    return Judged(arrays["labels"][arrays[members]], arrays["judged-0"].shape[1])


def _scores(arrays: Any, number: int, judged: Judged) -> Scores:
    return Scores.of(arrays[f"judged-{number}"].astype(np.float64), judged.labels)


def _processor_seconds(metas: Sequence[Mapping[str, Any]]) -> list[float]:
    """Of each training; none where they were counted over all trainings of a process."""
    if any(meta["cpu_seconds"] > _SHARED * meta["seconds"] for meta in metas):
        return []
    return [meta["cpu_seconds"] for meta in metas]


def _times(blocks: Iterable[StoredBlock]) -> dict[str, float]:
    known = [block.seconds for block in blocks if block.seconds]
    if not known:
        raise SystemExit("no block has the processor seconds of each training: a budget of minutes means nothing")
    return {name: float(np.median([each[name] for each in known])) for name in known[0]}
