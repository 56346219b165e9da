"""A fence around what is tested: this process, and all that it starts, can write to its own places and nowhere else.

A fault in the code under test must not harm the machine, least of all where root runs the tests: the file that takes
the place of `/dev/zero` is a real one. Landlock, of Linux since 5.13, needs no rights and is kept through `exec`.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every processor
_VERSION_FLAG, _PATH_BENEATH, _NO_NEW_PRIVILEGES = 1, 1, 38
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_WRITES = (
    _WRITE_FILE | sum(1 << bit for bit in range(4, 13)),
    _REFER,
    _TRUNCATE,
)  # each is known since version 1, 2, 3
_DEVICES = ("/dev/null", "/dev/full", "/dev/zero", "/dev/tty")


def fenced(folders: Sequence[Path]) -> bool:
    """Puts up the fence for good; False where this system has none. Call before a second thread is started."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    except AttributeError:  # no Linux
        return False
    if version < 1:
        return False
    every = sum(_WRITES[: min(version, 3)])
    handled = ctypes.c_uint64(every)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    on_files = every & (_WRITE_FILE | _TRUNCATE)
    allowed = [(str(folder), every) for folder in (*folders, "/dev/shm") if Path(folder).is_dir()]
    for path, rights in (*allowed, *((device, on_files) for device in _DEVICES)):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = rights.to_bytes(8, "little") + place.to_bytes(4, "little")
        if libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"no rule for {path}")
        os.close(place)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    restricted = libc.syscall(_RESTRICT_SELF, rules, 0) == 0
    os.close(rules)
    return restricted
