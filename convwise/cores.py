"""The processor's cores: how many there are, and a process bound to one of them. Imports no backend."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


@contextmanager
def one_thread_for_scipy() -> Iterator[None]:
    """SciPy's own BLAS on one thread, NumPy's as it is.

    Their wheels bring one each, whose threads wait for each other's cores: an optimiser of SciPy's, which only adds
    vectors, over a function of NumPy's takes twice to four times as long with both. Where they share a library,
    nothing changes.
    """
    from threadpoolctl import ThreadpoolController

    controller = ThreadpoolController()
    libraries = [library.filepath for library in controller.lib_controllers if _is_scipys(library.filepath)]
    with controller.select(filepath=libraries).limit(limits=1):
        yield


def _is_scipys(library: str) -> bool:
    """Wheels keep it in scipy.libs, or in scipy/.dylibs."""
    return any(part.startswith("scipy") for part in Path(library).parts[-3:-1])
