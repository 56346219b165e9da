"""A case: one command line over prepared files, and what must come of it besides the contract."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Case:
    """What is run and what is right. The working folder is the case's own; paths in `argv` are relative to it.

    may_write: what may appear there besides the usual places (a run's folder, a CSV). n_entries: how many files must
    be found in a count, and n_passed_over how many more may be left out by rule. refused: relative paths of pictures
    that must be answered as unreadable. unpacked: a folder and how many files must lie below it. exits: the codes that are right. after_newline: what stands behind a newline
    in a name and must never begin a line of output. modes: set just before the command and undone after it.
    stop_after_s: a request for long work is stopped as Ctrl-C does. environment: None takes a variable away.
    shell: redirections and settings around the command, `{}` in bash, which makes a real process of it. quiet: no
    complaint is needed, since none can be read. ascii_only: what the streams' encoding has. heard: whether
    standard output arrives whole. encoding: of the streams.
    """

    argv: tuple[str, ...]
    may_write: tuple[str, ...] = ()
    n_entries: int | None = None
    n_passed_over: int = 0
    refused: tuple[str, ...] = ()
    unpacked: tuple[str, int] | None = None
    exits: frozenset[int] = frozenset({0, 1, 2})
    after_newline: tuple[str, ...] = ()
    modes: tuple[tuple[str, int], ...] = ()
    stop_after_s: float | None = None
    environment: dict[str, str | None] = field(default_factory=dict)
    shell: str = ""
    quiet: bool = False
    ascii_only: bool = False
    may_fill_memory: bool = False
    heard: bool = True
    encoding: str = "utf-8"

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
