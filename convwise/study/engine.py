"""Engines: what carries out many trials at once. Here, processes of this machine, one to a core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from convwise.errors import ConvwiseError, RequestError, process_end
from convwise.study.trials import ExperimentSpec, Outcome, Trial, failed

TRIES = 3  # of a trial whose worker dies under it
_TRIALS_A_WORKER = 40  # then a fresh process takes its place: what a backend never gives back is little by then


class Engine(Protocol):
    """Carries out trials in any order; each outcome is handed over as soon as it is there."""

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        """Returns when all are done; `done` is called in the caller's own thread."""


class _Worker:
    """A process that holds the images and takes one trial at a time."""

    def __init__(self, spec: ExperimentSpec, number: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "convwise.study.worker", str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            text=True,
            start_new_session=True,  # a Ctrl-C is for the study, which ends its workers
        )
        self.n_trials = 0
        self._first: dict[str, Any] | None = None
        self._send(spec.to_dict())

    def carry_out(self, trial: Trial) -> Outcome | None:
        """The outcome; None where the process died. Raises ConvwiseError where it cannot read the images."""
        if self._first is None:
            self._first = self._receive()
            if self._first and "error" in self._first:
                kind = RequestError if self._first["exit_code"] == 2 else ConvwiseError
                raise kind(self._first["error"])
            if self._first is None:
                return None
        self.n_trials += 1
        self._send(trial.to_dict())
        answer = self._receive()
        return Outcome.from_dict(answer) if answer else None

    def death(self) -> str:
        """How the process ended."""
        return process_end(self._process.wait())

    def end(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(OSError):
                    stream.close()

    def _send(self, value: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(value) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, OSError):
            return  # the answer that never comes tells

    def _receive(self) -> dict[str, Any] | None:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.endswith("\n"):
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer


class LocalEngine:
    """Worker processes on this machine, each bound to a core of its own. A worker that dies is replaced."""

    def __init__(self, spec: ExperimentSpec, n_workers: int) -> None:
        self._spec, self.n_workers = spec, n_workers
        self._workers: list[_Worker | None] = [None] * n_workers
        self._stopping = False

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        """See `Engine`. A trial is tried again where its worker died under it, and failed the third time."""
        waiting: SimpleQueue[Trial] = SimpleQueue()
        for trial in trials:
            waiting.put(trial)
        answers: SimpleQueue[Outcome | BaseException] = SimpleQueue()
        n_threads = min(self.n_workers, len(trials))
        threads = [
            threading.Thread(target=self._serve, args=(number, waiting, answers), daemon=True)
            for number in range(n_threads)
        ]
        for thread in threads:
            thread.start()
        for _ in range(len(trials)):
            answer = answers.get()
            if isinstance(answer, BaseException):
                raise answer
            done(answer)
        for thread in threads:
            thread.join()

    def close(self) -> None:
        """Ends the workers."""
        self._stopping = True
        for worker in self._workers:
            if worker:
                worker.end()

    def _serve(self, number: int, waiting: SimpleQueue[Trial], answers: SimpleQueue[Outcome | BaseException]) -> None:
        while not self._stopping:
            try:
                trial = waiting.get_nowait()
            except Empty:
                return
            try:
                answers.put(self._carried_out(number, trial))
            except BaseException as problem:
                answers.put(problem)
                return

    def _carried_out(self, number: int, trial: Trial) -> Outcome:
        reason, began = "", time.monotonic()
        for _ in range(TRIES):
            worker = self._workers[number]
            if worker and worker.n_trials >= _TRIALS_A_WORKER:
                worker.end()
                worker = None
            if worker is None:
                worker = self._workers[number] = _Worker(self._spec, number)
            outcome = worker.carry_out(trial)
            if outcome is not None:
                return outcome
            reason = worker.death()
            worker.end()
            self._workers[number] = None
            if self._stopping:
                break
        return failed(trial.key, f"{reason}, {TRIES} times", time.monotonic() - began)


@contextmanager
def local_engine(spec: ExperimentSpec, n_workers: int) -> Iterator[LocalEngine]:
    """A `LocalEngine` that leaves no process behind."""
    engine = LocalEngine(spec, n_workers)
    try:
        yield engine
    finally:
        engine.close()
