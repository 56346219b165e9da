"""Conditions under which Keras builds a network: its seed, its arithmetic, its layout; and weights without numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def weights_without_numbers() -> Iterator[None]:
    """Weights that Keras makes within the block have shapes and no values."""
    import keras

    from convwise.nets.weightless import without_numbers

    try:
        with without_numbers():
            yield
    finally:
        keras.backend.clear_session(free_memory=False)  # it forgets which weights wait for values


@contextmanager
def conditions(seed: int, precision: str) -> Iterator[None]:
    """What Keras builds within the block follows from `seed`, computes in `precision` and has its channels last."""
    import keras

    layout_before, policy_before = keras.config.image_data_format(), keras.config.dtype_policy()
    keras.backend.clear_session(free_memory=False)  # it forgets the policy too, so it comes first
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    # Keras's initializers draw from its global generator; it is set here and nowhere else.
    keras.utils.set_random_seed(seed % 2**32)
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy_before)
        keras.config.set_image_data_format(layout_before)
