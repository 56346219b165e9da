"""What a user's network must be and do before it is trained: found out by building it and one step of training."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.conv2d import NetworkSettings
from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.images.image_shape import ImageShape
from convwise.nets.layer_table.graph import activation_name, flatten, kind_of
from convwise.nets.model_file import load_run_model
from convwise.nets.own.build import build_own, source_of
from convwise.nets.own.module import MODULE_PREFIX, classes_of
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.room import room_of, shared_layers

_IMAGES = 4
_SAYS_ALL = (
    "define its classes and functions in the file, give the classes a get_config that returns all their arguments, and "
    "let them make their weights in build"
)
_WIDE = 32  # a range of inputs that no scaling leaves, such as 0..255 itself


@dataclass(frozen=True)
class Examined:
    """The network with what was found out about it, and a line for each thing to be said."""

    own: OwnNetwork
    notes: tuple[str, ...]


def examine(
    own: OwnNetwork, *, shape: ImageShape, n_classes: int, settings: NetworkSettings, seed: int = 0
) -> Examined:
    """Builds the network, looks at its pixels, its answers and its layers, trains one step, saves and loads it.

    Raises RequestError, in one line, for a network that cannot be trained as a classifier of `n_classes`.
    """
    title = str(own)
    size: dict[str, Any] = {"shape": shape, "n_classes": n_classes, "seed": seed, "precision": "float32"}
    bare = _rebuilt_alike(own, settings=NetworkSettings({}, settings.options), **size)
    if not bare.trainable_weights:
        raise RequestError(f"net={own}: it has no weights that are trained")
    scaled_by, given = _range(bare)
    found = replace(own, input_range=own.input_range or given)
    notes = [_said_of_pixels(found, scaled_by, asked=own.input_range not in (None, given))]
    logits, last = _answers(bare, title, whole=found.input_range == 255)
    found = replace(found, logits=logits, normalises=_normalises(bare))
    if logits:
        notes.append(f"{title}: {last} gives logits: a softmax is put behind it")
    built = build_own(found, settings=settings, **size)
    _train_one_step(built.model, shape.array, n_classes, title)
    _save_and_load(found, built.model, shape, n_classes)
    return Examined(found, (*notes, *_said_of_layers(found, bare)))


def _rebuilt_alike(
    own: OwnNetwork, *, shape: ImageShape, n_classes: int, settings: NetworkSettings, **more: Any
) -> Any:
    """The network rebuilt as it is, with its own weights. RequestError where it computes something else then."""
    as_it_is = replace(own, input_range=255, logits=False, keeps_weights=True)
    users = source_of(own, shape=shape, n_classes=n_classes, settings=settings, seed=more["seed"])
    if own.takes_conv() or users.input_shape[1:] != shape.array:
        return build_own(
            replace(as_it_is, keeps_weights=False), shape=shape, n_classes=n_classes, settings=settings, **more
        ).model
    bare = build_own(as_it_is, shape=shape, n_classes=n_classes, settings=settings, **more).model
    if not _same_answers(users, bare):
        raise RequestError(
            f"net={own}: a copy of its layers, made from their configurations, answers otherwise; {_SAYS_ALL}"
        )
    return bare


def _same_answers(one: Any, other: Any) -> bool:
    pixels = _pixels(one.input_shape[1:])
    answers = [np.asarray(keras.ops.convert_to_numpy(model(pixels, training=False))) for model in (one, other)]
    scale = max(1.0, float(np.nan_to_num(np.abs(answers[0])).max()))
    return bool(np.allclose(answers[0] / scale, answers[1] / scale, atol=1e-4, equal_nan=True))


def _range(model: Any) -> tuple[str, int]:
    """The layer that brings pixels of 0..255 to a small range, "" for none, and the range that the network takes."""
    symbol, last = model.inputs[0], ""
    nodes = [node for level in model._nodes_by_depth.values() for node in level if not node.is_input]
    while True:
        takers = [node for node in nodes if any(tensor is symbol for tensor in node.input_tensors)]
        if len(takers) != 1 or len(takers[0].input_tensors) != 1 or len(takers[0].outputs) != 1:
            break
        operation = takers[0].operation
        if getattr(operation, "weights", ()):
            break
        symbol, last = takers[0].outputs[0], operation.name
    if symbol is model.inputs[0]:
        return "", 1
    shape = (1, *model.input_shape[1:])
    front = keras.Model(model.inputs[0], symbol)
    ends = [np.asarray(keras.ops.convert_to_numpy(front(np.full(shape, end, "float32")))) for end in (0, 255)]
    low, high = float(min(end.min() for end in ends)), float(max(end.max() for end in ends))
    centred = low < -_WIDE and high > _WIDE and high - low < 2 * 255  # means taken away, as for Caffe's networks
    return (last, 255) if high - low <= _WIDE or centred else ("", 1)


def _said_of_pixels(own: OwnNetwork, scaled_by: str, *, asked: bool) -> str:
    if asked:
        what = (
            "as they are, 0 to 255" if own.input_range == 255 else "from 0 to 1: a Rescaling of 1/255 is put in front"
        )
        return f"{own}: takes pixels {what}, as asked for"
    if own.input_range == 255:
        return f"{own}: takes pixels 0 to 255 and scales them itself (up to {scaled_by})"
    return f"{own}: does not scale pixels: a Rescaling of 1/255 is put in front (input=255: it takes them as they are)"


def _answers(model: Any, title: str, *, whole: bool) -> tuple[bool, str]:
    """Whether the network gives logits, and the layer that gives them. RequestError for neither these nor a softmax."""
    pixels = _pixels(model.input_shape[1:]) / (1 if whole else 255)
    answers = np.asarray(keras.ops.convert_to_numpy(model(pixels, training=False)))
    last = model.outputs[0]._keras_history.operation
    if not np.isfinite(answers).all():
        raise RequestError(f"net={title}: its answers, by {last.name}, are not finite numbers")
    if (answers >= 0).all() and np.allclose(answers.sum(axis=1), 1, atol=1e-3):
        return False, last.name
    name = activation_name(last)
    if name == "linear" and kind_of(last) not in ("ReLU", "LeakyReLU", "ELU", "PReLU", "Sigmoid", "Tanh"):
        return True, last.name
    raise RequestError(
        f"net={title}: {last.name} ends in {name if name != 'linear' else kind_of(last).lower()}, whose answers are no "
        "probabilities that sum to 1; end in softmax, or without an activation"
    )


def _normalises(model: Any) -> bool:
    layers = model._flatten_layers(include_self=False)
    return any(kind.endswith("Normalization") and kind != "Normalization" for kind in map(kind_of, layers))


def _train_one_step(model: Any, shape: tuple[int, int, int], n_classes: int, title: str) -> None:
    weights = model.get_weights()
    model.compile(optimizer=keras.optimizers.SGD(1e-4), loss="categorical_crossentropy", run_eagerly=True)
    answers = np.eye(n_classes, dtype="float32")[np.arange(_IMAGES) % n_classes]
    try:
        loss = float(np.asarray(model.train_on_batch(_pixels(shape), answers)))
    except (ConvwiseError, MemoryError, KeyboardInterrupt):
        raise
    except Exception as problem:  # a layer of the user's, or the backend, raises what it likes
        raise RequestError(f"net={title}: a step of training fails: {one_line(problem)}") from None
    if not np.isfinite(loss):
        raise RequestError(f"net={title}: a step of training on random images gives a loss that is no number")
    after = model.get_weights()
    if not any(np.any(a != b) for a, b in zip(weights, after, strict=True)):
        raise RequestError(f"net={title}: a step of training changes nothing: no gradient reaches its weights")


def _save_and_load(own: OwnNetwork, model: Any, shape: ImageShape, n_classes: int) -> None:
    """What is trained must be found again: layers of the user's own need a configuration that says all."""
    known: Mapping[str, Any] = {} if own.function is None else classes_of(own)
    for layer in model._flatten_layers(include_self=False):
        kind = type(layer)
        if kind.__module__.startswith(MODULE_PREFIX) and kind not in known.values():
            raise RequestError(
                f"net={own}: the layer {layer.name} is of the class {kind.__name__}, which is made within a function "
                "and cannot be found again; define it at the top level of the file"
            )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        try:
            model.save(path)
            loaded = load_run_model(path, n_classes=n_classes, shape=shape, known=known, trust=True)
        except MemoryError:
            raise
        except Exception as problem:  # Keras, and a configuration of the user's, raise what they like
            why = str(problem).partition("cannot be loaded: ")[2].partition("; put the run's own")[0]
            raise RequestError(
                f"net={own}: it cannot be saved and loaded again: {why or one_line(problem)}; {_SAYS_ALL}"
            ) from None
    if not _same_answers(model, loaded):
        raise RequestError(f"net={own}: saved and loaded again, it answers otherwise; {_SAYS_ALL}")


def _said_of_layers(own: OwnNetwork, model: Any) -> list[str]:
    said = []
    graph = flatten(model)
    shared = [f"{name} {times} times" for name, times in shared_layers(graph).items()]
    if shared:
        more = f" and {len(shared) - 4} more" if len(shared) > 4 else ""
        said.append(
            f"{own}: called more than once: {', '.join(shared[:4])}{more}; a setting changes all calls of a layer"
        )
    lambdas = [call.name for call in graph.calls if call.kind == "Lambda" and _is_code(call.operation)]
    if lambdas:
        said.append(
            f"{own}: {lambdas[0]} is a Lambda without a function of a name: the trained model will hold code, and "
            "predict and evaluate need trust=True; a def in the file needs none"
        )
    closed = [call.name for call in graph.calls if not call.kind and call.first and _convolves(call.operation)]
    if closed:
        said.append(f"{own}: {', '.join(closed[:3])}: layers of its own, whose convolutions no setting reaches")
    if own.function is None or not own.read().takes_conv:
        stages = list(dict.fromkeys(room.stage for room in room_of(graph).values() if room.stage))
        if stages:
            said.append(f"{own}: stages, by the height of the maps that a convolution makes: {', '.join(stages)}")
    return said


def _is_code(layer: Any) -> bool:
    return getattr(layer.function, "__name__", "<lambda>") == "<lambda>"


def _convolves(operation: Any) -> bool:
    inner = operation._flatten_layers(include_self=False) if isinstance(operation, keras.layers.Layer) else ()
    return any(isinstance(layer, keras.layers.Conv2D) for layer in inner)


def _pixels(shape: tuple[int, int, int]) -> NDArray[np.float32]:
    pixels = np.random.default_rng(0).integers(0, 256, (_IMAGES, *shape))
    return pixels.astype("float32")
