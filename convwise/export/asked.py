"""What an export is asked for, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convwise import checks
from convwise.errors import RequestError
from convwise.export.formats import INT8, Format, formats_of
from convwise.places import folder_to_make, kind_of, reason_of
from convwise.runs import Run

USUAL = "onnx"
MOST_LOSS = 1.0
"""Percentage points of accuracy that integers may cost, unless another number is asked for."""


@dataclass(frozen=True)
class ExportRequest:
    """A finished run to be exported.

    `formats` to make, with integers of 8 bits where `int8` is set, which may cost `most_loss` percentage points of
    accuracy; `out`, the folder that will appear; `trust`: run code that the run's model file holds. Raises RequestError
    for what cannot be: a format that is not known, cannot be quantised or lacks its packages, a folder that is used.
    """

    run: Run
    formats: tuple[Format, ...]
    int8: bool
    most_loss: float
    out: Path
    trust: bool

    def __post_init__(self) -> None:
        self.run.require_complete()
        checks.true_or_false("int8", self.int8)
        checks.true_or_false("trust", self.trust)
        checks.number("most_loss", self.most_loss, 0, 100)
        for each in self.formats:
            if self.int8 and each.name not in INT8:
                raise RequestError(f"int8=True: {each.title} is not quantised here; name {' or '.join(INT8)} with to=")
            each.require_makers()
        _require_unused(self.out)

    @classmethod
    def of(
        cls,
        run: str | Path | Run,
        *,
        to: str | list[str] | tuple[str, ...] = USUAL,
        int8: bool = False,
        most_loss: float = MOST_LOSS,
        out: str | Path | None = None,
        trust: bool = False,
    ) -> ExportRequest:
        """From what a user says; `out` is the folder `export` in the run's if None."""
        run = run if isinstance(run, Run) else Run.open(run)
        place = folder_to_make(run.folder / "export" if out is None else out, "out")
        return cls(run, formats_of(to), int8, most_loss, place, trust)


def _require_unused(folder: Path) -> None:
    kind = kind_of(folder, "out")
    try:
        used = kind is not None and (kind != "folder" or any(folder.iterdir()))
    except OSError as problem:
        raise RequestError(f"out={folder}: it cannot be looked into ({reason_of(problem)}); name a new one") from None
    if used:
        raise RequestError(f"out={folder}: it exists already; remove it, or name a new one with out=")
