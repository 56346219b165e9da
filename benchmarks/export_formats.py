"""What exports where: each parameter of Conv2D, each network of convwise, and pretrained bodies, in every format.

Nothing is trained: weights are drawn, and the last layer's are scaled until answers differ from picture to picture.
Each network is exported as `convwise export` does it, and its answers in the format's own runtime are held against
Keras's. A cell is the largest difference in a probability, or why there is none. All in one process, TensorFlow being
Keras's backend.
"""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import keras
import numpy as np
from machine import machine

from convwise.conv2d import parse_settings
from convwise.conv2d.catalogue import ACTIVATIONS
from convwise.errors import one_line
from convwise.export.formats import FORMATS, INT8, INT8_FOLDER, Format
from convwise.export.graph import graph_for, graph_of, write_graph
from convwise.export.int8 import write_int8
from convwise.export.runtimes import open_runtime
from convwise.nets import NETWORKS, ImageShape, build

N_IMAGES, SIZE, N_CLASSES = 32, 64, 4
PARAMETERS = {
    "filters": "x2",
    "kernel_size": "5",
    "strides": "net.pooling=strides",
    "padding": "valid",
    "data_format": "channels_first",
    "dilation_rate": "2",
    "groups": "2",
    "activation": "silu",
    "use_bias": "false",
    "kernel_initializer": "he_normal",
    "bias_initializer": "constant:0.1",
    "kernel_regularizer": "l2:0.0005",
    "bias_regularizer": "l2:0.0005",
    "activity_regularizer": "l2:0.000001",
    "kernel_constraint": "max_norm:3",
    "bias_constraint": "max_norm:2",
}
WITHOUT_EFFECT = tuple(PARAMETERS)[9:]
"""What guides a training and is no part of the trained network."""
BODIES = ("MobileNetV2", "EfficientNetV2B0", "ResNet50", "DenseNet121", "Xception")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["parameters", "activations", "networks", "bodies"], action="append")
    options = parser.parse_args()
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # OpenVINO sends nothing then
    print(machine(), flush=True)
    columns = [*(each.title for each in FORMATS.values()), *(f"{FORMATS[name].title} int8" for name in INT8)]
    print(f"| network | at prediction | {' | '.join(columns)} |\n|---{'|---' * (len(columns) + 1)}|", flush=True)
    kinds = {"parameters": of_parameters, "activations": of_activations, "networks": of_convwise, "bodies": of_keras}
    for kind, networks in kinds.items():
        if options.only and kind not in options.only:
            continue
        for name, note, make in networks():
            keras.utils.clear_session()
            keras.utils.set_random_seed(0)
            try:
                cells = compared(make(), int8=() if kind == "activations" else INT8)
            except Exception as problem:
                cells = [f"not built: {one_line(problem)[:80]}"]
            cells += [""] * (len(columns) - len(cells))
            print(f"| {name} | {note} | {' | '.join(cells)} |", flush=True)


Rows = Iterator[tuple[str, str, Callable[[], keras.Model]]]


def of_parameters() -> Rows:
    """The network `simple`, with a value of each parameter in all of its convolutions."""
    for name, value in PARAMETERS.items():
        note = "none: of the training" if name in WITHOUT_EFFECT else ""
        setting = value if value.startswith("net.") else f"conv.{name}={value}"
        yield f"{name}: `{setting}`", note, lambda setting=setting: network("simple", [setting])


def of_activations() -> Rows:
    """A convolution with each activation that Keras has, before pooling and a dense layer."""

    def built(name: str) -> keras.Model:
        pixels = keras.Input((16, 16, 3))
        maps = keras.layers.Conv2D(8, 3, activation=name)(keras.layers.Rescaling(1 / 64, offset=-2)(pixels))
        pooled = keras.layers.GlobalAveragePooling2D()(maps)
        return keras.Model(pixels, keras.layers.Dense(N_CLASSES, activation="softmax")(pooled))

    for name in ACTIVATIONS:
        yield f"activation `{name}`", "", partial(built, name)


def of_convwise() -> Rows:
    """Each network as it is."""
    for name in NETWORKS:
        yield name, "", lambda name=name: network(name, [])


def of_keras() -> Rows:
    """Bodies of keras.applications as convwise puts them to use, with drawn weights."""
    from convwise.transfer.bodies import put_on
    from convwise.transfer.preprocessing import CANDIDATES

    for name in BODIES:
        make = getattr(keras.applications, name)

        def built(make: Callable[..., keras.Model] = make) -> keras.Model:
            body = make(include_top=False, weights=None, input_shape=(96, 96, 3))
            return put_on(body, next(iter(CANDIDATES.values())), N_CLASSES)

        yield name, "", built


def network(name: str, settings: list[str]) -> keras.Model:
    """One of convwise's."""
    shape = ImageShape.of(SIZE)
    made = build(name, shape=shape, n_classes=N_CLASSES, settings=parse_settings(settings), seed=0, precision="float32")
    return made.model


def compared(model: keras.Model, int8: tuple[str, ...]) -> list[str]:
    """A cell for each format, then for each of `int8` as integers."""
    pixels = np.random.default_rng(0).integers(0, 256, (N_IMAGES, *model.input_shape[1:]), np.uint8)
    pixels = np.repeat(np.repeat(pixels[:, ::8, ::8], 8, 1), 8, 2)[:, : model.input_shape[1], : model.input_shape[2]]
    spread_out(model, pixels)
    graph = graph_of(model, flip_averaging=True)
    before = np.asarray(graph.predict_on_batch(pixels.astype(np.float32)))
    cells = []
    with tempfile.TemporaryDirectory() as folder, quiet():
        place = Path(folder)
        np.save(place / "calibration.npy", pixels)
        for each in FORMATS.values():
            write = partial(make, model, each, place)
            cells.append(cell(write, each.name, place / each.file, pixels, before))
        for name in int8:
            each = FORMATS[name]
            write = partial(make_int8, model, each, place)
            cells.append(cell(write, name, place / INT8_FOLDER / each.file, pixels, before))
    return cells


def make(model: keras.Model, each: Format, place: Path) -> None:
    """Floats."""
    write_graph(graph_for(model, each, flip_averaging=True), each, place)


def make_int8(model: keras.Model, each: Format, place: Path) -> None:
    """Integers."""
    write_int8(graph_for(model, each, flip_averaging=True), each, place, place / "calibration.npy")


def spread_out(model: keras.Model, pixels: np.ndarray) -> None:
    """Draws what is 0 at first, such as biases, and scales the last layer until answers are of all degrees.

    Differences mean little where every answer is 0 or 1, or the same for all pictures.
    """
    rng = np.random.default_rng(1)
    for weight in model.trainable_weights:
        if not np.any(weight.numpy()):
            weight.assign(rng.normal(0, 0.05, weight.shape))
    kinds = keras.layers.Dense | keras.layers.Conv2D
    last = next(layer for layer in reversed(model._flatten_layers()) if isinstance(layer, kinds))
    kernel, *bias = last.get_weights()
    for _ in range(40):
        answers = np.asarray(model.predict_on_batch(pixels.astype(np.float32)), np.float64)
        sure = answers.max(axis=1).mean()
        if 0.5 < sure < 0.8:
            return
        if sure < 0.8 and bias:  # the same answer for all takes no part in the scaling
            bias = [bias[0] - np.log(np.maximum(answers, 1e-30)).mean(axis=0)]
        kernel = kernel * (0.6 if sure >= 0.8 else 1.7)
        last.set_weights([kernel, *bias])


def cell(write: Callable[[], None], name: str, file: Path, pixels: np.ndarray, before: np.ndarray) -> str:
    """The largest difference, or why there is none."""
    try:
        write()
        after = open_runtime(name, file)(pixels)
    except Exception as problem:
        return f"no: {one_line(problem)[:90]}".replace("|", "/")
    return f"{abs(after - before).max():.1g}"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Converters write pages to standard error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    main()
