"""What there is to compute on, and what works there: found out by computing, never inferred from a name."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from convwise.errors import RequestError
from convwise.processor import ONE_DNN, switch_on_one_dnn

BACKENDS = ("tensorflow", "jax", "torch")
_IN_TIME = switch_on_one_dnn()  # where the package's own import came too late as well


def asked_backend() -> str:
    """The backend that Keras will import: KERAS_BACKEND, else Keras's own configuration file, else tensorflow."""
    named = os.environ.get("KERAS_BACKEND")
    if named:
        return named
    try:
        folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        configured = json.loads((folder / "keras.json").read_text(encoding="utf-8"))["backend"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, RecursionError):  # Keras passes it over too
        return "tensorflow"
    return configured if isinstance(configured, str) else "tensorflow"


def require_backend() -> str:
    """The backend's name. Raises RequestError, before anything of it is imported, where it cannot train or is missing.

    To be called before Keras is imported: Keras tells a missing backend in forty lines.
    """
    name = asked_backend()
    if name not in BACKENDS:
        raise RequestError(f"KERAS_BACKEND={name}: convwise trains with {', '.join(BACKENDS)}; choose one of them")
    if find_spec(name) is None:
        raise RequestError(
            f"KERAS_BACKEND={name}: it is not installed; install it with pip install 'convwise[{name}]', or unset "
            "KERAS_BACKEND to use tensorflow"
            if name != "tensorflow"
            else "KERAS_BACKEND=tensorflow: it is not installed; install it with pip install tensorflow"
        )
    return name


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


@cache
def layout_works(layout: str, *, grouped: bool = False) -> bool:
    """Whether the backend has a convolution of "channels_last" or "channels_first", forward and backward, here.

    TensorFlow's own on a processor has channels_first with oneDNN only; grouped ones Keras compiles by XLA, which has
    both.
    """
    shape = (1, 4, 4, 2) if layout == "channels_last" else (1, 2, 4, 4)
    return _convolves(shape, (3, 3, 1 if grouped else 2, 2), data_format=layout)


@cache
def type_works(dtype: str) -> bool:
    """Whether the backend has a convolution of that type, such as "bfloat16", forward and backward, here."""
    return _convolves((1, 4, 4, 2), (3, 3, 2, 2), dtype=dtype)


def _convolves(
    shape: tuple[int, ...], kernel: tuple[int, ...], *, data_format: str = "channels_last", dtype: str = "float32"
) -> bool:
    """Whether a convolution of those shapes, and its gradient, work when they are tried.

    Whatever it raises is an answer: each backend has errors of its own for what it has not.
    """
    import keras

    def convolved(weights: Any) -> Any:
        maps = keras.ops.ones(shape, dtype)
        return keras.ops.sum(keras.ops.conv(maps, weights, padding="same", data_format=data_format))

    try:
        found = gradient(convolved, keras.ops.ones(kernel, dtype))
        keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))
    except Exception:
        return False
    return True


def gradient(function: Callable[[Any], Any], at: Any) -> Any:
    """The gradient of a number by one tensor, in the backend that Keras has."""
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return jax.grad(function)(at)
    if backend == "torch":
        import torch

        variable = at.detach().clone().requires_grad_(True)
        return torch.autograd.grad(function(variable), variable)[0].detach()
    import tensorflow

    with tensorflow.GradientTape() as tape:
        tape.watch(at)
        number = function(at)
    return tape.gradient(number, at)


@cache
def warn_of_a_slow_start() -> None:
    """One warning where TensorFlow was imported before convwise, and computes without oneDNN for that reason."""
    if not _IN_TIME and tensorflow_on_processor() and not layout_works("channels_first"):
        warnings.warn(
            "TensorFlow was imported before convwise and computes without oneDNN, which can take 1.6 times as long; "
            f"import convwise first, or set {ONE_DNN}=1 in the environment",
            RuntimeWarning,
            stacklevel=2,
        )
