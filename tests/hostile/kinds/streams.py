"""Closed, full and narrow standard streams, other locales, no home and no terminal: always real processes."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.names import odd_name
from tests.hostile.kinds.training import add_good_pictures

_OUTPUT = (">/dev/full", ">&-", "| true; exit ${PIPESTATUS[0]}", "| head -c 10 >/dev/null; exit ${PIPESTATUS[0]}", "")
_ERRORS = ("2>/dev/full", "2>&-", "", "")
_INPUT = ("<&-", "</dev/full", "")
_LOCALES: tuple[dict[str, str | None], ...] = (
    {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "ascii:strict"},
    {"PYTHONIOENCODING": "utf-16"}, {"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "utf-8:surrogateescape"},
    {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}, {"PYTHONUTF8": "0", "LC_ALL": "C"},
    {"LC_ALL": "nowhere.UTF-8"},
    {"PYTHONUTF8": "1"}, {"HOME": None}, {"TERM": None}, {"TERM": "dumb"}, {"TERM": "nonsense"}, {"COLUMNS": "1"},
    {"COLUMNS": "0"},
    {"NO_COLOR": "1"}, {"HOME": "/nowhere", "TMPDIR": "/nowhere"}, {"COLUMNS": "x", "LINES": "-1"},
)  # fmt: skip


def streams(rng: random.Random, folder: Path, material: Material) -> Case:
    """A quick command under one or two of these."""
    add_good_pictures(rng, folder / "data", per_class=2, classes=("one", rng.choice(("two", odd_name(rng)))))
    environment: dict[str, str | None] = {name: None for name in os.environ if name.startswith(("LC_", "LANG"))}
    environment |= {"LC_ALL": "C.UTF-8"}
    output, errors, given = rng.choice(_OUTPUT), rng.choice(_ERRORS), rng.choice(_INPUT) if rng.random() < 0.2 else ""
    narrow = rng.random() < 0.6
    if narrow:
        environment |= rng.choice(_LOCALES)
        if rng.random() < 0.7:
            output = errors = ""
    commands: tuple[tuple[str, ...], ...] = (
        ("guide",), ("guide", "dilation_rate"), ("guide", "--json"), ("guide", "nothing"), ("data", "list"),
        ("data", "list", "--json"),
        ("data", "check", "data"), ("data", "check", "data", "--json"), ("data", "check", "nowhere"),
        ("data", "check", "caf\udce9"),
        ("--help",), ("train", "--help"), ("--version",), ("nothing",), ("train",), ("train", "nowhere"),
        ("data", "clean"),
    )  # fmt: skip
    slow = (
        ("explain", "simple", "--size", "16"),
        ("predict", str(material.run), "data"),
    )  # seconds until Keras is there
    argv = rng.choice(slow if rng.random() < 0.04 else commands)
    exits = {0, 1, 2}
    if output in (">/dev/full", ">&-"):
        exits = {1, 2}  # whatever it had to say was not heard
    encoding = str(environment.get("PYTHONIOENCODING", ""))
    return Case(
        argv,
        shell=f"{{}} {given} {errors} {output}".strip(),
        environment=environment,
        exits=frozenset(exits),
        quiet=bool(errors) or "PIPESTATUS" in output or encoding == "utf-16",
        ascii_only=encoding.startswith("ascii") or environment.get("LC_ALL") == "POSIX",
        heard=not output and encoding != "utf-16",
        encoding=encoding if encoding in ("latin-1", "cp1252", "utf-16") else "utf-8",
    )
