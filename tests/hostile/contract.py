"""The contract that every command keeps, whatever it is given: checked on what a command printed and left behind."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.hostile.cases import Case
from tests.hostile.outcome import Fault, Outcome
from tests.hostile.surroundings import Seen, left_behind

_TRACEBACK = re.compile(
    r"Traceback \(most recent call last\)|Exception ignored in|Exception in thread|Fatal Python error"
)
# Controls but for the newline and the tab, marks of direction, line separators, bytes that are no UTF-8.
_RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_OF_A_LIBRARY = re.compile(
    r"^(libpng |Corrupt JPEG|Premature end|Invalid SOS|Unsupported marker|TIFF\w*: |\w+: Warning, |\[ *(WARN|ERROR):"
    r"|OpenCV|[WEIF]\d{4} \d\d:|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [WEIF] |.*Warning: )",
    re.MULTILINE,
)
_OUT_OF_MEMORY = "convwise: out of memory"


def faults_of(case: Case, outcome: Outcome, folder: Path, before: Seen, after: Seen) -> list[Fault]:
    """Every breach, each of a sort of its own: empty where all is right."""
    out, err = (stream.decode(case.encoding, "surrogateescape") for stream in (outcome.out, outcome.err))
    found = [Fault("traceback", outcome.escaped)] if outcome.escaped else []
    found += [Fault("traceback", text) for text in (out, err) if _TRACEBACK.search(text)]
    if not found:
        found += _of_exit(case, outcome, err)
    found += _of_text(case, out, err)
    found += [Fault("wrote elsewhere", path) for path in sorted(set(outcome.written_elsewhere))]
    found += left_behind(case, folder, before, after, refused=outcome.exit_code == 2)
    if outcome.exit_code == 0 and not any(fault.sort == "traceback" for fault in found):
        found += _of_answers(case, out, folder)
    return found


def _of_exit(case: Case, outcome: Outcome, err: str) -> Iterator[Fault]:
    code = outcome.exit_code
    if code not in case.exits:
        yield Fault("exit code", f"exit code {code}, right are {sorted(case.exits)}: {err.strip()[-200:]}")
    lines = [line for line in err.splitlines() if line.strip()]
    complaints = [line for line in lines if line.startswith("convwise:")]
    if code and not case.quiet and (len(complaints) != 1 or lines[-1] != complaints[0]):
        yield Fault("complaint", f"exit code {code} and {len(complaints)} complaints; it ends: {err.strip()[-200:]!r}")
    if _OUT_OF_MEMORY in err and not case.may_fill_memory:
        yield Fault("memory", err.strip()[-200:])


def _of_text(case: Case, out: str, err: str) -> Iterator[Fault]:
    for name, text in (("stdout", out), ("stderr", err)):
        if raw := _RAW.search(text):
            around = text[max(0, raw.start() - 60) : raw.end() + 20]
            yield Fault("control character", f"{raw[0]!r} on {name}: {around!r}")
        for token in case.after_newline:
            if re.search(rf"^\s*{re.escape(token)}", text, re.MULTILINE):
                yield Fault("control character", f"a newline within a name, on {name}: {token!r}")
        if case.ascii_only and not text.isascii():
            yield Fault("encoding", f"{name} must be ASCII: {text.strip()[:200]!r}")
    if own := _OF_A_LIBRARY.search(err):
        yield Fault("library", err[own.start() :].splitlines()[0])


def _of_answers(case: Case, out: str, folder: Path) -> Iterator[Fault]:
    answer: Any = None
    if case.wants_json:
        try:
            answer = json.loads(out, parse_constant=_no_constant)
        except ValueError as problem:
            yield Fault("json", f"{problem}: {out[:200]!r}")
            return
    if case.unpacked is not None:
        place, right = case.unpacked
        there = sum(path.is_file() for path in (folder / place).rglob("*"))
        if there != right:
            yield Fault("vanished", f"{there} files were unpacked, {right} were in the archive")
    if case.n_entries is None:
        return
    counts = _counts(case, answer, folder)
    n, least, most = sum(counts.values()), case.n_entries, case.n_entries + case.n_passed_over
    if not least <= n <= most:
        right = f"{least}" if least == most else f"{least} to {most}"
        yield Fault("vanished", f"files are in no count of {case.argv[0]}\n{n} are in {counts}, {right} were put in")
    for path in case.refused:
        if path not in _unreadable(case, answer):
            yield Fault(
                "incomplete picture", f"a {path.rpartition('.')[2]} is taken though its pixels are not whole\n{path}"
            )


def _counts(case: Case, answer: Any, folder: Path) -> dict[str, int]:
    verb = case.argv[0]
    if verb == "data":
        return {"images": answer["n_images"], "unreadable": len(answer["unreadable"]), "ignored": answer["ignored"]}
    if verb == "predict":
        if "--csv" in case.argv:
            text = (folder / case.argv[case.argv.index("--csv") + 1]).read_text(encoding="utf-8")
            return {"rows": len(list(csv.DictReader(io.StringIO(text))))}
        return {"answers": len(answer)}
    split = json.loads((folder / answer["run"] / "split.json").read_text(encoding="utf-8"))
    sides = {side: len(split[side]) for side in ("train", "validation", "test")}
    rest = {"unused": split["n_unused"], "dropped": split["n_dropped_copies"]}
    return {**sides, **rest, **{name: answer["summary"][name] for name in ("n_unreadable", "n_ignored")}}


def _unreadable(case: Case, answer: Any) -> set[str]:
    if case.argv[0] == "data":
        return {file["path"] for file in answer["unreadable"]}
    return {"/".join(each["path"].rsplit("/", 2)[1:]) for each in answer if "error" in each}


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no JSON")
