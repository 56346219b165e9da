"""Ctrl-C that Python swallows: where it arrives in a place that can only report errors, it is sent again."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SOON_SECONDS = 0.02


@contextmanager
def no_interrupt_lost() -> Iterator[None]:
    """Within the block a KeyboardInterrupt raised in a weak reference's callback or a finaliser comes a second time.

    Python prints such an error and goes on (`sys.unraisablehook`), so the work would not stop.
    """
    before = sys.unraisablehook
    again: list[threading.Timer] = []

    def hook(problem: Any) -> None:
        if not issubclass(problem.exc_type, KeyboardInterrupt):
            before(problem)
            return
        timer = threading.Timer(_SOON_SECONDS, _interrupt)
        timer.daemon = True
        again.append(timer)
        timer.start()

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.cancel()  # the work is over
            timer.join()


def _interrupt() -> None:
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)  # ends a wait too
    else:
        _thread.interrupt_main()
