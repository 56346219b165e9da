"""Work that takes longer than an answer may: off the event loop, one piece at a time, with its progress."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from convwise.errors import ConvwiseError, one_line

Progress = Callable[[int, int], None]
Work = Callable[[Progress], Any]
Lane = Literal["networks", "pictures"]
LANES: tuple[Lane, ...] = ("networks", "pictures")
"""What asks a network, and what only reads: a long look through pictures holds no prediction back."""
_MOST_WAITING = 32
_MOST_KEPT = 64  # pieces that are over and that nobody has asked for


class BusyError(ConvwiseError):
    """Too much waits to be done: asked again later, it is."""


class StoppedError(ConvwiseError):
    """The page was ended while work went on."""


@dataclass(eq=False)
class Job:
    """A piece of work: `done` of `total` steps, 0 where that is not known; at its end a `result` or a `problem`."""

    key: str
    title: str
    work: Work = field(repr=False)
    done: int = 0
    total: int = 0
    over: bool = False
    result: Any = None
    problem: BaseException | None = None

    @property
    def said(self) -> str:
        """How far it is, in words."""
        return f"{self.title}: {self.done:,} of {self.total:,}" if self.total else f"{self.title} ..."


class Jobs:
    """Threads that work one thing after the other, a thread for each lane. A key is worked on once at a time."""

    def __init__(self) -> None:
        self.stopping = False
        self._known: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._waiting: dict[Lane, queue.Queue[Job | None]] = {lane: queue.Queue() for lane in LANES}
        self._threads: list[threading.Thread] = []

    def ask(self, lane: Lane, key: str, title: str, work: Work) -> Job:
        """The job of that key: the one that waits or goes on, else a new one. Raises BusyError for too many."""
        with self._lock:
            known = self._known.get(key)
            if known is not None and not known.over:
                return known
            if self._waiting[lane].qsize() >= _MOST_WAITING:
                raise BusyError("too much is waiting to be done; ask again when some of it is over")
            job = Job(key, title, work)
            self._known[key] = job
            self._start()
            self._waiting[lane].put(job)
            for old in [each.key for each in self._known.values() if each.over][:-_MOST_KEPT]:
                del self._known[old]
            return job

    def find(self, key: str) -> Job | None:
        """The job of that key, over or not."""
        return self._known.get(key)

    def forget(self, job: Job) -> None:
        """Drops a job that is over: who asks for its key again begins it again."""
        with self._lock:
            if job.over and self._known.get(job.key) is job:
                del self._known[job.key]

    async def wait(self, job: Job, seconds: float | None = None) -> bool:
        """Whether it is over within that time; without one it is waited for. Nothing is held but this request."""
        waited = 0.0
        while not job.over:
            if (seconds is not None and waited >= seconds) or self.stopping:
                return False
            await asyncio.sleep(0.05)
            waited += 0.05
        return True

    async def answer(self, lane: Lane, key: str, title: str, work: Work) -> Any:
        """What the work returns or raises, when it is over."""
        job = self.ask(lane, key, title, work)
        if not await self.wait(job):
            raise StoppedError("the page is ending")
        self.forget(job)
        return result_of(job)

    def close(self, seconds: float) -> bool:
        """Tells what goes on to stop; whether it has, within that time."""
        self.stopping = True
        for waiting in self._waiting.values():
            waiting.put(None)
        for thread in self._threads:
            thread.join(seconds)
        return not any(thread.is_alive() for thread in self._threads)

    def _start(self) -> None:
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._worked, args=(self._waiting[lane],), name=f"web {lane}", daemon=True)
                for lane in LANES
            ]
            for thread in self._threads:
                thread.start()

    def _worked(self, waiting: queue.Queue[Job | None]) -> None:
        while (job := waiting.get()) is not None:
            if self.stopping:
                return
            self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        def heard(done: int, total: int) -> None:
            if self.stopping:
                raise StoppedError("the page is ending")
            job.done, job.total = done, total

        try:
            job.result = job.work(heard)
        except BaseException as problem:  # whoever asked is told; the thread goes on
            job.problem = problem
        finally:
            job.over = True


def result_of(job: Job) -> Any:
    """What a job that is over returned. Raises what it raised; ConvwiseError for what nobody foresaw."""
    if job.problem is None:
        return job.result
    if isinstance(job.problem, ConvwiseError | OSError) or not isinstance(job.problem, Exception):
        raise job.problem
    raise ConvwiseError(f"{job.title}: {type(job.problem).__name__}: {one_line(job.problem)}") from job.problem
