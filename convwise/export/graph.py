"""The graph that is exported: raw pixels in, probabilities out, averaged over the mirrored picture where a run does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from convwise.export.formats import Format
from convwise.export.onnx_mending import mend
from convwise.nets.activations import leaf_layers
from convwise.nets.fast_layers import with_split_groups


def graph_for(network: keras.Model, each: Format, *, flip_averaging: bool) -> keras.Model:
    """`graph_of` a network of the same function, in operations that the format's converter knows."""
    known = with_split_groups(network) if each.name == "onnx" else network
    for layer in leaf_layers(known):
        if isinstance(layer, keras.layers.Normalization):  # its tensors would become further inputs of an ONNX graph
            layer.mean, layer.variance = (keras.ops.convert_to_numpy(value) for value in (layer.mean, layer.variance))
    return graph_of(known, flip_averaging=flip_averaging)


def graph_of(network: keras.Model, *, flip_averaging: bool) -> keras.Model:
    """A model of the same weights that takes float32 pixels from 0 to 255 and answers as `predict` does."""
    shape = tuple(network.input_shape[1:])
    pixels = keras.Input(shape, dtype="float32", name="pixels")
    answers = network(pixels, training=False)
    if flip_averaging:
        turned = network(pixels[:, :, ::-1, :], training=False)
        answers = keras.layers.Average(name="both_sides")([answers, turned])
    graph = keras.Model(pixels, answers, name="exported")
    graph(np.zeros((1, *shape), np.float32))  # an exporter wants a model that was called
    return graph


def write_graph(graph: keras.Model, each: Format, folder: Path, **options: Any) -> None:
    """Writes the graph into the folder, by Keras's own export; `options` go to it."""
    graph.export(str(folder / each.file), format=each.keras, verbose=False, **options)
    if each.name == "onnx":
        mend(folder / each.file)
