"""What there is to compute on. The backend is imported for the answer."""

from __future__ import annotations

import os
import platform


def has_accelerator(backend: str) -> bool:
    """Whether there is a GPU or TPU. For "tensorflow", "jax" or "torch"."""
    if backend == "jax":
        import jax

        return any(device.platform in ("gpu", "tpu") for device in jax.devices())
    if backend == "torch":
        import torch

        return bool(torch.cuda.is_available())
    import tensorflow

    return bool(tensorflow.config.list_physical_devices("GPU"))


def tensorflow_on_processor() -> bool:
    """Whether Keras computes with TensorFlow, and that on no GPU."""
    import keras

    return bool(keras.backend.backend() == "tensorflow") and not has_accelerator("tensorflow")


def has_one_dnn() -> bool:
    """Whether TensorFlow computes with oneDNN on the processor, as it does on x86-64 unless told otherwise."""
    switched_off = os.environ.get("TF_ENABLE_ONEDNN_OPTS", "").lower() in ("0", "false")
    return not switched_off and platform.machine() in ("x86_64", "AMD64")
