"""Warm processes, each with a case at a time; one that hangs or dies is replaced, and its case has failed."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.hostile.cases import Material
from tests.hostile.outcome import Fault

_ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 30.0
_GRACE_S = 60.0  # for making a case and looking at what it left, on a busy machine
_TOO_LARGE_BYTES = 3 * 2**30  # a process that Keras has filled is replaced


@dataclass(frozen=True)
class Result:
    """One case that was run, and its faults."""

    kind: str
    seed: int
    number: int
    argv: tuple[str, ...]
    shell: str
    real: bool
    exit_code: int | None
    seconds: float
    faults: tuple[Fault, ...]
    out: str = ""
    err: str = ""

    def report(self) -> str:
        """Everything that is needed to see it again alone."""
        command = shlex.join(["convwise", *self.argv])
        lines = [
            f"{self.kind}, seed {self.seed}, case {self.number}: {command!r}{f' ({self.shell})' * bool(self.shell)}"
        ]
        lines += [f"  {fault.sort}: {fault.place}" for fault in self.faults]
        lines += [f"  exit code {self.exit_code} after {self.seconds:.1f} s; stderr: {self.err[-600:]!r}"]
        real = " --real" * (self.real and not self.shell)
        again = f"--kind {self.kind} --seed {self.seed} --case {self.number}{real}"
        return "\n".join([*lines, f"  again: python benchmarks/hostile.py {again}"])


class WarmProcess:
    """One process and its channel. Use as a context manager."""

    def __init__(self, material: Material, place: Path, *, limit_s: float = LIMIT_S) -> None:
        self._material, self._place, self._limit_s = material, place, limit_s
        self._process: subprocess.Popen[bytes] | None = None
        place.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def run(
        self, kind: str, seed: int, number: int, *, real: bool = False, plant: str = "", keep: bool = False
    ) -> Result:
        """Makes the case, runs it, and looks at what came of it; `keep` leaves its folder where it is."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        folder = Path(tempfile.mkdtemp(prefix="case-", dir=self._place)) / "case"
        ask = {"kind": kind, "seed": seed, "number": number, "real": real, "plant": plant}
        ask |= {"folder": str(folder), "limit_s": self._limit_s, "keep": keep}
        begun: dict[str, Any] = {}
        try:
            self._tell(ask)
            begun = self._hear(_GRACE_S)
            done = self._hear(self._limit_s + _GRACE_S)
        except _LostProcessError as lost:
            fault = self._epitaph(lost)
            argv = tuple(begun.get("begun", ()))
            shell = begun.get("shell", "")
            return Result(kind, seed, number, argv, shell, real, None, self._limit_s, (fault,))
        finally:
            if not keep:
                shutil.rmtree(folder.parent, ignore_errors=True)
        if done["resident_bytes"] > _TOO_LARGE_BYTES:
            self._end()
        faults = tuple(
            Fault("hang" if each["detail"].startswith("hang\n") else each["sort"], each["detail"])
            for each in done["faults"]
        )
        return Result(
            kind, seed, number, tuple(done["argv"]), done["shell"], done["real"], done["exit_code"], done["seconds"],
            faults, done["out"], done["err"],
        )  # fmt: skip

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        self._stacks, log = self._place / "stacks", (self._place / "log").open("wb")
        command = [sys.executable, "-m", "tests.hostile.worker", str(theirs.fileno())]
        with log, theirs:
            self._process = subprocess.Popen(
                [*command, str(self._material.folder), str(self._stacks)],
                pass_fds=[theirs.fileno()], cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self._own_places()},
            )  # fmt: skip
        self._socket = ours
        self._lines = ours.makefile("rw", encoding="utf-8")
        self._hear(240)

    def _own_places(self) -> dict[str, str]:
        places = {"MPLCONFIGDIR": "matplotlib", "CONVWISE_HOME": "home", "KERAS_HOME": "keras", "TMPDIR": "temporary"}
        for name in places.values():
            (self._place / name).mkdir(exist_ok=True)
        return {variable: str(self._place / name) for variable, name in places.items()}

    def _end(self) -> None:
        if self._process is not None:
            self._lines.close()
            self._socket.close()
            self._process.kill()
            self._process.wait()
            self._process = None

    def _tell(self, value: dict[str, Any]) -> None:
        try:
            self._lines.write(json.dumps(value) + "\n")
            self._lines.flush()
        except OSError as problem:
            raise _LostProcessError(str(problem)) from None

    def _hear(self, seconds: float) -> dict[str, Any]:
        self._socket.settimeout(seconds)
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise _LostProcessError("it did not answer") from None
        except OSError as problem:
            raise _LostProcessError(str(problem)) from None
        if not line:
            raise _LostProcessError("it ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _epitaph(self, lost: Exception) -> Fault:
        """Why the process was lost: it hung, a signal killed it, or the suite itself is wrong."""
        process = self._process
        assert process is not None
        if str(lost) == "it did not answer":
            process.send_signal(signal.SIGKILL)
        code = process.wait(timeout=30)
        stack, log = self._stacks.read_text(errors="replace"), (self._place / "log").read_text(errors="replace")
        self._end()
        if "Timeout (" in stack:
            return Fault("hang", f"hang of more than {self._limit_s:g} s\n{stack}")
        if code < 0:
            return Fault("crash", f"killed by signal {-code}: {log[-3000:]}")
        raise RuntimeError(f"the suite's own process failed ({lost}, exit code {code}): {log[-3000:]}")


class _LostProcessError(Exception):
    """The process is not there any more."""
