"""Which arithmetic pays on this machine: bfloat16 where the hardware multiplies matrices of it, float32 elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from convwise.nets.accelerator import has_accelerator


def resolve_precision(asked: str, *, pretrained: bool = False) -> str:
    """ "float32" or "bfloat16". "auto" is settled once, when a run starts, and saved with it."""
    if asked != "auto":
        return asked
    return "bfloat16" if _has_bfloat16(pretrained) else "float32"


def _has_bfloat16(pretrained: bool) -> bool:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "jax":
        return has_accelerator(backend)  # Ampere and later GPUs, and TPUs, multiply bfloat16 in hardware
    if backend == "torch":
        if not has_accelerator(backend):
            return False
        import torch

        return bool(torch.cuda.is_bf16_supported())
    if pretrained:
        return False  # bodies of keras.applications hold kinds of layer that were not tried on a processor
    # oneDNN's convolutions are the ones that use it. With vectors of bfloat16 alone (AVX512-BF16) training is slower
    # than in float32: benchmarks/arithmetic.py.
    return os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0" and "amx_bf16" in _processor_flags()


def _processor_flags() -> frozenset[str]:
    """What the processor can do, in Linux's words; nothing where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
