"""From the pictures of a request to its answers: a bounded queue, threads that decode, and the batches."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.http_core.decoding import Reading
from convwise.http_core.multipart import Upload
from convwise.http_core.problems import Problem
from convwise.serving.batching import Batches

_QUICK_PIXELS = 2**22
"""Larger pictures are decoded in a thread of their own, one after the other, so that small ones need not wait."""

Row = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Answered:
    """What became of a picture: its probabilities, or the problem; and whether its values exceed the range in use."""

    name: str
    row: Row | None = None
    problem: Problem | None = None
    beyond_range: bool = False


class Predicting:
    """Answers pictures.

    Args:
        reading: How pictures are read.
        batches: The network.
        most_waiting: Pictures that may be here at a time; further requests are refused.
        threads: Threads that decode and run the network.

    Attributes:
        n_here: Pictures that wait or are worked on.
    """

    def __init__(self, reading: Reading, batches: Batches, *, most_waiting: int, threads: int) -> None:
        self._reading, self._batches, self._most_waiting = reading, batches, most_waiting
        rules = reading.rules
        self._quick = replace(reading, rules=rules.limited_to(min(rules.most_pixels, _QUICK_PIXELS)))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="decoding")
        self._large = ThreadPoolExecutor(1, thread_name_prefix="large")
        self.n_here = 0

    @property
    def full(self) -> bool:
        """Whether not one more picture is taken."""
        return self.n_here >= self._most_waiting

    async def answers(self, pictures: Sequence[Upload]) -> list[Answered]:
        """What becomes of each, in their order. Raises Problem 503 where they are too many for the queue."""
        if self.n_here + len(pictures) > self._most_waiting:
            raise Problem(503, "too many pictures are waiting; ask again", headers={"retry-after": "1"})
        self.n_here += len(pictures)
        try:
            job = _Job(len(pictures), asyncio.get_running_loop())
            for place, picture in enumerate(pictures):
                self._threads.submit(self._decode, job, place, picture)
            return await job.done
        finally:
            self.n_here -= len(pictures)

    def _decode(self, job: _Job, place: int, picture: Upload) -> None:
        """In a thread: the picture goes on to the network, or to the thread for large ones."""
        try:
            self._go_on(self._quick, job, place, picture)
        except Problem as problem:
            if problem.status == 413:
                self._large.submit(self._decode_large, job, place, picture)
            else:
                job.tell(place, Answered(picture.name, problem=problem))
        except Exception as error:
            job.fail(error)

    def _decode_large(self, job: _Job, place: int, picture: Upload) -> None:
        try:
            self._go_on(self._reading, job, place, picture)
        except Problem as problem:
            job.tell(place, Answered(picture.name, problem=problem))
        except Exception as error:
            job.fail(error)

    def _go_on(self, reading: Reading, job: _Job, place: int, picture: Upload) -> None:
        found = reading.picture(picture.data, picture.name)
        beyond = found.peak > reading.rules.white

        def told(row: Row | Exception) -> None:
            if isinstance(row, Exception):
                job.fail(row)
            else:
                job.tell(place, Answered(picture.name, row, beyond_range=beyond))

        self._batches.add(found.pixels, told)

    def close(self) -> None:
        """Ends the threads when they have done what they began."""
        self._threads.shutdown()
        self._large.shutdown()


class _Job:
    """The answers of a request as they come in from threads, each place once."""

    def __init__(self, n: int, loop: asyncio.AbstractEventLoop) -> None:
        self.done: asyncio.Future[list[Answered]] = loop.create_future()
        self._loop, self._lock = loop, threading.Lock()
        self._answers: list[Answered | None] = [None] * n
        self._n_open = n

    def tell(self, place: int, answered: Answered) -> None:
        """An answer; with the last one the request goes on."""
        with self._lock:
            self._answers[place] = answered
            self._n_open -= 1
            whole = self._n_open == 0
        if whole:
            self._loop.call_soon_threadsafe(self._finish, None)

    def fail(self, error: Exception) -> None:
        """An error that nobody foresaw ends the request."""
        self._loop.call_soon_threadsafe(self._finish, error)

    def _finish(self, error: Exception | None) -> None:
        if self.done.done():  # such as a second failure
            return
        if error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result([each for each in self._answers if each is not None])
