"""A study's folder: what was asked, the plan, every finished trial as soon as it is finished, and last the result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from convwise.errors import RequestError
from convwise.files import cannot_write, read_regular
from convwise.locks import locked
from convwise.nets.own.reference import OwnNetwork
from convwise.places import kind_of, named, reason_of
from convwise.records import MOST_LIST_BYTES, read_record, write_record
from convwise.runs.place import laid_out
from convwise.strict_json import json_values
from convwise.study.old_result import OldSubject, is_old, old_subject, read_result
from convwise.study.recipe_levels import require_changes
from convwise.study.request import Request
from convwise.study.result import StudyResult
from convwise.study.trials import Outcome

if TYPE_CHECKING:
    from convwise.study.plan import Plan  # with SciPy's statistics, which take a second

T = TypeVar("T")
_FIX = "put the file back as it was, or begin a new study"


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
            write_record(place / "study.json", request)
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
    def request(self) -> Request:
        """What was asked: what is trained, the factors, the budget; a network of the user's own is the study's copy."""
        if self.old is not None:
            raise RequestError(
                f"study={self.path}: an earlier version began it, which measured short trainings; begin a new study"
            )
        asked = self._read("study.json", Request.from_dict)
        return replace(asked, spec=asked.spec.in_folder(self.path))

    def ask_anew(self, request: Mapping[str, Any]) -> None:
        """The same study with another budget: its result so far is put away, that of a quick look for good."""
        write_record(self.path / "study.json", request)
        if self.complete:
            result = self.path / "result.json"
            if self.result.quick:
                result.replace(self.path / "quick.json")
            else:
                result.unlink()

    @property
    def quick_look(self) -> StudyResult | None:
        """What short trainings showed, before the study had time for whole ones."""
        there = (self.path / "quick.json").is_file()
        return self._read("quick.json", _checked) if there else None

    @property
    def old(self) -> OldSubject | None:
        """What a study of an earlier format worked on; None of this one's."""
        return self._read("study.json", lambda values: old_subject(values) if is_old(values) else None)

    @property
    def old_result(self) -> dict[str, Any]:
        """The result of a study of an earlier format, which was another one."""
        return self._of_result(read_result)

    @property
    def plan(self) -> Plan | None:
        """The plan, once it is made."""
        from convwise.study.plan import Plan

        return self._read("plan.json", Plan.from_dict) if (self.path / "plan.json").is_file() else None

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Keeps the plan."""
        write_record(self.path / "plan.json", plan)

    @property
    def complete(self) -> bool:
        """Whether the study came to its end."""
        return (self.path / "result.json").is_file()

    @property
    def result(self) -> StudyResult:
        """The content of `result.json`. Raises RequestError, saying how to go on, before the end."""
        return replace(self._of_result(_checked), folder=self.path)

    def finish(self, result: Mapping[str, Any]) -> None:
        """Writes the result, the last of the files."""
        write_record(self.path / "result.json", result)

    def outcomes(self) -> dict[str, Outcome]:
        """The finished trials by their keys, in the order in which they finished. Raises RequestError."""
        found: dict[str, Outcome] = {}
        for number, line in enumerate(self._lines(), 1):
            try:
                outcome = Outcome.from_dict(json_values(line.decode("utf-8")))
                if outcome.status == "timed":
                    raise RequestError("status=timed: a trial on record is done or has failed")
            except (RequestError, ValueError) as problem:
                raise RequestError(
                    f"{self.path / 'trials.jsonl'}: line {number}: {problem}; take the line out, and its trial is "
                    "carried out again"
                ) from None
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
        path = self.path / "trials.jsonl"
        try:
            lines = read_regular(path, MOST_LIST_BYTES).split(b"\n")
        except FileNotFoundError:
            return []
        except OSError as problem:
            raise RequestError(f"{path}: it cannot be read ({reason_of(problem)}); {_FIX}") from None
        return [line + b"\n" for line in lines[:-1]]

    def _of_result(self, make: Callable[[Any], T]) -> T:
        if not self.complete:
            raise RequestError(
                f"study={self.path}: it is not finished; finish it with convwise study --resume {self.path}"
            )
        return self._read("result.json", make)

    def _read(self, name: str, make: Callable[[Any], T]) -> T:
        return read_record(self.path / name, make, fix=_FIX)


def _checked(values: Any) -> StudyResult:
    """The result, with what it changes of the recipe. Raises RequestError, naming the key."""
    result = StudyResult.from_dict(values)
    require_changes("recommended_changes", result.recommended_changes)
    for verdict in result.verdicts:
        for level in (verdict.tried, *verdict.levels):
            if level is not None:
                require_changes(f"verdicts: {level.name}: changes", level.changes)
    return result
