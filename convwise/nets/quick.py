"""The same network from layers that compute the same by quicker means: for training, not for saving."""

from __future__ import annotations

from typing import Any

import keras

from convwise.nets.accelerator import has_accelerator

_MOST_SPLITS = 16  # groups: beyond, the many small convolutions are no gain


class SplitConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A grouped convolution computed group by group: the same function and weights as Conv2D's own.

    TensorFlow on a processor takes some twenty times as long over its own grouped one (benchmarks/arithmetic.py).
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """(n, h, w, c) and (h, w, c / groups, filters) -> (n, h', w', filters)."""
        channels = -1 if self.data_format == "channels_last" else 1
        parts = [
            keras.ops.conv(
                part,
                own,
                strides=list(self.strides),
                padding=self.padding,
                dilation_rate=self.dilation_rate,
                data_format=self.data_format,
            )
            for part, own in zip(
                keras.ops.split(inputs, self.groups, axis=channels),
                keras.ops.split(kernel, self.groups, axis=-1),
                strict=True,
            )
        ]
        return keras.ops.concatenate(parts, axis=channels)


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation of maps (n, h, w, c) in one operation of TensorFlow's: the function and weights of Keras's.

    Keras composes it, and its gradient, of a dozen operations, each of which walks through the maps
    (benchmarks/arithmetic.py). The sums are float32 here too, whatever the maps are.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """(n, h, w, c) -> (n, h, w, c) in the layer's type."""
        import tensorflow

        by_batch = bool(training) and self.trainable
        channels = (inputs.shape[-1],)
        inputs = keras.ops.cast(inputs, self.compute_dtype)
        outputs, mean, variance, *_ = tensorflow.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=keras.ops.ones(channels) if self.gamma is None else keras.ops.convert_to_tensor(self.gamma),
            offset=keras.ops.zeros(channels) if self.beta is None else keras.ops.convert_to_tensor(self.beta),
            mean=keras.ops.zeros((0,)) if by_batch else keras.ops.convert_to_tensor(self.moving_mean),
            variance=keras.ops.zeros((0,)) if by_batch else keras.ops.convert_to_tensor(self.moving_variance),
            epsilon=self.epsilon,
            is_training=by_batch,
        )
        if by_batch:
            # The operation tells the variance of the population that the maps are a sample of; Keras keeps the maps'.
            n = keras.ops.cast(tensorflow.size(inputs) // channels[0], "float32")
            self._follow(self.moving_mean, mean)
            self._follow(self.moving_variance, variance * ((n - 1) / n))
        return outputs

    def _follow(self, moving: Any, now: Any) -> None:
        moving.assign(moving * self.momentum + now * (1 - self.momentum))


def quicker(model: keras.Model) -> keras.Model:
    """A network of the same function, layer names and weights; `model` itself where nothing in it can be quickened.

    Only TensorFlow on a processor has something to gain. The weights are copies: `model` does not learn with it.
    """
    if keras.backend.backend() != "tensorflow" or has_accelerator("tensorflow"):
        return model
    if all(_quick_kind(layer) is type(layer) for layer in model.layers):
        return model
    quick = keras.models.clone_model(
        model, clone_function=lambda layer: _quick_kind(layer).from_config(layer.get_config())
    )
    quick.set_weights(model.get_weights())
    return quick


def _quick_kind(layer: keras.layers.Layer) -> type[keras.layers.Layer]:
    """The class that computes what the layer does most quickly. A class derived from Keras's is left alone."""
    if type(layer) is keras.layers.Conv2D and 1 < layer.groups <= _MOST_SPLITS:
        return SplitConv2D
    if type(layer) is keras.layers.BatchNormalization and not layer.renorm and not layer.synchronized:
        shape = layer.input.shape
        if len(shape) == 4 and layer.axis in (-1, 3):
            return FusedBatchNormalization
    return type(layer)
