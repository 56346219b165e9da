"""What Keras says of a convolution on the backend that runs: legal or not, shapes, weights, gradients."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from convwise.conv2d import Conv2DSettings
from convwise.nets.backend import layout_works

BACKEND = keras.backend.backend()


def layout_of_works(settings: Conv2DSettings) -> bool:
    """Whether the backend that runs has a convolution in the layout of complete settings."""
    return layout_works(str(settings.data_format), grouped=settings.groups != 1)


def layer_of(settings: Conv2DSettings) -> Any:
    """The Keras layer of those settings, through the serialized form."""
    return keras.layers.Conv2D.from_config(settings.to_keras())


def gradients(layer: Any, images: Any) -> list[Any]:
    """The gradients of the sum of squared outputs by the layer's weights, on the backend that runs."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(images)))
        return list(tape.gradient(loss, [weight.value for weight in layer.trainable_variables]))
    if BACKEND == "jax":
        import jax

        def loss_of(weights: Any) -> Any:
            outputs, _ = layer.stateless_call(weights, [], images)
            return (outputs**2).sum()

        return list(jax.grad(loss_of)([weight.value for weight in layer.trainable_variables]))
    (layer(images) ** 2).sum().backward()
    return [weight.value.grad for weight in layer.trainable_variables]


@dataclass(frozen=True)
class Verdict:
    """What Keras made of a layer: None in `refusal` where it works."""

    refusal: str | None
    output_shape: tuple[int, ...] = ()
    weights: int = 0


def keras_verdict(settings: Conv2DSettings, shape: tuple[int, ...], *, training: bool, call: bool = True) -> Verdict:
    """Builds the layer for images of `shape` (batch first), calls it, and trains it as far as a layer alone can."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of a softmax over one value: legal
        try:
            layer = layer_of(settings)
            layer.build(shape)
            expected = tuple(layer.compute_output_shape(shape))
            images = np.ones(shape, np.float32)
            if call:
                outputs = layer(images)
                assert tuple(outputs.shape) == expected, f"announced {expected}, made {tuple(outputs.shape)}"
            if training:
                assert not call or all(gradient is not None for gradient in gradients(layer, images))
                assert len(layer.losses) >= 0  # the penalties are computed when they are asked for
                for weight in layer.trainable_variables:
                    if weight.constraint is not None:
                        assert tuple(weight.constraint(weight.value).shape) == tuple(weight.shape)
        except Exception as problem:  # whatever the backend raises is a refusal
            return Verdict(f"{type(problem).__name__}: {problem}")
        return Verdict(None, expected, layer.count_params())
