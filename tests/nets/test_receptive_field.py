"""Receptive fields against gradients: the input pixels from which one unit's gradient is not zero."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from convwise.conv2d import parse_settings
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.layer_table.graph import flatten
from convwise.nets.layer_table.receptive_field import PIXEL, Windows, fields
from convwise.nets.layer_table.records import LayerRow
from convwise.nets.layer_table.table import layer_table


@pytest.fixture
def double() -> Any:
    """float64: the gradient at a window's rim is the product of many small weights."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_dtype_policy(before)


def without_cancelling(model: keras.Model) -> keras.Model:
    """The same graph in which every path adds: means for maxima, no activation, positive averaging kernels."""

    def stand_in(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, layers.MaxPooling2D):
            return layers.AveragePooling2D.from_config(layer.get_config())
        config = layer.get_config()
        if isinstance(layer, layers.ReLU) or "activation" in config:
            if isinstance(layer, (layers.ReLU, layers.Activation)):
                return layers.Activation("linear", name=layer.name)
            config["activation"] = "linear"
        return type(layer).from_config(config)

    clone = keras.models.clone_model(model, clone_function=stand_in)
    for weight in clone.weights:
        if weight.path.endswith("kernel"):
            weight.assign(np.full(weight.shape, 1 / np.prod(weight.shape[:-1])))
    return clone


def measured(model: keras.Model, unit: tuple[int, int]) -> list[tuple[int, int]]:
    """First and last row, first and last column, that reach a unit of the output."""
    last = keras.config.image_data_format() == "channels_last"
    image = tf.random.uniform((1, *model.input_shape[1:]), 0.1, 1.0, seed=1, dtype=tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(image)
        made = model(image)
        value = tf.reduce_sum(made[0, unit[0], unit[1]] if last else made[0, :, unit[0], unit[1]])
    gradient = np.abs(tape.gradient(value, image).numpy()[0]).sum(axis=-1 if last else 0)
    return [(int(hit.min()), int(hit.max())) for hit in (np.flatnonzero(gradient.any(axis=a)) for a in (1, 0))]


def predicted(model: keras.Model, unit: tuple[int, int]) -> list[tuple[int, int]]:
    """The same from the windows, cut at the image's edge."""
    graph = flatten(model)
    field = fields(graph)[graph.outputs[0].index]
    assert field is not None
    assert field.local is not None
    spans = [axis.span(i) for axis, i in zip(field.local, unit, strict=True)]
    return [(max(a, 0), min(b, side - 1)) for (a, b), side in zip(spans, model.input_shape[1:3], strict=True)]


def check(model: keras.Model) -> None:
    """Equal in the middle. A corner's window may reach over the edge of a map that leaves out the image's last pixels
    ("valid"): there the gradient lies within the window."""
    height, width = model.output_shape[1:3]
    for unit in {(height // 2, width // 2), (height // 2 - 1, width // 3)}:
        assert predicted(model, unit) == measured(model, unit), unit
    corner = (0, width - 1)
    for (first, last), (a, b) in zip(predicted(model, corner), measured(model, corner), strict=True):
        assert first <= a <= b <= last


def conv(kernel: Any = 3, **options: Any) -> Callable[[Any], Any]:
    return layers.Conv2D(2, kernel, **options)


def branches(x: Any) -> Any:
    one = conv(1)(x)
    five = conv(3, padding="same")(conv(3, padding="same")(x))
    pooled = layers.AveragePooling2D(3, 1, padding="same")(x)
    return layers.Concatenate()([one, five, pooled])


def residual(x: Any) -> Any:
    x = conv(3, strides=2, padding="same")(x)
    y = conv(3, strides=2, padding="same")(x)
    return layers.Add()([conv(1, strides=2)(x), conv(3, padding="same")(y)])


def misaligned(x: Any) -> Any:
    """Both paths halve the map, but their windows have different centres."""
    return layers.Add()([conv(2, strides=2, padding="same")(x), conv(5, strides=2, padding="same")(x)])


def encoder_decoder(x: Any) -> Any:
    small = conv(3, strides=2, padding="same")(x)
    up = layers.Conv2DTranspose(2, 4, strides=2, padding="same")(conv(3, padding="same")(small))
    return layers.Concatenate()([conv(1)(x), up])


CASES: dict[str, Callable[[Any], Any]] = {
    "valid": lambda x: conv(5)(conv((3, 7))(x)),
    "strides_valid": lambda x: conv(3)(conv(7, strides=2)(x)),
    "strides_same": lambda x: conv(3, strides=2, padding="same")(conv(3, strides=(2, 3), padding="same")(x)),
    "even_same": lambda x: conv(4, padding="same")(conv(2, padding="same")(x)),
    "dilation": lambda x: conv(3, dilation_rate=(2, 3), padding="same")(conv(3)(x)),
    "depthwise": lambda x: layers.DepthwiseConv2D(3, strides=2, padding="same")(layers.SeparableConv2D(3, 5)(x)),
    "pooling": lambda x: layers.MaxPooling2D(3, 2)(layers.AveragePooling2D(2, padding="same")(conv()(x))),
    "padded": lambda x: conv(3)(layers.Cropping2D(((1, 0), (1, 1)))(layers.ZeroPadding2D(((2, 1), (1, 2)))(x))),
    "branches": branches,
    "residual": residual,
    "misaligned": misaligned,
    "nearest": lambda x: conv(3)(layers.UpSampling2D((2, 3))(conv(3, strides=2, padding="same")(x))),
    "bilinear": lambda x: conv(1)(layers.UpSampling2D(2, interpolation="bilinear")(conv(3, strides=2)(x))),
    "transposed_same": lambda x: layers.Conv2DTranspose(2, 3, strides=2, padding="same")(conv(3, strides=2)(x)),
    "transposed_valid": lambda x: layers.Conv2DTranspose(2, 5, strides=3)(conv(3, strides=2)(x)),
    "shrunk_again": lambda x: conv(3, strides=2)(layers.UpSampling2D(3)(layers.AveragePooling2D(2)(x))),
    "encoder_decoder": encoder_decoder,
    "nested": lambda x: keras.Sequential([layers.Input((13, 12, 2)), conv(3), conv(3, strides=2)])(
        conv(3, strides=2, padding="same")(x)
    ),
}


@pytest.mark.parametrize("size", [(26, 24), (25, 23)])
@pytest.mark.parametrize("name", CASES)
def test_the_pixels_that_a_unit_sees_are_those_with_a_gradient(name: str, size: tuple[int, int], double: None) -> None:
    image = keras.Input((*size, 3))
    if name in ("nested", "encoder_decoder") and size == (25, 23):
        pytest.skip("its parts fit for even sizes only")
    model = without_cancelling(keras.Model(image, CASES[name](image)))
    check(model)


@pytest.mark.parametrize(
    ("name", "layer", "size_px"),
    # At 65 px the first window's steps of 2 end at the last pixel; at 64 they leave it out.
    [("stridednet", "batch_normalization_5", 65), ("narrowresnet", "stage3_relu", 64)],
)
def test_own_networks_see_what_their_gradients_say(name: str, layer: str, size_px: int, double: None) -> None:
    whole = build(
        name, shape=ImageShape.of(size_px), n_classes=3, settings=parse_settings([]), seed=0, precision="float32"
    ).model
    whole = keras.models.clone_model(whole)
    model = without_cancelling(keras.Model(whole.input, whole.get_layer(layer).output))
    check(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer", "size"),
    [("MobileNet", "conv_pw_8_relu", 96), ("ResNet50", "conv3_block4_out", 112), ("InceptionV3", "mixed1", 128)],
)
def test_keras_applications_see_what_their_gradients_say(name: str, layer: str, size: int, double: None) -> None:
    options = {"alpha": 0.25} if name == "MobileNet" else {}
    shape = (size, size, 3)
    whole = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=shape, **options)
    model = without_cancelling(keras.Model(whole.input, whole.get_layer(layer).output))
    check(model)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "layer", "size", "step"),
    [
        ("VGG16", "block5_pool", 212, 32),
        ("ResNet50", "conv5_block3_out", 483, 32),
        ("MobileNet", "conv_pw_13_relu", 315, 32),
    ],
)
def test_sizes_are_those_published(name: str, layer: str, size: int, step: int) -> None:
    """Araujo, Norris and Sim 2019, table of popular networks: VGG-16 212, ResNet-50 483, MobileNet v1 315 px."""
    model = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(224, 224, 3))
    seen = layer_table(model).row(layer).receptive_field
    assert seen is not None
    assert (seen.size, seen.stride) == ((size, size), (step, step))


def rows(*stack: Any, shape: tuple[int, int, int] = (32, 32, 3)) -> list[LayerRow]:
    return list(layer_table(keras.Sequential([layers.Input(shape), *stack])).rows)


def test_offsets_follow_the_side_on_which_same_padding_puts_its_zeros() -> None:
    """An even map under stride 2 gets its zero at the end, an odd one on both sides (tf.nn, "SAME")."""
    for side, offset in ((32, 1.0), (33, 0.0)):
        seen = rows(layers.Conv2D(1, 3, strides=2, padding="same"), shape=(side, side, 3))[0].receptive_field
        assert seen is not None
        assert seen.offset == (offset, offset)
        assert seen.to_dict() == {"size": [3, 3], "stride": [2.0, 2.0], "offset": [offset, offset], "whole": False}


def test_what_follows_global_pooling_or_a_flattened_map_sees_the_whole_image() -> None:
    pooled = rows(layers.Conv2D(1, 3), layers.GlobalAveragePooling2D(), layers.Dense(2), shape=(32, 30, 3))
    flat = rows(layers.Conv2D(1, 3), layers.Flatten(), layers.Dropout(0.5), layers.Dense(2), layers.ReLU())
    for row, side in ((pooled[1], (32, 30)), (pooled[2], (32, 30)), (flat[3], (32, 32)), (flat[4], (32, 32))):
        seen = row.receptive_field
        assert seen is not None
        assert (seen.size, seen.stride, seen.whole) == (side, (0.0, 0.0), True)
    for row in flat[:3]:
        assert row.receptive_field is not None
        assert (row.receptive_field.size, row.receptive_field.whole) == ((3, 3), False)


def test_squeeze_and_excitation_shows_the_whole_to_a_unit_and_keeps_its_local_window() -> None:
    image = keras.Input((32, 32, 4))
    x = layers.Conv2D(4, 3, padding="same")(image)
    gate = layers.Dense(4, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    model = keras.Model(image, layers.Conv2D(4, 3)(layers.Multiply()([x, gate])))
    seen = layer_table(model).rows[-1].receptive_field
    assert seen is not None
    assert (seen.size, seen.stride, seen.whole) == ((5, 5), (1.0, 1.0), True)


def test_both_layouts_have_the_same_windows(double: None) -> None:
    def network(layout: str) -> keras.Model:
        image = keras.Input((20, 26, 3) if layout == "channels_last" else (3, 20, 26))
        x = layers.Conv2D(4, (3, 5), strides=(2, 1), padding="same", data_format=layout)(image)
        x = layers.BatchNormalization(axis=-1 if layout == "channels_last" else 1)(x)
        x = layers.Concatenate(axis=-1 if layout == "channels_last" else 1)([x, x])
        return keras.Model(image, layers.MaxPooling2D(2, data_format=layout)(x))

    last, first = (layer_table(network(layout)).rows for layout in ("channels_last", "channels_first"))
    assert [row.receptive_field for row in last] == [row.receptive_field for row in first]
    assert last[-1].receptive_field is not None
    assert (last[-1].receptive_field.size, last[-1].receptive_field.stride) == ((5, 6), (4.0, 2.0))


def test_paths_of_different_steps_have_no_window() -> None:
    image = keras.Input((16, 16, 3))
    halved = layers.Conv2D(2, 3, strides=2, padding="same")(image)
    corner = layers.Cropping2D(((0, 8), (0, 8)))(layers.Conv2D(2, 1)(image))
    row = layer_table(keras.Model(image, layers.Add()([halved, corner]))).rows[-1]
    assert row.receptive_field is None
    assert row.note


def test_a_union_has_the_period_of_both() -> None:
    twos = PIXEL.slide(2, 2, 0).enlarge(2, lambda unit: (unit // 2, unit // 2))
    joined = twos.union(PIXEL)
    assert joined == Windows(2, (0, 0), (1, 1))
    assert joined is not None
    assert joined.numbers() == (2, 1.0, 0.0)
    assert PIXEL.union(PIXEL.slide(1, 2, 0)) is None
