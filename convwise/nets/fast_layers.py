"""The same network from layers that are faster, or right in bfloat16: for training, not for saving."""

from __future__ import annotations

from typing import Any

import keras

from convwise.nets.activations import leaf_layers
from convwise.nets.backend import layout_works, tensorflow_on_processor

_MOST_SPLITS = 16  # groups: beyond, the many small convolutions are no gain
_SMALLEST_SIDE = 3  # px: see `_is_right_in_bfloat16`
_UNTRIED = (keras.layers.DepthwiseConv2D, keras.layers.SeparableConv2D, keras.layers.Conv2DTranspose)  # in bfloat16


class QuickConv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution with its groups one by one and its bias as a plain sum: the function and weights of Conv2D's own.

    TensorFlow on a processor takes some twenty times as long over its own grouped one (benchmarks/arithmetic.py). And
    its gradient of a bias in bfloat16 adds up in bfloat16, where 512 + 1 is 512 (TensorFlow 2.21, BiasAddGrad); that
    of a plain sum does not.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """(n, h, w, c) and (h, w, c / groups, filters) -> (n, h', w', filters)."""
        if self.groups == 1:
            return super().convolution_op(inputs, kernel)
        channels = -1 if self.data_format == "channels_last" else 1
        parts = [
            super(QuickConv2D, self).convolution_op(part, own)
            for part, own in zip(
                keras.ops.split(inputs, self.groups, axis=channels),
                keras.ops.split(kernel, self.groups, axis=-1),
                strict=True,
            )
        ]
        return keras.ops.concatenate(parts, axis=channels)

    def call(self, inputs: Any) -> Any:
        """(n, h, w, c) -> (n, h', w', filters)."""
        outputs = self.convolution_op(inputs, self.kernel)
        if self.use_bias:
            sides = (1, 1) if self.data_format == "channels_first" else ()
            outputs = outputs + keras.ops.reshape(self.bias, (self.filters, *sides))
        return outputs if self.activation is None else self.activation(outputs)


class QuickDense(keras.layers.Dense):  # type: ignore[misc]
    """A dense layer with its bias as a plain sum, for the reason given at `QuickConv2D`."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """(n, ..., c) -> (n, ..., units)."""
        outputs = keras.ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            outputs = outputs + keras.ops.convert_to_tensor(self.bias, dtype=outputs.dtype)
        return outputs if self.activation is None else self.activation(outputs)


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


def with_fast_layers(model: keras.Model) -> keras.Model:
    """A network of the same function, layer names and weights; `model` itself where nothing in it is to be replaced.

    Only TensorFlow on a processor has something to gain. The weights are copies: `model` does not learn with it.
    In a network of bfloat16, convolutions that the processor would compute wrongly are float32, quick or not.
    """
    if not tensorflow_on_processor():
        return model
    if all(_kind(layer) is type(layer) and not _keeps_float32(layer) for layer in leaf_layers(model)):
        return model
    quick = keras.models.clone_model(model, clone_function=_twin, recursive=True)
    quick.set_weights(model.get_weights())
    return quick


def with_split_groups(model: keras.Model) -> keras.Model:
    """A network of the same function and weights, the groups of its convolutions one by one however many they are.

    For a converter that does not know a grouped convolution. `model` itself where there is none.
    """
    if not any(_is_grouped(layer) for layer in leaf_layers(model)):
        return model
    split = keras.models.clone_model(
        model, clone_function=lambda layer: _again(layer, QuickConv2D if _is_grouped(layer) else None), recursive=True
    )
    split.set_weights(model.get_weights())
    for layer in leaf_layers(split):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # what it has learned counts from here on
    return split


def _is_grouped(layer: keras.layers.Layer) -> bool:
    return type(layer) is keras.layers.Conv2D and layer.groups > 1


def _twin(layer: keras.layers.Layer) -> keras.layers.Layer:
    if not isinstance(layer, keras.layers.Layer) or isinstance(layer, keras.layers.Lambda):
        return _again(layer, None)
    return _again(layer, _kind(layer), **({"dtype": "float32"} if _keeps_float32(layer) else {}))


def _again(layer: keras.layers.Layer, kind: type[keras.layers.Layer] | None, **changes: Any) -> keras.layers.Layer:
    """The layer made anew from its configuration, as one of another `kind` if not None."""
    if isinstance(layer, keras.layers.Lambda):  # has no weights, and may hold code that Keras would not read again
        return layer
    return (kind or type(layer)).from_config({**layer.get_config(), **changes})


def _kind(layer: keras.layers.Layer) -> type[keras.layers.Layer]:
    """The class that takes the place of the layer's; its own where that is best. Classes of a user's are left alone."""
    in_bfloat16 = layer.compute_dtype == "bfloat16" and not _keeps_float32(layer)
    kind = type(layer)
    if kind is keras.layers.Conv2D and (in_bfloat16 or 1 < layer.groups <= _MOST_SPLITS):
        # Without oneDNN, Keras's own grouped one has channels_first, and its parts have not.
        return QuickConv2D if layout_works(layer.data_format) else kind
    if kind is keras.layers.Dense and in_bfloat16:
        return QuickDense
    if kind is keras.layers.BatchNormalization and not layer.renorm and not layer.synchronized:
        return FusedBatchNormalization if len(layer.input.shape) == 4 and layer.axis in (-1, 3) else kind
    return kind


def _keeps_float32(layer: keras.layers.Layer) -> bool:
    """Whether the layer is one of bfloat16 that was not seen to be computed rightly in it."""
    if layer.compute_dtype != "bfloat16":
        return False
    if layer.activity_regularizer is not None:
        return True  # Keras does not add its penalty, in bfloat16, to those in float32
    return isinstance(layer, _UNTRIED) or (isinstance(layer, keras.layers.Conv2D) and not _is_right_in_bfloat16(layer))


def _is_right_in_bfloat16(layer: keras.layers.Conv2D) -> bool:
    """Whether oneDNN computes the convolution and its gradients on AMX as it should, up to rounding.

    In the version that TensorFlow 2.21 brings, some read or write past a buffer: where a stride is larger than the
    window (oneDNN pull request 5494), on maps of one or two pixels, and others with strides of three and more. What is
    let through here was compared with float32 on thousands of drawn convolutions (benchmarks/bfloat16.py). Without
    oneDNN, which a layout that only it has tells, TensorFlow's own add up in bfloat16 and are off by a twentieth.
    """
    if not layout_works("channels_first"):
        return False
    if layer.data_format != "channels_last" or layer.groups > _MOST_SPLITS:
        return False
    # With a dilation of d, TensorFlow may deal a map out to d x d small ones.
    sides = zip(layer.output.shape[1:3], layer.dilation_rate, strict=True)
    if min(side // dilation for side, dilation in sides) < _SMALLEST_SIDE:
        return False
    return bool(layer.strides == (1, 1) or (layer.strides == (2, 2) and min(layer.kernel_size) >= 2))
