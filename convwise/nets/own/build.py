"""An own network built: called or loaded, checked against what a classifier must be, rebuilt with the settings."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import keras

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.image_shape import CHANNELS, ImageShape
from convwise.names import by_sides
from convwise.nets import Built, require_options
from convwise.nets.conditions import conditions
from convwise.nets.convolution import Convolution
from convwise.nets.layer_table.graph import Graph, flatten
from convwise.nets.model_file import load_model_file
from convwise.nets.own.module import call_function
from convwise.nets.own.rebuild import Wanted, graph_of, rebuild
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.room import room_of


def build_own(
    own: OwnNetwork,
    *,
    shape: ImageShape,
    n_classes: int,
    settings: NetworkSettings,
    seed: int,
    precision: str,
    require_used: bool = True,
) -> Built:
    """As `convwise.nets.build`: from pixels (n, height, width, channels) in 0..255 to probabilities (n, n_classes).

    What `examine` has found out about `own` decides what goes in front and behind. Raises RequestError, naming the
    layer, for what cannot be built or set, and where the weights that are to be kept do not fit.
    """
    title = str(own)
    options = require_options(own, settings.options)
    conv = Convolution(settings, data_format=keras.config.image_data_format())
    with conditions(seed, precision):
        takes_conv = own.takes_conv()
        source = _source_of(own, shape.array, n_classes, options, conv, precision)
        keras.utils.set_random_seed(seed % 2**32)  # whatever the file has drawn
        plain = Wanted(title, shape.array, keep_types=own.function is not None)
        pairs: dict[int, Any] = {}
        if source.input_shape[1:] != shape.array:
            resized = rebuild(source, plain)
            pairs = {id(new): old for old, new in resized.pairs}
            source = resized.model
        graph = flatten(source)
        _require_head(graph, n_classes, title)
        wanted = replace(plain, rescaled=own.input_range == 1, softmax=bool(own.logits))
        if not takes_conv:
            wanted = replace(wanted, conv=conv, rooms=room_of(graph))
        rebuilt = rebuild(source, wanted)
        if own.keeps_weights:
            for old, new in rebuilt.pairs:
                _keep(pairs.get(id(old), old), getattr(new, "layer", new), title)
    if require_used:
        conv.require_all_used()
    return Built(rebuilt.model, tuple(conv.changes))


def source_of(own: OwnNetwork, *, shape: ImageShape, n_classes: int, settings: NetworkSettings, seed: int) -> Any:
    """The model as the user's file gives it, with what `settings` say of its options. Raises as `build_own` does."""
    conv = Convolution(NetworkSettings(), data_format=keras.config.image_data_format())
    options = require_options(own, settings.options)
    with conditions(seed, "float32"):
        return _source_of(own, shape.array, n_classes, options, conv, "float32")


def _source_of(
    own: OwnNetwork,
    shape: tuple[int, int, int],
    n_classes: int,
    options: dict[str, Any],
    conv: Convolution,
    precision: str,
) -> Any:
    if own.takes_conv():
        return _source(own, shape, n_classes, options, conv)
    return _source_once(_as_given(own), shape, n_classes, tuple(options.items()), precision)


def _as_given(own: OwnNetwork) -> OwnNetwork:
    """Without what was found out, which decides nothing about the source."""
    return replace(own, input_range=None, logits=None, normalises=None, keeps_weights=False)


@lru_cache(maxsize=1)
def _source_once(
    own: OwnNetwork, shape: tuple[int, int, int], n_classes: int, options: tuple[tuple[str, Any], ...], precision: str
) -> Any:
    """The source of several networks in a row, which differ by settings: it is only read."""
    return _source(own, shape, n_classes, dict(options))


def _source(
    own: OwnNetwork,
    shape: tuple[int, int, int],
    n_classes: int,
    options: dict[str, Any],
    conv: Convolution | None = None,
) -> Any:
    """The user's model, a graph of layers with one image in and one answer out."""
    if own.function is None:
        model = _loaded(own)
    else:
        model = call_function(own, shape, n_classes, **({} if conv is None else {"conv": conv}), **options)
    if isinstance(model, keras.Sequential) and not model.built:
        try:
            model.build((None, *shape))
        except ValueError as problem:
            raise RequestError(f"net={own}: it cannot be built for {by_sides(shape)}: {problem}") from None
    if graph_of(model) is None:
        raise RequestError(
            f"net={own}: the model {model.name} ({type(model).__name__}) is a class of its own without a graph of "
            "layers; make it with keras.Model(inputs, outputs) or keras.Sequential"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise RequestError(
            f"net={own}: it has {len(model.inputs)} inputs and {len(model.outputs)} outputs; it must take one image "
            "and give one answer"
        )
    taken = tuple(model.input_shape[1:])
    if len(taken) != len(shape) or taken[2] not in (shape[2], None):
        fix = f"; train on channels={taken[2]}" if taken[2:] and taken[2] in CHANNELS else ""
        raise RequestError(f"net={own}: it takes {by_sides(taken)}; the images are {by_sides(shape)}{fix}")
    if own.function is not None and any(a not in (b, None) for a, b in zip(taken, shape, strict=True)):
        raise RequestError(
            f"net={own}: it takes {by_sides(taken)}, whatever it is asked for; use the input_shape it is given"
        )
    return model


def _loaded(own: OwnNetwork) -> Any:
    own.require_unchanged()
    try:
        return load_model_file(own.path)
    except RequestError as problem:
        why = str(problem).partition("cannot be loaded: ")[2].partition(";")[0] or str(problem)
        raise RequestError(
            f"net={own}: it cannot be loaded: {why}; a network with code of its own comes as FILE.py:function"
        ) from None


def _require_head(graph: Graph, n_classes: int, title: str) -> None:
    answer = graph.outputs[0].shape[1:]
    if answer == (n_classes,):
        return
    makers = graph.makers()
    call = makers.get(graph.outputs[0].index)
    while call is not None and not getattr(call.operation, "weights", ()) and len(call.inputs) == 1:
        call = makers.get(call.inputs[0].index)
    layer = f" (the layer {call.name})" if call is not None else ""
    if len(answer) != 1:
        raise RequestError(
            f"net={title}: it answers with {by_sides(answer)}{layer}; it must give a number for each class"
        )
    raise RequestError(f"net={title}: a head of {answer[0]} classes{layer}, and there are {n_classes}")


def _keep(old: Any, new: Any, title: str) -> None:
    """Puts the weights of a layer of the file into the layer that took its place."""
    if not old.weights or not new.weights:
        return
    before, after = ([tuple(weight.shape) for weight in layer.weights] for layer in (old, new))
    if before != after:
        raise RequestError(
            f"weights=keep: the weights of the layer {new.name} do not fit any more: {_listed(before)}, and it needs "
            f"{_listed(after)}; set less, keep the size, or drop weights=keep"
        )
    new.set_weights(old.get_weights())


def _listed(shapes: list[tuple[int, ...]]) -> str:
    return " and ".join(by_sides(shape) or "a number" for shape in shapes)
