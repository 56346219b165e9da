"""A finished run as bytes: it travels with an estimator that is pickled, copied or sent to another process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from convwise.records import record_values
from convwise.runs import Run
from convwise.runs.contents import Summary, read_summary
from convwise.strict_json import json_values

_LEFT = ("checkpoint", "tensorboard", "lock")  # of a run, what only its training needs


@dataclass(frozen=True)
class KeptRun:
    """What a run folder holds, by relative path, without checkpoints and figures."""

    files: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def of(cls, run: Run) -> Self:
        """Read the run's files."""
        paths = {path.relative_to(run.folder): path for path in sorted(run.folder.rglob("*")) if path.is_file()}
        return cls(
            {
                name.as_posix(): path.read_bytes()
                for name, path in paths.items()
                if name.parts[0] not in _LEFT and path.suffix != ".png"
            }
        )

    @property
    def epochs(self) -> list[dict[str, float]]:
        """The numbers of each epoch."""
        return [json_values(line.decode()) for line in self.files["metrics.jsonl"].splitlines()]

    @property
    def summary(self) -> Summary:
        """The content of `run.json`."""
        return read_summary(record_values(self.files["run.json"].decode()))

    @contextmanager
    def opened(self) -> Iterator[Run]:
        """The run in a folder that lasts as long as the block."""
        with TemporaryDirectory(prefix="convwise-") as folder:
            for name, content in self.files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            yield Run.open(folder)
