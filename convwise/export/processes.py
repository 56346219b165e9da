"""Work in a process of its own: a line of JSON goes in, and one comes back; it ends with its caller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from convwise.errors import ConvwiseError, RequestError, process_end

_TOLD_LINES = 3  # of standard error, where a process ended without an answer


def answer_of(command: Sequence[str], asked: Mapping[str, Any], *, what: str, **environment: str) -> dict[str, Any]:
    """What Python answers that runs `command` and is `asked`; `what` names it in messages.

    `environment` is added to this process's. The child hears when it began, as `began`, in seconds of `time.time`.
    Raises the child's own RequestError or ConvwiseError, OSError where the system refused it something, and
    ConvwiseError where it died.
    """
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # a Ctrl-C is for the caller, which ends it
    )
    said: list[str] = []
    reader = threading.Thread(target=lambda: said.append(process.stderr.read() if process.stderr else ""), daemon=True)
    reader.start()
    try:
        assert process.stdin
        assert process.stdout
        try:
            process.stdin.write(json.dumps({**asked, "began": time.time()}) + "\n")
            process.stdin.flush()
        except OSError:  # it is dead already, which its missing answer tells
            pass
        lines = process.stdout.read().splitlines()  # standard input stays open: its end would tell the child to go
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        reader.join(timeout=5)
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                with suppress(OSError):
                    stream.close()
    return _answer(lines, code, "".join(said), what)


def _answer(lines: list[str], code: int, said: str, what: str) -> dict[str, Any]:
    try:
        answer = json.loads(lines[-1]) if lines else None
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ConvwiseError(f"{what} failed: {_death(code, said)}")
    if "errno" in answer:
        raise OSError(answer["errno"], answer["error"])
    if "error" in answer:
        raise (RequestError if answer["exit_code"] == 2 else ConvwiseError)(answer["error"])
    return answer


def _death(code: int, said: str) -> str:
    ended = process_end(code)
    last = " ".join(line.strip() for line in said.strip().splitlines()[-_TOLD_LINES:])[-300:]
    return f"{ended}; {last}" if last and code != -9 else ended  # of a killed one, the cause is known


def carry_out(work: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """The child's side: `work` on what is asked, its answer or its error told. Ends the process, at once."""
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    try:
        answer = work(asked)
    except ConvwiseError as problem:
        answer = {"error": str(problem), "exit_code": problem.exit_code}
    except OSError as problem:
        answer = {"errno": problem.errno, "error": problem.strerror or str(problem)}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)  # without the seconds that TensorFlow takes to leave


def _end_with_caller() -> None:
    """A caller that is killed closes the pipe: nobody waits for the answer then."""
    sys.stdin.read()
    os._exit(1)
