"""Which arithmetic pays on this machine: bfloat16 where the hardware multiplies matrices of it, float32 elsewhere."""

from __future__ import annotations

from pathlib import Path

from convwise.nets.accelerator import has_accelerator, has_one_dnn


def resolve_precision(asked: str, *, pretrained: bool = False) -> str:
    """ "float32" or "bfloat16". "auto" is settled once, when a run starts, and saved with it."""
    if asked != "auto":
        return asked
    return "bfloat16" if _has_bfloat16(pretrained) else "float32"


def _has_bfloat16(pretrained: bool) -> bool:
    import keras

    backend = str(keras.backend.backend())
    if has_accelerator(backend):
        if backend == "torch":
            import torch

            return bool(torch.cuda.is_bf16_supported())
        return backend == "jax"  # Ampere and later GPUs, and TPUs, multiply bfloat16 in hardware
    # oneDNN's convolutions are the ones that use AMX. With vectors of bfloat16 alone (AVX512-BF16) training is slower
    # than in float32: benchmarks/arithmetic.py. Bodies of other makers hold layers that were not tried.
    return backend == "tensorflow" and not pretrained and has_one_dnn() and "amx_bf16" in _processor_flags()


def _processor_flags() -> frozenset[str]:
    """What the processor can do, in Linux's words; nothing where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
