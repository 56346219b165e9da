"""From the pictures of a request to its answers: a bounded queue, threads that decode, and the batches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError
from convwise.http_core.decoding import Reading
from convwise.http_core.multipart import Upload
from convwise.http_core.problems import Problem
from convwise.serving.batching import Batches, Heard, Row, Runtime
from convwise.training.answers import require_probabilities

_QUICK_PIXELS = 2**22
"""Larger pictures are decoded in a thread of their own, one after the other, so that small ones need not wait."""


@dataclass(frozen=True, eq=False)
class Answered:
    """What became of a picture: its probabilities, or the problem; and whether its values exceed the range in use."""

    name: str
    row: NDArray[Any] | None = None
    problem: Problem | None = None
    beyond_range: bool = False


@dataclass(frozen=True, eq=False)
class _Task:
    """A picture to answer, at its place in its request."""

    job: _Job
    place: int
    picture: Upload
    beyond_range: bool = False


@dataclass(frozen=True)
class Work:
    """How much is done at a time: threads, pictures in a batch, and pictures that may be here."""

    threads: int
    most_batch: int
    most_waiting: int


class Predicting:
    """Answers pictures.

    Args:
        reading: How pictures are read.
        runtime: The network.
        work: How much is done at a time.
        heard: Is told the size and the seconds of every batch; nobody is if None.

    Attributes:
        n_here: Pictures that wait or are worked on.
    """

    def __init__(self, reading: Reading, runtime: Runtime, work: Work, heard: Heard | None = None) -> None:
        self._reading, self._work = reading, work
        quick = reading.rules.limited_to(min(reading.rules.most_pixels, _QUICK_PIXELS))
        self._batches: Batches[_Task] = Batches(runtime, work.most_batch, _tell_rows, heard)
        self._quick = _Lane(self._decode, replace(reading, rules=quick), work.threads, "quick")
        self._large = _Lane(self._decode, reading, 1, "large")
        self.n_here = 0

    @property
    def full(self) -> bool:
        """Whether not one more picture is taken."""
        return self.n_here >= self._work.most_waiting

    async def answers(self, pictures: Sequence[Upload]) -> list[Answered]:
        """What becomes of each, in their order. Raises Problem 503 where they are too many for the queue."""
        if self.n_here + len(pictures) > self._work.most_waiting:
            raise Problem(503, "too many pictures are waiting; ask again", headers={"retry-after": "1"})
        self.n_here += len(pictures)
        try:
            job = _Job(len(pictures), asyncio.get_running_loop())
            for place, picture in enumerate(pictures):
                self._quick.put(_Task(job, place, picture))
            return await job.done
        finally:
            self.n_here -= len(pictures)

    def _decode(self, lane: _Lane, task: _Task) -> None:
        """In a thread: pixels go to the network as soon as no further picture waits to be decoded, or a batch is full.

        Decoding first what is there makes batches larger where cores are few; it is bounded by a batch, not by a clock.
        """
        n_waiting = 0
        try:
            found = lane.reading.picture(task.picture.data, task.picture.name)
            beyond = found.peak > lane.reading.rules.white
            n_waiting = self._batches.add(replace(task, beyond_range=True) if beyond else task, found.pixels)
        except Problem as problem:
            if problem.status == 413 and lane is self._quick:
                self._large.put(task)
            else:
                _tell([(task, Answered(task.picture.name, problem=problem))])
        except Exception as error:  # nobody foresaw it: the request fails, the thread goes on
            _tell([(task, error)])
        if lane is self._large or lane.empty or n_waiting >= self._batches.most:
            self._batches.run()

    def close(self) -> None:
        """Ends the threads when they have done what is there."""
        self._quick.close()
        self._large.close()
        self._batches.run()


class _Lane:
    """Threads that decode what is put into their queue."""

    def __init__(self, decode: Any, reading: Reading, threads: int, name: str) -> None:
        self.reading = reading
        self._decode, self._queue = decode, SimpleQueue[_Task | None]()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def empty(self) -> bool:
        """Whether nothing waits to be decoded."""
        return self._queue.empty()

    def put(self, task: _Task) -> None:
        """A picture to decode."""
        self._queue.put(task)

    def close(self) -> None:
        """Ends the threads after what is in the queue."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            self._decode(self, task)


class _Job:
    """The answers of a request as they come in from threads, each place once."""

    def __init__(self, n: int, loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[list[Answered]] = loop.create_future()
        self.loop, self._lock = loop, threading.Lock()
        self._answers: list[Answered | None] = [None] * n
        self._n_open = n
        self._error: Exception | None = None

    def tell(self, place: int, answered: Answered | Exception) -> bool:
        """An answer, or an error that ends the request; whether all is there now."""
        with self._lock:
            self._n_open -= 1
            if isinstance(answered, Exception):
                self._error = answered
            else:
                self._answers[place] = answered
            return self._n_open == 0

    def finish(self) -> None:
        """In the event loop: the request goes on."""
        if self.done.done():  # whoever waited for it was cancelled
            return
        if self._error is not None:
            self.done.set_exception(self._error)
        else:
            self.done.set_result([each for each in self._answers if each is not None])


def _tell_rows(rows: Sequence[Row[_Task]]) -> None:
    _tell((row.whose, _answered(row)) for row in rows)


def _answered(row: Row[_Task]) -> Answered | Exception:
    if isinstance(row.probabilities, Exception):
        return row.probabilities
    try:
        require_probabilities(row.probabilities[np.newaxis])
    except ConvwiseError as problem:  # of this picture alone: others of the batch may have theirs
        return problem
    return Answered(row.whose.picture.name, row.probabilities, beyond_range=row.whose.beyond_range)


def _tell(answers: Iterable[tuple[_Task, Answered | Exception]]) -> None:
    """Wakes the event loop once for all requests that are whole now: each time costs a call of the system's."""
    whole = [task.job for task, answered in answers if task.job.tell(task.place, answered)]
    if whole:
        whole[0].loop.call_soon_threadsafe(_finish, whole)


def _finish(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.finish()
