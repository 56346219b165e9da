"""A network on a pretrained body: raw pixels, what the weights expect, the body, pooled features, a dense layer."""

from __future__ import annotations

import contextlib
import hashlib
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import layers

from convwise import checks
from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError, one_line
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, Built, build
from convwise.nets.activations import leaf_layers
from convwise.nets.conditions import conditions
from convwise.transfer.preprocessing import CANDIDATES, Preprocessing, probed
from convwise.transfer.weight_files import StoredLayer, WantedLayer, match

FEATURES, STANDARDISED, PROBABILITIES = "features", "standardised", "probabilities"
EPSILON = 2e-6  # added to each feature's variance


def application(net: str) -> Callable[..., Any] | None:
    """The function of keras.applications of that name, in any case; None where there is none."""
    found = {name.lower(): name for name in _applications()}
    return getattr(keras.applications, found[net.lower()]) if net.lower() in found else None


def _applications() -> list[str]:
    return [name for name in dir(keras.applications) if name[0].isupper()]


def require_body(net: str) -> str:
    """The network's name as it is spelt. Raises RequestError where neither convwise nor Keras has it."""
    if net in NETWORKS:
        return net
    function = application(net)
    if function is None:
        meant = checks.did_you_mean(net, (*NETWORKS, *_applications()))
        raise RequestError(
            f"net={net}: there is no such network; {meant}choose one of {', '.join(NETWORKS)}, or one of "
            "keras.applications, such as MobileNetV2 or ResNet50"
        )
    return str(function.__name__)


def build_body(
    net: str, *, shape: ImageShape, n_classes: int, settings: NetworkSettings, imagenet: bool, seed: int, precision: str
) -> Built:
    """The network `net` without its classifier: from preprocessed pixels (n, height, width, 3) to its last maps.

    `n_classes` decides the width of some networks. With `imagenet`, the weights that Keras downloads are in it. Raises
    RequestError where they cannot be fetched, or where the network cannot be built so.
    """
    if net not in NETWORKS:
        if shape.channels != 3:
            raise RequestError(f"channels={shape.channels}: net={net} is Keras's own and takes RGB; drop the option")
        return Built(_application_body(net, shape, settings, imagenet, seed, precision), ())
    if imagenet:
        raise RequestError(
            f"weights=imagenet: Keras has none for net={net}; give a file, weights=FILE, or choose a network of "
            "keras.applications, such as net=MobileNetV2"
        )
    built = build(net, shape=shape, n_classes=n_classes, settings=settings, seed=seed, precision=precision)
    return Built(_without_classifier(built.model), built.changes)


def load_body(body: keras.Model, stored: Sequence[StoredLayer], *, source: str) -> tuple[str, ...]:
    """Puts a file's weights into the body; the names of what the file has beyond. Raises RequestError: see `match`."""
    own = _with_weights(body)
    wanted = [WantedLayer(layer.name, _kind(layer), tuple(tuple(w.shape) for w in layer.weights)) for layer in own]
    found = match(wanted, stored, source=source)
    for layer, here in zip(own, found.layers, strict=True):
        layer.set_weights(list(here.arrays))
    return found.skipped


def digest(body: keras.Model) -> str:
    """The SHA-256 of the body's weights, for those that come without a file."""
    hashed = hashlib.sha256()
    for array in body.get_weights():
        hashed.update(array.tobytes())
    return hashed.hexdigest()


def preprocessings(net: str, body: keras.Model, *, imagenet: bool) -> tuple[Preprocessing, ...]:
    """What the body's weights may have been trained with: Keras's own word where it is theirs, else all candidates."""
    own = []
    if net not in NETWORKS:
        function = application(net)
        assert function is not None
        own.append(probed(sys.modules[function.__module__].preprocess_input, f"Keras's own for {net}"))
        if imagenet:
            return tuple(own)
    # A network whose first layer with weights is not a convolution tells the colours apart before it.
    turnable = isinstance(_with_weights(body)[0], layers.Conv2D)
    return (*own, *(way for way in CANDIDATES.values() if turnable or way.order == "RGB"))


def pooled(maps: Any) -> Any:
    """(n, h, w, c) -> (n, 2c), in float32: the means of the maps, at length one, and their maxima, likewise.

    An image's contrast then counts no more: measured on Caltech-101, a point and a half of accuracy.
    """
    means = layers.GlobalAveragePooling2D(dtype="float32", name="means")(maps)
    maxima = layers.GlobalMaxPooling2D(dtype="float32", name="maxima")(maps)
    unit_means = layers.UnitNormalization(dtype="float32", name="unit_means")(means)
    unit_maxima = layers.UnitNormalization(dtype="float32", name="unit_maxima")(maxima)
    return layers.Concatenate(dtype="float32", name=FEATURES)([unit_means, unit_maxima])


def feature_model(body: keras.Model) -> keras.Model:
    """From preprocessed pixels to the pooled features, with the body's own weights."""
    with conditions(0, "float32"):
        images = keras.Input(body.input_shape[1:], name="preprocessed")
        return keras.Model(images, pooled(body(images)), name=FEATURES)


def put_on(body: keras.Model, preprocessing: Preprocessing, n_classes: int) -> keras.Model:
    """The whole network: raw RGB pixels 0..255 -> probabilities. Batch normalisation in the body is frozen.

    Features are standardised by a layer whose means and variances, like the dense layer, wait for the first stage.
    For colours in another order, turn the body's first kernel too: `turn_to_rgb`.
    """
    for layer in leaf_layers(body):
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    with conditions(0, "float32"):
        pixels = keras.Input(body.input_shape[1:], name="pixels")
        scale, offset = preprocessing.in_rgb()
        scaled = pixels if preprocessing.is_identity else layers.Rescaling(scale, offset=offset, name="scale")(pixels)
        features = pooled(body(scaled))
        standardised = layers.BatchNormalization(
            center=False, scale=False, epsilon=EPSILON, trainable=False, name=STANDARDISED
        )(features)
        outputs = layers.Dense(n_classes, activation="softmax", kernel_initializer="zeros", name=PROBABILITIES)
        return keras.Model(pixels, outputs(standardised), name=f"pretrained_{body.name.removesuffix('_body')}")


def turn_to_rgb(body: keras.Model, preprocessing: Preprocessing) -> None:
    """Makes the first kernel take its colours in the order RGB, where the weights were made for another one."""
    if preprocessing.order != "RGB":
        first = _with_weights(body)[0]
        kernel, *rest = first.get_weights()
        first.set_weights([preprocessing.turned(kernel), *rest])


def _application_body(
    net: str, shape: ImageShape, settings: NetworkSettings, imagenet: bool, seed: int, precision: str
) -> keras.Model:
    if settings != NetworkSettings():
        raise RequestError(f"settings={settings.texts()[0]}: net={net} is Keras's own and takes no settings; drop them")
    function = application(net)
    assert function is not None
    # Keras tells of downloads on standard output, which belongs to the results, and warns of sizes other than 224 px.
    with conditions(seed, precision), contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(weights="imagenet" if imagenet else None, include_top=False, input_shape=shape.array)
        except ValueError as problem:
            why = one_line(problem)
            raise RequestError(f"net={net} cannot be built at size={shape}: {why}; choose another size=") from None
        except Exception as problem:  # Keras raises no narrower kind where a download fails
            raise RequestError(
                f"weights=imagenet: Keras could not fetch them ({one_line(problem)}); go online, or fetch the file "
                "elsewhere and give it as weights=FILE"
            ) from None


def _without_classifier(model: keras.Model) -> keras.Model:
    """From behind the scaling of the pixels to the last maps before a dense layer, or the convolution a class."""
    with_weights = [layer for layer in model.layers if layer.weights]
    classifier = next((layer for layer in with_weights if isinstance(layer, layers.Dense)), with_weights[-1])
    before = model.layers[: model.layers.index(classifier)]
    last = next(
        layer for layer in reversed(before) if len(layer.output.shape) == 4 and not isinstance(layer, layers.Dropout)
    )
    return keras.Model(model.get_layer("scale").output, last.output, name=f"{model.name}_body")


def _with_weights(body: keras.Model) -> list[Any]:
    return [layer for layer in leaf_layers(body) if layer.weights]


def _kind(layer: Any) -> str:
    """Keras's word for the layer's kind in a file: Conv2D -> conv2d, BatchNormalization -> batch_normalization."""
    spaced = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", type(layer).__name__)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()
