"""A study's folder: what was asked, the plan, every finished trial as soon as it is finished, and last the result."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.errors import ConvwiseError, RequestError
from convwise.files import cannot_write, write_json
from convwise.locks import locked
from convwise.nets.own.reference import OwnNetwork
from convwise.places import kind_of, named
from convwise.runs.place import laid_out
from convwise.study.trials import Outcome


@dataclass(frozen=True)
class StudyFolder:
    """One study. Written by one process at a time, which holds the lock; readers need none."""

    path: Path

    @classmethod
    def create(cls, path: Path, request: Mapping[str, Any], *, own: OwnNetwork | None = None) -> StudyFolder:
        """The folder appears whole, with what was asked. Raises RequestError if it holds anything.

        `own` is a network of the user's own, of which the study keeps a copy.
        """
        with laid_out(path) as place:
            write_json(place / "study.json", dict(request))
            if own is not None:
                own.copy_to(place)
        return cls(path)

    @classmethod
    def open(cls, path: str | Path) -> StudyFolder:
        """An existing study, complete or not. Raises RequestError where there is none."""
        folder = named(path, "study")
        if kind_of(folder / "study.json", "study") != "file":
            raise RequestError(
                f"study={path}: there is no study in this folder (no study.json); name the folder of one"
            )
        return cls(folder)

    @property
    def request(self) -> dict[str, Any]:
        """What was asked: the bench, the factors, the budget."""
        return dict(self._read("study.json"))

    @property
    def plan(self) -> dict[str, Any] | None:
        """The plan, once it is made."""
        return dict(self._read("plan.json")) if (self.path / "plan.json").is_file() else None

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Keeps the plan, for good."""
        write_json(self.path / "plan.json", dict(plan))

    @property
    def complete(self) -> bool:
        """Whether the study came to its end."""
        return (self.path / "result.json").is_file()

    @property
    def result(self) -> dict[str, Any]:
        """The content of `result.json`. Raises RequestError, saying how to go on, before the end."""
        if not self.complete:
            raise RequestError(
                f"study={self.path}: it is not finished; finish it with convwise study --resume {self.path}"
            )
        return dict(self._read("result.json"))

    def finish(self, result: Mapping[str, Any]) -> None:
        """Writes the result, the last of the files."""
        write_json(self.path / "result.json", dict(result))

    def outcomes(self) -> dict[str, Outcome]:
        """The finished trials by their keys, in the order in which they finished."""
        found: dict[str, Outcome] = {}
        for line in self._lines():
            outcome = Outcome.from_dict(json.loads(line))
            found.setdefault(outcome.key, outcome)
        return found

    def append(self, outcome: Outcome) -> None:
        """Keeps a finished trial: on the disk when this returns."""
        path = self.path / "trials.jsonl"
        try:
            with path.open("ab") as file:
                file.write((json.dumps(outcome.to_dict()) + "\n").encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as problem:
            raise cannot_write(path, problem) from None

    def mend(self) -> None:
        """Cuts off the line that a kill or a full disk left half-written; for the holder of the lock."""
        path = self.path / "trials.jsonl"
        if path.is_file():
            whole = sum(len(line) for line in self._lines())
            if whole < path.stat().st_size:
                with path.open("rb+") as file:
                    file.truncate(whole)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the study for this process. Raises RequestError where another one works on it."""
        with locked(self.path, "study"):
            yield

    def _lines(self) -> list[bytes]:
        """The whole lines of the journal."""
        try:
            lines = (self.path / "trials.jsonl").read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise ConvwiseError(f"{self.path / 'trials.jsonl'} cannot be read: {problem.strerror}") from None
        return [line for line in lines if line.endswith(b"\n")]

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            raise ConvwiseError(f"{self.path / name} cannot be read: {problem}") from None
