"""A case: one command line over prepared files, and what must come of it besides the contract."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """What is run and what is right. The working folder is the case's own; paths in `argv` are relative to it."""

    argv: tuple[str, ...]
    may_write: tuple[str, ...] = ()  # what may appear besides the usual places: a run's folder, a CSV
    n_entries: int | None = None  # so many files must be found in a count ...
    n_passed_over: int = 0  # ... and so many more may be left out by rule
    refused: tuple[str, ...] = ()  # pictures that must be answered as unreadable, by relative path
    unpacked: tuple[str, int] | None = None  # a folder, and how many files must lie below it
    exits: frozenset[int] = frozenset({0, 1, 2})  # the codes that are right
    after_newline: tuple[str, ...] = ()  # stands behind a newline in a name: must never begin a line of output
    modes: tuple[tuple[str, int], ...] = ()  # set just before the command and undone after it
    stop_after_s: float | None = None  # long work, rightly begun, is stopped as Ctrl-C does
    environment: dict[str, str | None] = field(default_factory=dict)  # None takes a variable away
    shell: str = ""  # redirections around the command, `{}`, in bash: a process of its own
    quiet: bool = False  # no complaint is needed, since none can be read
    ascii_only: bool = False  # the streams' encoding has nothing else
    may_fill_memory: bool = False  # the request itself may ask for too much
    heard: bool = True  # standard output arrives whole
    encoding: str = "utf-8"  # of the streams

    @property
    def wants_json(self) -> bool:
        """Whether one JSON document is promised."""
        options = self.argv[: self.argv.index("--")] if "--" in self.argv else self.argv
        return self.heard and "--json" in options and not {"-h", "--help", "--version"} & set(options)


@dataclass(frozen=True)
class Material:
    """What cases are made from, read only: a finished run, its pictures, and models that do not fit it."""

    folder: Path

    @property
    def pictures(self) -> Path:
        return self.folder / "pictures"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def models(self) -> Path:
        return self.folder / "models"


Generator = Callable[[random.Random, Path, Material], Case]


def rng_of(kind: str, seed: int, number: int) -> random.Random:
    """The case's own source of randomness: any case can be made again alone."""
    return random.Random(f"{kind}/{seed}/{number}")
