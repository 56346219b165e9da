"""Networks without numbers: layers with the shapes of their weights, and no memory or time spent on values."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def without_numbers() -> Any:
    """A block in which layers are built without values for their weights; Keras keeps a list of those that wait.

    Whoever leaves the block has to make Keras forget the list (`keras.backend.clear_session`, or the thread's end),
    else Keras gives them values the next time that it looks.
    """
    import keras

    return keras.StatelessScope(initialize_variables=False)


def in_own_thread(make: Callable[[], Any]) -> Any:
    """What `make` answers or raises, `without_numbers`; Keras's list of what waits goes with the thread."""
    answer: list[Any] = []
    problems: list[BaseException] = []

    def work() -> None:
        try:
            with without_numbers():
                answer.append(make())
        except BaseException as problem:  # handed to the caller, whatever it is
            problems.append(problem)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return answer[0]
