"""A process that may do no more than its files' owner, whoever runs the tests."""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_OVERRIDES = 0b110  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, by which root reads and writes everything
_VERSION_3 = 0x20080522


@contextmanager
def closed(*paths: Path) -> Iterator[None]:
    """Nobody may read, write or enter these, nor may root in this thread and those it starts; skips where it may."""
    modes = [(path, path.stat().st_mode) for path in paths]
    with _no_more_than_the_owner():
        try:
            for path in paths:
                path.chmod(0)
            if any(_can_be_read(path) for path in paths):
                pytest.skip("this system lets its user read what nobody may")
            yield
        finally:
            for path, mode in modes:
                path.chmod(mode)


@contextmanager
def _no_more_than_the_owner() -> Iterator[None]:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "capset"):
        pytest.skip("root's privileges cannot be given up for a while on this system")
    header, before, after = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)(), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    after[:] = [before[0] & ~_OVERRIDES, *before[1:]]  # the first is what counts now, the second what may come back
    if libc.capset(header, after) != 0:
        pytest.skip("root's privileges cannot be given up for a while here")
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0


def _can_be_read(path: Path) -> bool:
    try:  # `os.access` would ask for root, whatever it has given up
        os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
    except PermissionError:
        return False
    return True
