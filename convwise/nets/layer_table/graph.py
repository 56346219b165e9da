"""A Keras model as a flat list of calls in the order of computation, nested models opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from convwise.errors import RequestError, one_line
from convwise.images.image_shape import ImageShape

Shape = tuple[int | None, ...]


def kinds(words: str) -> frozenset[str]:
    """Kinds of layer, written in one text."""
    return frozenset(words.split())


@dataclass(frozen=True)
class Tensor:
    """A value in the graph: `index` tells it from all others, `shape` has the batch first."""

    index: int
    shape: Shape


@dataclass(frozen=True)
class Call:
    """One call of a layer or of a Keras operation. `first` is false where the same layer was called before."""

    name: str
    operation: Any
    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    first: bool = True

    @property
    def type(self) -> str:
        return type(self.operation).__name__


@dataclass(frozen=True)
class Graph:
    """`inputs` and `outputs` of the model, and the calls between them. `layout` is "channels_last" or "_first"."""

    name: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    calls: tuple[Call, ...]
    layout: str

    @property
    def of_one_image(self) -> bool:
        """Whether the model takes one image, a tensor of 4 axes, and nothing else."""
        return len(self.inputs) == 1 and len(self.inputs[0].shape) == 4

    def consumers(self) -> dict[int, list[Call]]:
        """Tensor index -> the calls that take it."""
        found: dict[int, list[Call]] = {}
        for call in self.calls:
            for tensor in call.inputs:
                found.setdefault(tensor.index, []).append(call)
        return found

    def makers(self) -> dict[int, Call]:
        """Tensor index -> the call that makes it."""
        return {tensor.index: call for call in self.calls for tensor in call.outputs}


def kind_of(operation: Any) -> str:
    """The name of Keras's own class that the operation is of, or "" where the class or its `call` is not Keras's.

    A subclass that computes something of its own must not be taken for the layer it derives from.
    """
    for ancestor in type(operation).__mro__:
        if ancestor.__module__.split(".")[0] == "keras":
            same = getattr(type(operation), "call", None) is getattr(ancestor, "call", None)
            return str(ancestor.__name__) if same else ""
    return ""


def activation_name(operation: Any) -> str:
    """The name of the activation within a layer; "linear" where there is none."""
    activation = getattr(operation, "activation", None)
    return str(getattr(activation, "__name__", type(activation).__name__)) if activation is not None else "linear"


def flatten(model: Any, *, shape: ImageShape | None = None) -> Graph:
    """The model's calls. The height and width of `shape` are taken where it is given, the model's own otherwise.

    Raises RequestError where the model is no graph of layers (a subclass of its own, or not built yet).
    """
    function = _function(model)
    if function is None:
        raise RequestError(
            f"model={model.name}: it has no graph of layers; build it as a Sequential or functional model"
        )
    walker = _Walker()
    layout = _layout(function)
    specs = [_sized(tensor, layout, shape) for tensor in function.inputs]
    inputs = [walker.tensor(spec) for spec in specs]
    outputs = walker.walk(function, specs)
    named = _named(walker.calls)
    return Graph(model.name, tuple(inputs), tuple(walker.tensor(o) for o in outputs), tuple(named), layout)


def open_size(model: Any) -> bool:
    """Whether the model leaves the height or the width of an image open."""
    function = _function(model)
    if function is None:
        return False
    layout = _layout(function)
    return any(None in _sides(tensor, layout) for tensor in function.inputs if len(tensor.shape) == 4)


def _function(model: Any) -> Any:
    """The object that holds the nodes, or None."""
    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None)
    return model if hasattr(model, "_nodes_by_depth") else None


def _layout(function: Any) -> str:
    for operation in function.operations:
        inner = _function(operation)
        if inner is not None:
            return _layout(inner)
        if getattr(operation, "data_format", None) in ("channels_last", "channels_first"):
            return str(operation.data_format)
    return str(keras.config.image_data_format())


def _sized(tensor: Any, layout: str, shape: ImageShape | None) -> Any:
    if len(tensor.shape) != 4:
        return tensor
    rows = 1 if layout == "channels_last" else 2
    own = _sides(tensor, layout)
    sides = (shape.height, shape.width) if shape else own
    if None in sides:
        raise RequestError(f"input_shape={tensor.shape}: the size of the image must be known; give one with size=")
    if sides == own:
        return tensor
    whole = (*tensor.shape[:rows], *sides, *tensor.shape[rows + 2 :])
    return keras.KerasTensor(whole, dtype=tensor.dtype)


def _sides(tensor: Any, layout: str) -> tuple[int | None, ...]:
    rows = 1 if layout == "channels_last" else 2
    return tuple(tensor.shape[rows : rows + 2])


class _Walker:
    """Follows the nodes; a nested model is entered with the shapes that it is called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Call]] = []
        self._tensors: dict[int, Tensor] = {}
        self._alive: list[Any] = []  # an object's id is its own only while it lives
        self._seen: set[int] = set()

    def tensor(self, spec: Any) -> Tensor:
        if id(spec) not in self._tensors:
            self._alive.append(spec)
            self._tensors[id(spec)] = Tensor(len(self._tensors), tuple(spec.shape))
        return self._tensors[id(spec)]

    def walk(self, function: Any, inputs: Sequence[Any], path: str = "") -> list[Any]:
        known = {id(symbol): spec for symbol, spec in zip(function.inputs, inputs, strict=True)}
        as_built = all(symbol.shape == known[id(symbol)].shape for symbol in function.inputs)
        for depth in sorted(function._nodes_by_depth, reverse=True):
            for node in function._nodes_by_depth[depth]:
                if node.is_input or any(id(x) not in known for x in node.input_tensors):
                    continue
                given = [known[id(x)] for x in node.input_tensors]
                operation = node.operation
                inner = _function(operation)
                if inner is not None and len(inner.inputs) == len(given):
                    made = self.walk(inner, given, f"{path}{operation.name}/")
                else:
                    made = self._call(node, given, known, as_built, path)
                known |= {id(symbol): spec for symbol, spec in zip(node.outputs, made, strict=True)}
        return [known[id(symbol)] for symbol in function.outputs]

    def _call(self, node: Any, given: list[Any], known: dict[int, Any], as_built: bool, path: str) -> list[Any]:
        operation = node.operation
        if as_built:  # shapes are known: symbolic computation takes seconds in a large model
            made = [keras.KerasTensor(symbol.shape, dtype=symbol.dtype) for symbol in node.outputs]
        else:
            args, kwargs = node.arguments.fill_in(known)
            made = [keras.KerasTensor(x.shape, dtype=x.dtype) for x in _specs(operation, args, kwargs)]
        call = Call(
            name=operation.name,
            operation=operation,
            kind=kind_of(operation),
            inputs=tuple(self.tensor(x) for x in given),
            outputs=tuple(self.tensor(x) for x in made),
            first=id(operation) not in self._seen,
        )
        self._seen.add(id(operation))
        self.calls.append((path, call))
        return made


def _specs(operation: Any, args: Any, kwargs: Any) -> list[Any]:
    try:
        return list(keras.tree.flatten(operation.compute_output_spec(*args, **kwargs)))
    except Exception as problem:  # a layer raises what it likes where a size does not suit it
        raise RequestError(f"layer={operation.name}: it cannot take images of this size: {one_line(problem)}") from None


def _named(calls: list[tuple[str, Call]]) -> list[Call]:
    """A layer keeps its name; of two layers of one name each gets the path of models before it; calls are counted."""
    owners: dict[str, set[int]] = {}
    for _, call in calls:
        owners.setdefault(call.name, set()).add(id(call.operation))
    times: dict[int, int] = {}
    named = []
    for path, call in calls:
        times[id(call.operation)] = times.get(id(call.operation), 0) + 1
        name = call.name if len(owners[call.name]) == 1 else path + call.name
        if times[id(call.operation)] > 1:
            name = f"{name} (call {times[id(call.operation)]})"
        named.append(Call(name, call.operation, call.kind, call.inputs, call.outputs, call.first))
    return named
