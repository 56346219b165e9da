"""The networks by name: each a function (input_shape, n_classes, conv) -> keras.Model in a file of its own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import nullcontext
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
from convwise.nets.conditions import conditions, weights_without_numbers
from convwise.nets.own.reference import OwnNetwork, find_own, names_a_file

if TYPE_CHECKING:
    from convwise.conv2d import NetworkSettings

__all__ = [
    "NETWORKS",
    "Built",
    "ImageShape",
    "build",
    "network_options",
    "require_network",
    "require_options",
    "usual_rate",
]

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
    """Looks up the peak learning rate that suits a network, where a recipe leaves it open.

    Args:
        net: A network by name, or one of your own.

    Returns:
        The learning rate of AdamW with the schedule one_cycle.

    Raises:
        Nothing; of a network that is not known, it is the rate of most.

    Example:
        >>> from convwise.nets import usual_rate
        >>> usual_rate("narrowresnet"), usual_rate("simple")
        (0.006, 0.002)
    """
    if isinstance(net, OwnNetwork):
        return _RATES["simple"] if net.normalises is False else USUAL_RATE
    return _RATES.get(net, USUAL_RATE)


def require_network(net: Network, *, input_range: int | None = None, keeps_weights: bool = False) -> Network:
    """Returns the network that is meant: a name as it is, `FILE.py:function` or `FILE.keras` as a record.

    Args:
        net: Name of one of convwise's networks, text that names a file, or a record of one.
        input_range: Largest pixel value that a network of your own takes, 255 or 1; found out later if None.
        keeps_weights: Whether a network of your own starts from the weights that it comes with.

    Returns:
        The name, or a record of the user's own network.

    Raises:
        RequestError: there is no such network (the message lists them) or file, see `find_own`; `input_range` or
            `keeps_weights` is given of a network by name.

    Example:
        >>> from convwise.nets import require_network
        >>> require_network("vgg")
        'vgg'
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
    """Looks up the options of a network with their defaults, in the order of its signature.

    They are read from its source: a wrong option is refused before Keras is imported.

    Args:
        net: A network by name, or one of your own.

    Returns:
        Option -> default.

    Raises:
        RequestError: there is no such network.

    Example:
        >>> from convwise.nets import network_options
        >>> dict(network_options("resnet"))
        {'depth': 18, 'width': 32, 'stem': 'auto', 'pooling': 'max', 'activation': 'relu'}
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
    """Checks options of a network, and makes a whole number a float where one is due.

    What a value may be, the network itself says when it is built.

    Args:
        net: A network by name, or one of your own.
        options: Option -> value.

    Returns:
        The options, checked.

    Raises:
        RequestError: the network has no such option, or the value is of another kind.

    Example:
        >>> from convwise.nets import require_options
        >>> require_options("resnet", {"depth": 34})
        {'depth': 34}
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
    """A network, and what became of each of the user's settings at each of its convolutions.

    Attributes:
        model: The `keras.Model`.
        changes: A record per setting and convolution.

    Example:
        >>> from convwise.conv2d import parse_settings
        >>> from convwise.nets import ImageShape, build
        >>> asked = {"settings": parse_settings(["conv.kernel_size=5"]), "seed": 0, "precision": "float32"}
        >>> built = build("simple", shape=ImageShape(32, 32), n_classes=3, **asked)
        >>> [change.after for change in built.changes]
        ['5x5', '5x5', '5x5']
    """

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
    """Builds a network as a `keras.Model`, with first weights that depend on `seed` alone.

    It takes raw pixels (n, height, width, channels) in 0..255 and gives probabilities (n, n_classes).

    Args:
        net: One of convwise's networks by name, or one of your own, examined (`convwise.nets.own.contract.examine`).
        shape: Height, width and channels of the images; the least side depends on the network.
        n_classes: Number of classes, at least 2.
        settings: Settings of the convolutions, and options of the network.
        seed: Root of the randomness, at least 0.
        precision: Type of the arithmetic, "float32" or "bfloat16"; weights and the last layer are float32.
        require_used: Whether a setting is refused that no layer has room for; otherwise `Built.changes` says it.
        numbers: Whether weights are given values; without, they have shapes alone and cost nothing, whatever their
            size.

    Returns:
        The model, with what became of each setting at each convolution.

    Raises:
        RequestError: an option is not known or of another kind; a setting is illegal, reaches no layer or has room at
            none; network and size do not fit.

    Example:
        >>> from convwise.conv2d import parse_settings
        >>> from convwise.nets import ImageShape, build
        >>> asked = {"settings": parse_settings(["net.width=8"]), "seed": 0, "precision": "float32"}
        >>> built = build("resnet", shape=ImageShape(32, 48), n_classes=10, **asked)
        >>> built.model.output_shape
        (None, 10)
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
    with conditions(seed, precision), nullcontext() if numbers else weights_without_numbers():
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


def _function(name: str) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"convwise.nets.{name}"), name)
    return function


_KINDS = {bool: "True or False", int: "a whole number", float: "a number", str: "a name"}
