"""The networks by name: each a function (input_shape, n_classes, conv) -> keras.Model in a file of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convwise import checks
from convwise.errors import RequestError, one_line
from convwise.images.image_shape import ImageShape
from convwise.nets.changes import Change
from convwise.nets.own.reference import OwnNetwork, find_own, names_a_file

if TYPE_CHECKING:
    from convwise.conv2d import NetworkSettings

Option = bool | int | float | str
Network = str | OwnNetwork
"""A network by name, or the user's own."""
# name -> one line. The module `convwise.nets.NAME` holds a function of the same name.
NETWORKS = {
    "simple": "three times convolution, ReLU, max-pooling (32, 64, 128 filters), then a dense classifier",
    "stridednet": "the tutorial's network: strides in place of pooling, batch normalisation, dropout",
    "narrowresnet": "a narrow residual network: small, quick on a CPU, the most accurate per minute here",
    "allconv": "All-CNN-C: convolutions only, strides in place of pooling, no dense layer",
    "vgg": "VGG 11, 13, 16 or 19: stages of 3x3 convolutions, pooling, dense layers",
    "resnet": "ResNet 18, 34 or 50: blocks whose input is added to their output",
    "inception": "GoogLeNet: nine modules of 1x1, 3x3 and 5x5 convolutions side by side",
    "squeezenet": "SqueezeNet 1.1: fire modules, about a fiftieth of the weights of the others of its time",
    "dilated": "windows with growing gaps in place of a shrinking map",
}
# Peak learning rates of AdamW with one_cycle. Where nothing normalises the maps, or many convolutions follow on one
# another without shortcuts, larger steps throw the training back: benchmarks/shapes.py.
USUAL_RATE = 0.006
_RATES = {"simple": 0.002, "allconv": 0.003, "vgg": 0.003, "inception": 0.003}


def usual_rate(net: Network) -> float:
    """The peak learning rate that suits the network, where a recipe leaves it open."""
    if isinstance(net, OwnNetwork):
        return _RATES["simple"] if net.normalises is False else USUAL_RATE
    return _RATES.get(net, USUAL_RATE)


def require_network(net: Network, *, input_range: int | None = None, keeps_weights: bool = False) -> Network:
    """A name itself, or the network that `FILE.py:function` or `FILE.keras` names.

    `input_range` and `keeps_weights` are those of `OwnNetwork`. Raises RequestError, listing the networks, where there
    is none of that name; of a file, see `find_own`; and where these two are given of a network by name.
    """
    if isinstance(net, OwnNetwork):
        range_given = net.input_range if input_range is None else input_range
        return replace(net, input_range=range_given, keeps_weights=keeps_weights or net.keeps_weights)
    if names_a_file(net):
        return find_own(net, input_range=input_range, keeps_weights=keeps_weights)
    if input_range is not None:
        raise RequestError(f"input={input_range}: net={net} takes pixels as they are; it is for a network of your own")
    if keeps_weights:
        raise RequestError(f"weights=keep: net={net} has none to keep; it is for a network of your own, FILE.keras")
    if net in NETWORKS:
        return net
    raise RequestError(
        f"net={net}: there is no such network; {checks.did_you_mean(net, NETWORKS)}choose one of "
        f"{', '.join(NETWORKS)}, one of your own as FILE.py:function or FILE.keras, or, with weights=, one of "
        "keras.applications"
    )


def network_options(net: Network) -> Mapping[str, Option]:
    """The options of the network with their defaults, in the order of its signature.

    Read from its source: a wrong option is refused before Keras is imported.
    """
    found = require_network(net)
    return found.options() if isinstance(found, OwnNetwork) else _options_by_name(found)


@cache
def _options_by_name(name: str) -> Mapping[str, Option]:
    source = find_spec(f"convwise.nets.{name}")
    assert source is not None
    assert source.origin is not None
    for node in ast.parse(Path(source.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            defaults = (ast.literal_eval(default) for default in node.args.kw_defaults if default)
            return {option.arg: value for option, value in zip(node.args.kwonlyargs, defaults, strict=True)}
    raise AssertionError(f"{source.origin} has no function {name}")


def require_options(net: Network, options: Mapping[str, Option]) -> dict[str, Option]:
    """The options of the network, a whole number as a float where one is due.

    Raises RequestError for a wrong name or kind. What a value may be, the network itself says when it is built.
    """
    valid = network_options(net)
    checked: dict[str, Option] = {}
    for option, value in options.items():
        if option not in valid:
            known = ", ".join(f"{key}={default}" for key, default in valid.items()) or "none"
            meant = checks.did_you_mean(option, valid)
            raise RequestError(
                f"settings=net.{option}={value}: net={net} has no such option; {meant}it has (with defaults) {known}"
            )
        kind = type(valid[option])
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise RequestError(
                f"settings=net.{option}={value}: net={net} takes {_KINDS[kind]}, such as {valid[option]}"
            )
        checked[option] = value
    return checked


@dataclass(frozen=True)
class Built:
    """A network, and what became of each of the user's settings at each of its convolutions."""

    model: Any
    changes: tuple[Change, ...]


def build(
    net: Network,
    *,
    shape: ImageShape,
    n_classes: int,
    settings: NetworkSettings,
    seed: int,
    precision: str,
    require_used: bool = True,
    numbers: bool = True,
) -> Built:
    """A `keras.Model` from raw pixels (n, height, width, channels) in 0..255 to probabilities (n, n_classes).

    `net` is a name, or the user's own network, examined (`convwise.nets.own.contract.examine`). `precision` is
    "float32" or "bfloat16": the type of the arithmetic; weights and the last layer are float32.
    The first weights depend on `seed` alone. Raises RequestError for an option that the network has not, or of another
    kind, for a setting that is illegal, reaches no layer or has room at none, and where network and size do not fit.
    Without `require_used`, a setting that no layer has room for is passed over: `Built.changes` tells. Without
    `numbers`, the weights have shapes and no values: to look at, at no cost whatever their size.
    """
    net = require_network(net)
    if isinstance(net, OwnNetwork):
        from convwise.nets.own.build import build_own

        return build_own(
            net,
            shape=shape,
            n_classes=n_classes,
            settings=settings,
            seed=seed,
            precision=precision,
            require_used=require_used,
        )
    import keras

    from convwise.nets.convolution import Convolution

    chosen = require_options(net, settings.options)
    network = _function(net)
    # Convolutions take the layout that is set or that Keras is configured for; between them maps are channels last.
    conv = Convolution(settings, data_format=keras.config.image_data_format())
    with conditions(seed, precision), nullcontext() if numbers else _without_numbers():
        try:
            model = network(shape.array, n_classes, conv, **chosen)
        except ValueError as problem:
            reason = one_line(problem)
            if "zero or negative" in reason:  # Keras's words for a window that is larger than the map
                reason += " Choose a larger size, smaller windows, padding=same or fewer stages"
            raise RequestError(f"net={net} cannot be built at size={shape} with these settings: {reason}") from None
    if require_used:
        conv.require_all_used()
    return Built(model, tuple(conv.changes))


@contextmanager
def _without_numbers() -> Iterator[None]:
    import keras

    from convwise.nets.weightless import without_numbers

    try:
        with without_numbers():
            yield
    finally:
        keras.backend.clear_session(free_memory=False)  # it forgets which weights wait for values


@contextmanager
def conditions(seed: int, precision: str) -> Iterator[None]:
    """What Keras builds within the block follows from `seed`, computes in `precision` and has its channels last."""
    import keras

    layout_before, policy_before = keras.config.image_data_format(), keras.config.dtype_policy()
    keras.backend.clear_session(free_memory=False)  # it forgets the policy too, so it comes first
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    # Keras's initializers draw from its global generator; it is set here and nowhere else.
    keras.utils.set_random_seed(seed % 2**32)
    keras.config.set_image_data_format("channels_last")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy_before)
        keras.config.set_image_data_format(layout_before)


def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"convwise.nets.{name}"), name)
    return function


_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a name"}
