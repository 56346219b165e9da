"""Whether there is a GPU or TPU to compute on. The backend is imported for the answer."""

from __future__ import annotations


def has_accelerator(backend: str) -> bool:
    """For "tensorflow", "jax" or "torch"."""
    if backend == "jax":
        import jax

        return any(device.platform in ("gpu", "tpu") for device in jax.devices())
    if backend == "torch":
        import torch

        return bool(torch.cuda.is_available())
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))
