"""The processor: its name, what it can do in hardware, and oneDNN switched on for it. Imports no backend."""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from pathlib import Path

ONE_DNN = "TF_ENABLE_ONEDNN_OPTS"
# The widest of these that the processor has decides how fast a convolution is: a figure means little without it.
_set_by_us: list[bool] = []
_SETS = (("AMX", "amx_bf16"), ("AVX-512", "avx512f"), ("AVX2", "avx2"), ("AVX", "avx"), ("NEON", "asimd"))


def switch_on_one_dnn() -> bool:
    """Has TensorFlow compute with oneDNN, where the environment does not say otherwise; True if that was in time.

    TensorFlow does so itself only on processors with certain vector instructions (AVX512-VNNI, AMX and the like), and
    asks once, when it is imported. On AVX2 a training takes about 1.6 times as long without.
    """
    if ONE_DNN in os.environ:
        return True
    if "tensorflow" in sys.modules:
        return False
    os.environ[ONE_DNN] = "1"
    _set_by_us.append(True)
    return True


def was_set_by_us() -> bool:
    """Whether the environment says so because `switch_on_one_dnn` put it there."""
    return bool(_set_by_us)


def processor_name() -> str:
    """The model, as the system tells it."""
    return _told("model name") or platform.processor() or platform.machine()


def instruction_set() -> str:
    """The widest that it computes with: AMX, AVX-512, AVX2, AVX or NEON; else the machine's kind."""
    flags = processor_flags()
    return next((name for name, flag in _SETS if flag in flags), platform.machine())


def processor_flags() -> frozenset[str]:
    """What it can do, in Linux's words (`avx2`, `amx_bf16`, ...); nothing where the system does not tell."""
    return frozenset((_told("flags") or _told("Features")).split())


def _told(key: str) -> str:
    """The first value of that name in Linux's list."""
    lines = (line.partition(":") for line in _cpuinfo().splitlines())
    return next((value.strip() for name, _, value in lines if name.strip() == key), "")


@cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
