"""The graph that is exported answers as the network, in ONNX Runtime, also of what the converter does not know."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from convwise.export.formats import FORMATS
from convwise.export.graph import graph_for, graph_of, write_graph
from convwise.export.runtimes import open_runtime
from convwise.nets.fast_layers import with_split_groups

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 3)).astype(np.uint8)


def network(groups: int, activation: str) -> keras.Model:
    """Two convolutions, the second within a nested model, with drawn biases."""
    keras.utils.set_random_seed(1)
    maps = keras.Input((12, 12, 8))
    bias = keras.initializers.RandomNormal(stddev=0.3)
    nested = keras.Model(
        maps, keras.layers.Conv2D(16, 3, groups=groups, activation=activation, bias_initializer=bias, strides=2)(maps)
    )
    pixels = keras.Input((12, 12, 3))
    scale = keras.layers.Normalization(axis=-1)
    scale.adapt(PIXELS)
    first = keras.layers.Conv2D(8, 3, padding="same")(scale(pixels))
    pooled = keras.layers.GlobalAveragePooling2D()(nested(first))
    return keras.Model(pixels, keras.layers.Dense(3, activation="softmax")(pooled))


def test_split_groups_are_the_same_function() -> None:
    grouped = network(4, "relu")
    split = with_split_groups(grouped)
    assert split is not grouped
    np.testing.assert_allclose(split.predict_on_batch(PIXELS), grouped.predict_on_batch(PIXELS), atol=1e-6)
    plain = network(1, "relu")
    assert with_split_groups(plain) is plain


def test_averaging_is_the_mean_over_the_mirrored_picture() -> None:
    own = network(1, "relu")
    graph = graph_of(own, flip_averaging=True)
    mean = (own.predict_on_batch(PIXELS) + own.predict_on_batch(PIXELS[:, :, ::-1])) / 2
    np.testing.assert_allclose(graph.predict_on_batch(PIXELS), mean, atol=1e-6)
    assert np.abs(graph_of(own, flip_averaging=False).predict_on_batch(PIXELS) - mean).max() > 1e-3


@pytest.mark.extras
@pytest.mark.parametrize(("groups", "activation"), [(1, "gelu"), (2, "relu"), (8, "celu")])
def test_onnx_takes_what_its_converter_does_not_know(tmp_path: Path, groups: int, activation: str) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    own, onnx = network(groups, activation), FORMATS["onnx"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter's
        write_graph(graph_for(own, onnx, flip_averaging=False), onnx, tmp_path)
    answers = open_runtime("onnx", tmp_path / onnx.file)(PIXELS)
    np.testing.assert_allclose(answers, own.predict_on_batch(PIXELS), atol=1e-6)
