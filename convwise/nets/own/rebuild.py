"""The same graph again, layer by layer, from fresh layers: each Conv2D by the user's settings, nested models opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from convwise.conv2d import PARAMETERS
from convwise.errors import RequestError, one_line
from convwise.nets.convolution import Convolution
from convwise.nets.layer_table.graph import kind_of
from convwise.nets.own.room import Room

_MODELS = ("Functional", "Sequential")
_CONTEXT = ("training",)


@dataclass(frozen=True)
class Wanted:
    """What is to come out: for images of `shape`, with a Rescaling of 1/255 in front, with a softmax at the end.

    `conv` makes the convolutions, by `rooms`; None copies them as they are. `keep_types`: layers keep the type of
    arithmetic that their configuration names; else those of float32 follow Keras's policy. `title` is how messages
    call the network.
    """

    title: str
    shape: tuple[int, int, int]
    conv: Convolution | None = None
    rooms: Mapping[int, Room] = field(default_factory=dict)
    rescaled: bool = False
    softmax: bool = False
    keep_types: bool = True


@dataclass(frozen=True)
class Rebuilt:
    """The model, and each layer of the source that has weights with the one that took its place."""

    model: Any
    pairs: tuple[tuple[Any, Any], ...]


def graph_of(model: Any) -> Any:
    """The object that holds the nodes of a functional or Sequential model; None for a class of the user's own."""
    if kind_of(model) not in _MODELS:
        return None
    return getattr(model, "_functional", None) if isinstance(model, keras.Sequential) else model


def rebuild(source: Any, wanted: Wanted) -> Rebuilt:
    """A functional model from pixels to what `source` answers, its layers under their names, with first weights.

    Names that nested models use twice get the model's name before them. Raises RequestError, naming the layer, where
    one cannot be copied, or cannot take what reaches it.
    """
    walker = _Rebuilder(source, wanted)
    pixels = keras.Input(wanted.shape, name=walker.free("pixels"))
    x = keras.layers.Rescaling(1 / 255, name=walker.free("scale"))(pixels) if wanted.rescaled else pixels
    (answers,) = walker.walk(graph_of(source), [x], {})
    if wanted.softmax:
        answers = keras.layers.Softmax(dtype="float32", name=walker.free("probabilities"))(answers)
    elif answers.dtype != "float32":
        answers = keras.layers.Activation("linear", dtype="float32", name=walker.free("in_float32"))(answers)
    return Rebuilt(keras.Model(pixels, answers, name=source.name), tuple(walker.pairs))


def operations_of(source: Any, path: str = "") -> list[tuple[str, Any]]:
    """(names of the models around it, each with a stroke; the operation), nested models opened, each operation once."""
    found: dict[int, tuple[str, Any]] = {}
    for operation in graph_of(source).operations:
        inner = graph_of(operation)
        if inner is None:
            if type(operation).__name__ != "InputLayer":
                found.setdefault(id(operation), (path, operation))
        else:
            for place, each in operations_of(operation, f"{path}{operation.name}_"):
                found.setdefault(id(each), (place, each))
    return list(found.values())


class _Rebuilder:
    """Follows the nodes of the source; each of its operations is made anew once, however often it is called."""

    def __init__(self, source: Any, wanted: Wanted) -> None:
        self.wanted = wanted
        self.pairs: list[tuple[Any, Any]] = []
        self._taken: set[str] = set()
        self._last = graph_of(source).outputs[0]._keras_history.operation
        self._names = self._named(operations_of(source))
        self._made: dict[int, Any] = {}

    def free(self, name: str) -> str:
        """The name, with a number where a layer has it already."""
        found, number = name, 1
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._taken.add(found)
        return found

    def walk(self, function: Any, inputs: Sequence[Any], context: Mapping[str, Any]) -> list[Any]:
        """The outputs of a graph on these inputs; `context` is what a call of a nested model says of its layers'."""
        known = {id(symbol): tensor for symbol, tensor in zip(function.inputs, inputs, strict=True)}
        for depth in sorted(function._nodes_by_depth, reverse=True):
            for node in function._nodes_by_depth[depth]:
                if node.is_input:
                    continue
                args, kwargs = node.arguments.fill_in(known)
                made = self._answers(node.operation, args, kwargs, context)
                known |= {id(symbol): tensor for symbol, tensor in zip(node.outputs, made, strict=True)}
        return [known[id(symbol)] for symbol in function.outputs]

    def _answers(self, operation: Any, args: Any, kwargs: dict[str, Any], context: Mapping[str, Any]) -> list[Any]:
        inner = graph_of(operation)
        if inner is not None:
            said = {name: kwargs[name] for name in _CONTEXT if kwargs.get(name) is not None}
            return self.walk(inner, keras.tree.flatten(args), {**context, **said})
        accepted = getattr(operation, "_call_context_args", ())
        kwargs = {**{name: value for name, value in context.items() if name in accepted}, **kwargs}
        name = self._names[id(operation)]
        try:
            return list(keras.tree.flatten(self._twin(operation, name)(*args, **kwargs)))
        except RequestError:
            raise
        except Exception as problem:  # a layer raises what it likes
            raise RequestError(
                f"net={self.wanted.title}: the layer {name} cannot take {_shapes((args, kwargs))}: {one_line(problem)}"
                f"{self._hint()}"
            ) from None

    def _hint(self) -> str:
        changed = self.wanted.conv is not None and any(not change.reason for change in self.wanted.conv.changes)
        return "; set less, or for fewer layers" if changed else "; choose another size"

    def _twin(self, operation: Any, name: str) -> Any:
        if id(operation) not in self._made:
            convolves = self.wanted.conv is not None and id(operation) in self.wanted.rooms
            self._made[id(operation)] = (
                self._convolution(operation, name) if convolves else self._copied(operation, name)
            )
        return self._made[id(operation)]

    def _convolution(self, layer: Any, name: str) -> Any:
        assert self.wanted.conv is not None
        room = self.wanted.rooms[id(layer)]
        own = {parameter: getattr(layer, parameter) for parameter in PARAMETERS[2:]}
        own |= {parameter: _unseeded(value) for parameter, value in own.items() if parameter.endswith("initializer")}
        config = self._config(layer)
        put = self.wanted.conv(
            layer.filters,
            layer.kernel_size,
            name=name,
            keep=room.keep,
            stage=room.stage,
            dtype=config["dtype"],
            trainable=layer.trainable,
            **own,
        )
        self.pairs.append((layer, put))
        return put

    def _copied(self, operation: Any, name: str) -> Any:
        if isinstance(operation, keras.layers.Lambda):
            return self._lambda(operation, name)
        try:
            if not isinstance(operation, keras.layers.Layer):
                twin = type(operation).from_config(operation.get_config())
                twin.name = name
                return twin
            twin = type(operation).from_config({**self._config(operation), "name": name})
        except Exception as problem:  # a class of the user's raises what it likes
            raise RequestError(
                f"net={self.wanted.title}: the layer {name} ({type(operation).__name__}) cannot be made from its "
                f"configuration: {one_line(problem)}; give its class a get_config that returns all its arguments"
            ) from None
        self.pairs.append((operation, twin))
        return twin

    def _lambda(self, layer: Any, name: str) -> Any:
        return keras.layers.Lambda(
            layer.function,
            output_shape=layer._output_shape,
            mask=layer.mask,
            arguments=layer.arguments,
            dtype=self._config(layer)["dtype"],
            name=name,
        )

    def _config(self, layer: Any) -> dict[str, Any]:
        """The layer's configuration, to be given first weights from the seed that is set."""
        config = {name: _unseeded(value) for name, value in layer.get_config().items()}
        if layer is self._last:
            config["dtype"] = "float32"
        elif not self.wanted.keep_types and layer.dtype_policy.name == "float32":
            config["dtype"] = keras.config.dtype_policy().name
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is None:
            # What it was adapted to scales the pixels: as numbers, they are part of the architecture.
            config |= {
                "mean": keras.ops.convert_to_numpy(layer.adapt_mean).tolist(),
                "variance": keras.ops.convert_to_numpy(layer.adapt_variance).tolist(),
            }
        return config

    def _named(self, operations: Sequence[tuple[str, Any]]) -> dict[int, str]:
        """The name of each operation's twin: its own where no other has it."""
        times: dict[str, int] = {}
        for _, operation in operations:
            times[operation.name] = times.get(operation.name, 0) + 1
        return {
            id(operation): self.free(operation.name if times[operation.name] == 1 else f"{path}{operation.name}")
            for path, operation in operations
        }


def _unseeded(value: Any) -> Any:
    """An initializer, or the configuration of one, whose numbers follow from the seed that is set for the network."""
    if isinstance(value, keras.initializers.Initializer):
        config = value.get_config()
        return type(value).from_config({**config, "seed": None}) if "seed" in config else value
    if isinstance(value, dict) and str(value.get("module")).startswith("keras.initializers"):
        config = value.get("config")
        return {**value, "config": {**config, "seed": None}} if isinstance(config, dict) and "seed" in config else value
    return value


def _shapes(given: Any) -> str:
    tensors = [each for each in keras.tree.flatten(given) if isinstance(each, keras.KerasTensor)]
    return " and ".join("x".join(map(str, tensor.shape[1:])) for tensor in tensors) or "what reaches it"
