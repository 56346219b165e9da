"""Ctrl-C wherever it arrives: what Python or a library swallows is raised again, what C code made of it is known."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_SOON_SECONDS = 0.02


@dataclass
class Interrupts:
    """`came`: whether there was a signal to stop. An error after it may be what a library's C code made of it."""

    came: bool = False


_current = Interrupts()  # of the block that is entered; outside any, no signal has come


def raise_lost_interrupt() -> None:
    """Raises KeyboardInterrupt where a signal to stop came and the work goes on all the same; for each tick of a bar.

    NumPy drops any error that is raised while it asks an object for its array, so that the signal would have no effect.
    """
    if _current.came and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


@contextmanager
def no_interrupt_lost() -> Iterator[Interrupts]:
    """Within the block a KeyboardInterrupt raised in a weak reference's callback or a finaliser comes a second time.

    Python prints such an error and goes on (`sys.unraisablehook`), so the work would not stop.
    """
    global _current
    before = sys.unraisablehook
    interrupts, outer = Interrupts(), _current
    again: list[threading.Timer] = []

    def hook(problem: Any) -> None:
        if not issubclass(problem.exc_type, KeyboardInterrupt):
            before(problem)
            return
        timer = threading.Timer(_SOON_SECONDS, _interrupt)
        timer.daemon = True
        again.append(timer)
        timer.start()

    sys.unraisablehook, _current = hook, interrupts
    try:
        with _noted(interrupts):
            yield interrupts
    finally:
        sys.unraisablehook, _current = before, outer
        for timer in again:
            timer.cancel()  # the work is over
            timer.join()


@contextmanager
def _noted(interrupts: Interrupts) -> Iterator[None]:
    """Signals that raise KeyboardInterrupt are noted as they come."""

    def handler(number: int, frame: Any) -> None:
        interrupts.came = True
        signal.default_int_handler(number, frame)

    raising = [each for each in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(each) is signal.default_int_handler]
    if threading.current_thread() is not threading.main_thread():  # only there handlers can be set
        raising = []
    for each in raising:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each in raising:
            signal.signal(each, signal.default_int_handler)


def _interrupt() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # ends a wait too
    else:
        _thread.interrupt_main()
