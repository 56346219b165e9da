"""Which arithmetic pays on this machine: bfloat16 on accelerators that multiply it in hardware, float32 elsewhere."""

from __future__ import annotations

import os

from convwise.nets.accelerator import has_accelerator


def resolve_precision(asked: str) -> str:
    """ "float32" or "bfloat16". "auto" is settled once, when a run starts, and saved with it."""
    if asked != "auto":
        return asked
    return "bfloat16" if _has_bfloat16() else "float32"


def _has_bfloat16() -> bool:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    if backend == "jax":
        return has_accelerator(backend)  # Ampere and later GPUs, and TPUs, multiply bfloat16 in hardware
    if backend == "torch" and has_accelerator(backend):
        import torch

        return bool(torch.cuda.is_bf16_supported())
    # TensorFlow on a processor trains more slowly in bfloat16, even with AVX512-BF16: benchmarks/arithmetic.py.
    return False
