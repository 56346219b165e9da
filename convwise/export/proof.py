"""The proof of an export: each file's answers for the same images against the run's own, with what each costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.files import read_regular, write_json
from convwise.intervals import Estimate, paired_difference, wilson
from convwise.records import MOST_LIST_BYTES, record_of
from convwise.strict_json import json_values

FILE = "export.json"
FORMAT = 1
ROUNDING = 1e-3
"""A probability may differ by so much, at most, through float32 sums in another order.

Measured were differences below 1e-5 (docs/how-to/export.md); a hundred times as much is left for deeper networks. Two
labels whose probabilities lie twice as far apart can then not change places.
"""


@dataclass(frozen=True)
class Change:
    """A picture to which the exported file gives another label than the run.

    Attributes:
        path: The picture, relative to the folder of the data.
        before: The run's label.
        after: The file's label.
        margin: By how much the run finds its own label more probable, 0 to 1.

    Example:
        >>> from convwise.export.proof import Change
        >>> Change("cat/1.png", "cat", "dog", 0.0004).after
        'dog'
    """

    path: str
    before: str
    after: str
    margin: float


@dataclass(frozen=True)
class Recall:
    """How often one class is recognised.

    Attributes:
        name: The class.
        n: Number of its images.
        before: Share of them that the run recognises.
        after: Share of them that the file recognises.
        difference: Of the two, paired, -1 to 1.

    Example:
        >>> from convwise.export.proof import Recall
        >>> from convwise.intervals import paired_difference
        >>> Recall("cat", 50, 0.98, 0.96, paired_difference(0, 1, 50)).difference.value
        -0.02
    """

    name: str
    n: int
    before: float
    after: float
    difference: Estimate


@dataclass(frozen=True)
class Costs:
    """What a network costs in a process of its own, with as many threads as its runtime takes.

    Attributes:
        n_bytes: Size of its files.
        start_seconds: From the process's begin to its first answer.
        resident_bytes: Memory of the process after its first answer; None where the system does not say.
        ms_1: Milliseconds for an image alone.
        ms_32: Milliseconds for an image in batches of 32.

    Example:
        >>> from convwise.export.proof import Costs
        >>> Costs(1_250_000, 0.4, 66_000_000, 0.6, 0.5).ms_1
        0.6
    """

    n_bytes: int
    start_seconds: float
    resident_bytes: int | None
    ms_1: float
    ms_32: float


@dataclass(frozen=True)
class Checked:
    """One exported file held against the run.

    Attributes:
        format: Its name.
        int8: Whether it computes with integers of 8 bits.
        costs: What it costs.
        accuracy: On the images.
        difference: Of the accuracy to the run's, paired, -1 to 1.
        largest_difference: In any probability of any image.
        changed: The pictures whose label is another one.
        recalls: By class, of integers.

    Example:
        >>> from pathlib import Path
        >>> from convwise.export.proof import Proof
        >>> [(each.name, len(each.changed)) for each in Proof.read(Path("runs/first/export")).files]
        [('onnx', 0)]
    """

    format: str
    int8: bool
    costs: Costs
    accuracy: Estimate
    difference: Estimate
    largest_difference: float
    changed: tuple[Change, ...]
    recalls: tuple[Recall, ...] = ()

    @property
    def name(self) -> str:
        """As tables have it."""
        return f"{self.format} int8" if self.int8 else self.format

    @property
    def fault(self) -> str:
        """Why a file of floats does not answer as the run; "" where it does, and of integers."""
        if self.int8 or self.largest_difference <= ROUNDING:
            return ""
        labels = f"{len(self.changed)} labels changed" if len(self.changed) != 1 else "1 label changed"
        return (
            f"{self.format} does not answer as the run: a probability differs by {self.largest_difference:.2g}, where "
            f"rounding explains {ROUNDING:g}; {labels}"
        )


@dataclass(frozen=True)
class Proof:
    """export.json: what was shown of an export.

    Attributes:
        run: The run's folder, as it was named.
        side: Which of its images: "test", or what there is without test images.
        n: Number of images.
        accuracy: The run's own, on them.
        costs: Those of model.keras.
        files: The exported files.
        environment: Where it was measured: versions, processor, threads.
        seconds: What all of it took.

    Example:
        >>> from pathlib import Path
        >>> from convwise.export.proof import Proof
        >>> proof = Proof.read(Path("runs/first/export"))
        >>> proof.side, proof.n, proof.faults
        ('test', 12, ())
    """

    run: str
    side: str
    n: int
    accuracy: Estimate
    costs: Costs
    files: tuple[Checked, ...]
    environment: Mapping[str, Any]
    seconds: float

    @property
    def faults(self) -> tuple[str, ...]:
        """Why files of floats do not answer as the run, a line each."""
        return tuple(each.fault for each in self.files if each.fault)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def write(self, folder: Path) -> None:
        """Writes export.json.

        Args:
            folder: The export's folder.

        Raises:
            ConvwiseError: writing failed.
        """
        write_json(folder / FILE, {"format": FORMAT, "rounding": ROUNDING, **self.to_dict()})

    @classmethod
    def read(cls, folder: Path) -> Self:
        """From export.json of a folder.

        Args:
            folder: The export's folder.

        Returns:
            The proof.

        Raises:
            RequestError: the file is missing or damaged.
        """
        path = folder / FILE
        try:
            values = json_values(read_regular(path, MOST_LIST_BYTES).decode("utf-8"))
            if not isinstance(values, dict) or values.get("format") != FORMAT:
                raise RequestError(f"it is not of format {FORMAT}")
            return record_of(cls, {key: value for key, value in values.items() if key not in ("format", "rounding")})
        except (RequestError, OSError, ValueError) as problem:
            raise RequestError(f"{path}: {problem}; export again") from None


@dataclass(frozen=True, eq=False)
class Images:
    """What is asked: relative `paths` and true `labels` (n,) of a `side`, and the classes' names."""

    side: str
    paths: Sequence[str]
    labels: NDArray[np.integer]
    class_names: Sequence[str]

    def accuracy(self, rows: NDArray[np.float64]) -> Estimate:
        """Of probabilities (n, n_classes)."""
        return wilson(float((rows.argmax(axis=1) == self.labels).mean()), len(self.labels))


def checked(
    format_name: str,
    costs: Costs,
    images: Images,
    *,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    int8: bool,
) -> Checked:
    """The answers `after` of an exported file against those `before` of the run, both (n, n_classes)."""
    was, becomes = before.argmax(axis=1), after.argmax(axis=1)
    right, right_now = was == images.labels, becomes == images.labels
    finite = bool(np.isfinite(after).all())
    return Checked(
        format=format_name,
        int8=int8,
        costs=costs,
        accuracy=images.accuracy(after),
        difference=_difference(right, right_now),
        largest_difference=float(abs(after - before).max()) if finite else 1.0,
        changed=tuple(
            Change(
                images.paths[i],
                images.class_names[was[i]],
                images.class_names[becomes[i]],
                float(before[i, was[i]] - before[i, becomes[i]]),
            )
            for i in map(int, np.flatnonzero(was != becomes))
        ),
        recalls=_recalls(images, right, right_now) if int8 else (),
    )


def _difference(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Estimate:
    return paired_difference(int((after & ~before).sum()), int((before & ~after).sum()), len(before))


def _recalls(images: Images, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[Recall, ...]:
    found = []
    for i, name in enumerate(images.class_names):
        own = images.labels == i
        if own.any():
            a, b = before[own], after[own]
            found.append(Recall(name, len(a), float(a.mean()), float(b.mean()), _difference(a, b)))
    return tuple(found)
