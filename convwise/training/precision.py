"""Which arithmetic pays on this machine: bfloat16 where the hardware multiplies matrices of it, float32 elsewhere."""

from __future__ import annotations

from convwise.nets.backend import has_accelerator, layout_works, type_works
from convwise.processor import processor_flags


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
        return backend == "jax" and type_works("bfloat16")  # Ampere and later GPUs, and TPUs, have it in hardware
    # oneDNN's convolutions are the ones that use AMX. With vectors of bfloat16 alone (AVX512-BF16) training is slower
    # than in float32: benchmarks/arithmetic.py. Bodies of other makers hold layers that were not tried.
    # A layout that only oneDNN has tells that it is at work.
    return (
        backend == "tensorflow"
        and not pretrained
        and "amx_bf16" in processor_flags()
        and layout_works("channels_first")
        and type_works("bfloat16")
    )
