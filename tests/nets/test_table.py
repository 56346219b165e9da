"""Weights, multiply-adds and memory against Keras, published figures, and a training step's own memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.backend import layout_works
from convwise.nets.layer_table.table import layer_table
from convwise.training.towers import in_towers


def network(name: str, size_px: int = 64) -> keras.Model:
    return build(
        name, shape=ImageShape.of(size_px), n_classes=4, settings=parse_settings([]), seed=0, precision="float32"
    ).model


def stack(*parts: Any, shape: tuple[int, int, int] = (12, 10, 8)) -> keras.Model:
    return keras.Sequential([layers.Input(shape), *parts])


@pytest.mark.parametrize("name", ["simple", "stridednet", "narrowresnet"])
def test_weights_are_those_that_keras_counts(name: str) -> None:
    model = network(name)
    table = layer_table(model)
    assert table.totals.weights == model.count_params() == sum(row.weights for row in table.rows)
    assert table.totals.trainable_weights == sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    assert sum(row.weights_share for row in table.rows) == pytest.approx(1)
    assert sum(row.multiply_adds_share or 0 for row in table.rows) == pytest.approx(1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        # Howard et al. 2017, table 8: 569 million mult-adds.
        ("MobileNet", 569e6, 0.002),
        # Sandler et al. 2018, table 4: 300 million.
        ("MobileNetV2", 300e6, 0.01),
        # He et al. 2016, table 1: 3.8 x 10^9 multiply-adds. Keras strides in the 1x1, as that paper does.
        ("ResNet50", 3.8e9, 0.02),
        # He et al. 2016, section 4.1: 15.3 x 10^9, which is the convolutions alone; the dense layers are 0.8 % more.
        ("VGG16", 15.3e9, 0.012),
        # torchvision's table of models: 2.83 x 10^9.
        ("DenseNet121", 2.83e9, 0.01),
        # Liu et al. 2022, table 1: 4.5 G.
        ("ConvNeXtTiny", 4.5e9, 0.015),
        # Howard et al. 2019, table 3: 56 million (MobileNetV3-Small).
        ("MobileNetV3Small", 56e6, 0.02),
    ],
)
def test_multiply_adds_are_those_published(name: str, published: float, tolerance: float) -> None:
    options = {"include_top": False, "pooling": "avg"} if name == "VGG16" else {}  # its dense layers: half a gigabyte
    model = getattr(keras.applications, name)(weights=None, input_shape=(224, 224, 3), **options)
    table = layer_table(model)
    work = table.totals.multiply_adds
    assert work is not None
    if name == "VGG16":
        work += 7 * 7 * 512 * 4096 + 4096 * 4096 + 4096 * 1000
    assert work == pytest.approx(published, rel=tolerance)
    assert table.totals.weights == model.count_params()
    assert not table.notes


@pytest.mark.parametrize(
    ("layer", "uses"),
    [
        (layers.Conv2D(6, (3, 5), strides=2, padding="same"), 6 * 5 * 6 * 3 * 5 * 8),
        (layers.Conv2D(6, 3, groups=2), 10 * 8 * 6 * 9 * 4),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), 10 * 8 * 16 * 9),
        (layers.SeparableConv2D(6, 3), 10 * 8 * (8 * 9 + 8 * 6)),
        (layers.Conv2DTranspose(6, 3, strides=2), 12 * 10 * 6 * 8 * 9),
        (layers.Dense(5), 12 * 10 * 8 * 5),
        (layers.BatchNormalization(), 0),
        (layers.MaxPooling2D(), 0),
    ],
)
def test_multiply_adds_count_each_use_of_each_weight(layer: Any, uses: int) -> None:
    assert layer_table(stack(layer)).totals.multiply_adds == uses


def test_parts_of_a_batch_and_shared_layers_count_once() -> None:
    model = network("narrowresnet", 32)
    alone, towers = layer_table(model), layer_table(in_towers(model, 2, 8))
    assert towers.totals.weights == alone.totals.weights
    assert towers.totals.multiply_adds == alone.totals.multiply_adds
    twice = [row.name for row in towers.rows if row.name.startswith("stem_conv")]
    assert twice == ["stem_conv", "stem_conv (call 2)"]


class Own(layers.Conv2D):
    def call(self, inputs: Any) -> Any:
        return super().call(inputs) * 2


def test_an_unknown_layer_has_no_numbers_and_says_so() -> None:
    for layer in (Own(4, 3), layers.Lambda(lambda x: x * 2)):
        table = layer_table(stack(layers.Conv2D(4, 3), layer, layers.Conv2D(4, 3)))
        row = table.rows[1]
        assert (row.receptive_field, row.multiply_adds, row.training_bytes) == (None, None, None)
        assert row.note
        assert table.rows[2].receptive_field is None
        assert table.rows[2].multiply_adds is not None
        assert table.totals.multiply_adds is None
        assert table.estimated_memory_bytes() is None
        assert table.totals.weights == sum(r.weights for r in table.rows)
        assert table.notes


def test_axes_in_another_order_cost_nothing_and_end_the_receptive_field() -> None:
    table = layer_table(stack(layers.Conv2D(4, 3), layers.Permute((2, 1, 3)), layers.Conv2D(4, 3)))
    assert (table.rows[1].receptive_field, table.rows[1].multiply_adds) == (None, 0)
    assert table.estimated_memory_bytes() is not None


def test_an_open_image_size_is_asked_for_and_taken() -> None:
    image = keras.Input((None, None, 3))
    inner = keras.Sequential([layers.Conv2D(4, 3, strides=2), layers.Conv2D(4, 3)])
    model = keras.Model(image, layers.GlobalAveragePooling2D()(inner(image)))
    with pytest.raises(RequestError, match="must be known"):
        layer_table(model)
    table = layer_table(model, shape=ImageShape.of(33))
    assert [row.output_shape for row in table.rows] == [(16, 16, 4), (14, 14, 4), (4,)]
    assert table.totals.multiply_adds == 16 * 16 * 4 * 27 + 14 * 14 * 4 * 36


@pytest.mark.parametrize(
    ("options", "says"),
    [({"optimizer": "adamant"}, "adamw"), ({"precision": "int8"}, "bfloat16"), ({"batch": 0}, "at least 1")],
)
def test_bad_requests_are_refused_in_one_line(options: dict[str, Any], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        layer_table(stack(layers.Conv2D(1, 1)), **options)


def test_a_model_without_a_graph_is_refused() -> None:
    with pytest.raises(RequestError, match="no graph of layers"):
        layer_table(keras.Sequential([layers.Conv2D(1, 1)]))


def test_training_keeps_what_the_gradients_read() -> None:
    """conv -> batch norm -> ReLU -> pooling -> dense, counted by hand."""
    model = stack(
        layers.Conv2D(4, 3, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(3, activation="softmax"),
        shape=(8, 8, 2),
    )
    kept = [row.training_bytes for row in layer_table(model).rows]
    one_map, pooled = 4 * 8 * 8 * 4, 4 * 4 * 4 * 4
    # The convolution's output for batch norm; ReLU's output for itself and pooling; pooling's for itself; the dropout's
    # mask and its output, which the dense layer reads; the softmax.
    assert kept == [one_map, 0, one_map, pooled, 0, pooled // 4 + pooled, 12]
    # At the end of the forward pass all of that and the image are there, and little more is ever needed: the gradients
    # of the largest layer come when the later maps have gone.
    table = layer_table(model, optimizer="sgd")
    peak = table.totals.training_peak_bytes
    assert peak is not None
    assert sum(k or 0 for k in kept) + 4 * 8 * 8 * 2 <= peak <= 2 * sum(k or 0 for k in kept)
    fixed = 4 * (table.totals.weights + 2 * table.totals.trainable_weights)
    assert table.estimated_memory_bytes(5) == fixed + 5 * peak


def test_a_branch_keeps_its_tensor_alive_when_predicting() -> None:
    image = keras.Input((8, 8, 4))
    x = layers.ReLU()(image)
    y = layers.ReLU()(layers.ReLU()(x))
    one_map = 4 * 8 * 8 * 4
    chain = layer_table(keras.Model(image, y)).totals.inference_peak_bytes
    branch = layer_table(keras.Model(image, layers.Add()([x, y]))).totals.inference_peak_bytes
    assert (chain, branch) == (2 * one_map, 3 * one_map)


def test_mixed_precision_halves_activations_but_batch_norm_keeps_float32() -> None:
    model = stack(layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU(), shape=(10, 10, 2))
    single, mixed = (layer_table(model, precision=p).rows for p in ("float32", "bfloat16"))
    assert mixed[0].activation_bytes == (single[0].activation_bytes or 0) // 2
    assert [row.training_bytes for row in single] == [4 * 256, 0, 4 * 256]
    assert [row.training_bytes for row in mixed] == [0, 4 * 256, 2 * 256]


def test_the_table_is_json_with_the_names_promised() -> None:
    table = layer_table(network("narrowresnet", 32))
    values = json.loads(json.dumps(table.to_dict()))
    first = values["layers"][1]
    assert {"name", "type", "output_shape", "receptive_field", "weights", "multiply_adds", "activation_bytes"} <= set(
        first
    )
    assert first["receptive_field"] == {"size": [3, 3], "stride": [2.0, 2.0], "offset": [1.0, 1.0], "whole": False}
    assert values["totals"]["training_memory_bytes"] == table.estimated_memory_bytes()


_STEPS = """
import sys
from pathlib import Path
import numpy as np
from convwise.conv2d import parse_settings
from convwise.images.image_shape import ImageShape
from convwise.nets import build
asked = {"n_classes": 4, "settings": parse_settings([]), "seed": 0, "precision": "float32"}
model = build("narrowresnet", shape=ImageShape.of(64), **asked).model
model.compile("adamw", "categorical_crossentropy", jit_compile=False)
batch = int(sys.argv[1])
x, y = np.zeros((batch, 64, 64, 3), "float32"), np.eye(4, dtype="float32")[np.arange(batch) % 4]
for _ in range(2):
    model.train_on_batch(x, y)
# Not ru_maxrss, which begins with what the parent process held when it forked.
status = Path("/proc/self/status").read_text().split()
print(int(status[status.index("VmHWM:") + 1]) * 1024)
"""


def _peak_bytes(batch: int) -> int:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", _STEPS, str(batch)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_memory_per_image_is_what_a_training_step_takes() -> None:
    """The slope between two batches, so that the program and the weights cancel.

    Each in a process of its own: what a first batch has freed, malloc keeps in pieces of which the next uses a part.
    """
    small, large = 128, 384
    slope = (_peak_bytes(large) - _peak_bytes(small)) / (large - small)
    estimate = layer_table(network("narrowresnet", 64)).totals.training_peak_bytes
    assert estimate is not None
    # TensorFlow may write over an input where the estimate does not, and its library takes scratch space where the
    # estimate has none: a third below to half above. Without oneDNN it lays all windows out first: 1.8 to 2.3 times.
    assert 0.67 < slope / estimate < (1.5 if layout_works("channels_first") else 2.6), (slope, estimate)


def test_an_activation_layer_that_holds_a_layer_is_read() -> None:
    pixels = keras.Input((8, 12, 3))
    x = keras.layers.Activation(keras.layers.LeakyReLU(0.1))(keras.layers.Conv2D(2, 3)(pixels))
    table = layer_table(keras.Model(pixels, x))
    assert table.totals.weights == 3 * 3 * 3 * 2 + 2
    assert table.totals.training_peak_bytes is not None
