"""An ordinary user, whoever runs the tests: root without the rights by which it reads and writes everything."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_OVERRIDES = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_VERSION_3 = 0x20080522
_DROP_FROM_BOUNDING_SET = 24


def ordinary_user() -> None:
    """For good, for this process, its later threads, and the programs that it starts."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in _OVERRIDES:  # or a program that root starts would have them again
        libc.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)
    header, held = (ctypes.c_uint32 * 2)(_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if libc.capget(header, held) == 0:
        mask = ~sum(1 << capability for capability in _OVERRIDES) & 0xFFFFFFFF
        libc.capset(header, (ctypes.c_uint32 * 6)(held[0] & mask, held[1] & mask, held[2] & mask, *held[3:]))


@contextmanager
def with_modes(folder: Path, modes: Sequence[tuple[str, int]]) -> Iterator[None]:
    """The modes are set, the deepest first, and set back to what they were."""
    before = []
    try:
        for name, mode in sorted(modes, key=lambda pair: -pair[0].count("/")):
            path = folder / name
            before.append((path, path.stat().st_mode & 0o7777))
            path.chmod(mode)
        yield
    finally:
        for path, mode in reversed(before):
            path.chmod(mode)
