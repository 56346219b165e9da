"""The processor's cores: how many there are, and a process bound to one of them. Imports no backend."""

from __future__ import annotations

import os


def available_cores() -> int:
    """The cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1


def take_one_thread() -> None:
    """One thread for this process's backend; to be called before that is imported."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = "1"


def take_one_core(number: int) -> None:
    """The same, and the process bound to one core: `number` counts those it may use, from 0 and round again."""
    take_one_thread()
    try:
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
    except (AttributeError, OSError):  # not on every system
        return
