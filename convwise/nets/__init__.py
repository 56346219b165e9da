"""The networks by name: each a function (input_shape, n_classes, conv) -> keras.Model in a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convwise.errors import RequestError

if TYPE_CHECKING:
    from convwise.conv2d import Conv2DSettings

# name -> one line. The module `convwise.nets.NAME` holds a function of the same name.
NETWORKS = {
    "simple": "three times convolution, ReLU, max-pooling (32, 64, 128 filters), then a dense classifier",
    "stridednet": "the tutorial's network: strides in place of pooling, batch normalisation, dropout",
    "narrowresnet": "a narrow residual network: small, quick on a CPU, the most accurate per minute here",
}


def require_network(name: str) -> str:
    """The name itself. Raises RequestError, listing the networks, where there is none of that name."""
    if name not in NETWORKS:
        raise RequestError(f"net={name}: there is no such network; choose one of {', '.join(NETWORKS)}")
    return name


def build(name: str, *, size_px: int, n_classes: int, settings: Conv2DSettings, seed: int, precision: str) -> Any:
    """A `keras.Model` from raw RGB pixels (n, size_px, size_px, 3) in 0..255 to probabilities (n, n_classes).

    `precision` is "float32" or "bfloat16": the type of the arithmetic; weights and the last layer are float32.
    The first weights depend on `seed` alone. Raises RequestError where the network and the size do not fit.
    """
    from importlib import import_module

    import keras

    from convwise.nets.convolution import Convolution

    network = getattr(import_module(f"convwise.nets.{require_network(name)}"), name)
    policy_before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    # Keras's initializers draw from its global generator; it is set here and nowhere else.
    keras.utils.set_random_seed(seed % 2**32)
    keras.backend.clear_session(free_memory=False)
    try:
        return network((size_px, size_px, 3), n_classes, Convolution(settings))
    except ValueError as problem:
        first_line = str(problem).strip().splitlines()[0]
        raise RequestError(f"net={name} cannot be built at size={size_px} with these settings: {first_line}") from None
    finally:
        keras.config.set_dtype_policy(policy_before)
