"""Cost: the multiply-adds of a call, and the memory of a whole graph when it predicts and when it trains.

A multiply-add is one use of one weight of a kernel for one image; the places where a kernel reaches into the padding
count like the others. Not counted: biases, normalisation, activations, pooling, merges. This is the convention of
He et al. 2016 (table 1, "multiply-adds") and Howard et al. 2017 (table 4, "mult-adds"); twice the number is roughly
what others call FLOPs.

Memory follows what TensorFlow's gradients read (its `nn_grad.py`, `math_grad.py` and Keras's composition of them): a
convolution and a dense layer keep their input, ReLU, sigmoid, tanh and softmax their output, batch normalisation its
input (a float32 copy of it in mixed precision), max-pooling both, dropout one byte a number, and additions,
concatenations, average pooling and padding nothing. A tensor that two layers keep counts once. No operation is taken
to write over its input. Scratch space and copies in other layouts, which libraries make as they like, are not in it.
Training on a processor with TensorFlow keeps less in mixed precision, since it computes batch normalisation otherwise
(`convwise.nets.fast_layers`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from convwise.errors import RequestError
from convwise.nets.layer_table.graph import Call, Graph, Shape, activation_name
from convwise.nets.layer_table.kinds import (
    BOTH,
    IDLE_WHEN_PREDICTING,
    INPUTS,
    KINDS,
    MASK,
    NOTHING,
    OUTPUTS,
    VIEWS,
    of_kind,
)

# Activation -> (keeps its input, keeps its output, further copies), by what their gradients read in TensorFlow.
_ACTIVATIONS = {
    "linear": (False, False, 0),
    "relu": (False, True, 0),
    "relu6": (False, True, 0),
    "sigmoid": (False, True, 0),
    "tanh": (False, True, 0),
    "softmax": (False, True, 0),
    "elu": (False, True, 0),
    "selu": (False, True, 0),
    "softplus": (True, False, 0),
    "softsign": (True, False, 0),
    "leaky_relu": (True, False, 0),
    "prelu": (True, False, 0),
    "silu": (True, False, 0),  # swish: a gradient of its own that computes the sigmoid anew
    "hard_sigmoid": (False, False, 1),  # relu6(x + 3) / 6
    "hard_silu": (True, False, 2),  # x times that
    "gelu": (False, False, 3),  # x / 2, x / sqrt(2), 1 + erf
}
_UNKNOWN_ACTIVATION = (True, True, 0)


def n_numbers(shape: Shape) -> int:
    """Numbers of one image in a tensor; the batch comes first. Raises RequestError where a side is open."""
    sides = [side for side in shape[1:] if side is not None]
    if len(sides) < len(shape) - 1:
        raise RequestError(f"shape={shape}: the size must be known; build the network for one")
    return math.prod(sides)


def multiply_adds(call: Call) -> int | None:
    """Uses of kernel weights for one image, or None where the layer is not known."""
    if call.kind not in KINDS:
        return None
    if not of_kind(call.kind).kernel:
        return 0
    layer = call.operation
    if call.kind == "Dense":
        return n_numbers(call.outputs[0].shape) * int(call.inputs[0].shape[-1] or 0)
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    # A transposed convolution uses each weight once for each unit of its input; the others, of their output.
    shape = (call.inputs if call.kind == "Conv2DTranspose" else call.outputs)[0].shape
    places = n_numbers(shape) // int(shape[-1 if last else 1] or 1)
    if call.kind == "SeparableConv2D":
        return places * (_size(layer.depthwise_kernel) + _size(layer.pointwise_kernel))
    return places * _size(layer.kernel)


def _size(weight: Any) -> int:
    return math.prod(weight.shape)


@dataclass(frozen=True)
class Kept:
    """What a call keeps for the backward pass: tensors by index, and bytes of its own for one image."""

    tensors: frozenset[int]
    own_bytes: int = 0


def kept(call: Call, bytes_per_number: int) -> Kept | None:
    """See the module's text; None where the layer is not known."""
    inputs = frozenset(tensor.index for tensor in call.inputs)
    outputs = frozenset(tensor.index for tensor in call.outputs)
    kind, operation = call.kind, call.operation
    known = of_kind(kind)
    size = sum(n_numbers(tensor.shape) for tensor in call.outputs)
    if known.kernel:
        of_input, of_output, copies = _activation(operation)
        between = size * bytes_per_number if kind == "SeparableConv2D" else 0
        if kind == "SeparableConv2D":  # the depthwise half's output is the pointwise half's input
            channels = int(operation.depthwise_kernel.shape[-2]) * int(operation.depthwise_kernel.shape[-1])
            between = size // operation.filters * channels * bytes_per_number
        own = between + (copies + of_input) * size * bytes_per_number
        return Kept(inputs | (outputs if of_output else frozenset()), own)
    if kind == "Activation" or known.activation:
        of_input, of_output, copies = _activation(operation, kind)
        tensors = (inputs if of_input else frozenset()) | (outputs if of_output else frozenset())
        return Kept(tensors, copies * size * bytes_per_number)
    if kind == "BatchNormalization" and bytes_per_number < 4:
        return Kept(frozenset(), 4 * size)
    if known.keeps == MASK:
        return Kept(frozenset(), size)
    kept_of = {BOTH: inputs | outputs, INPUTS: inputs, OUTPUTS: outputs, NOTHING: frozenset[int]()}
    if known.view:
        return Kept(frozenset())
    return Kept(kept_of[known.keeps]) if known.keeps in kept_of else None


def _activation(operation: Any, kind: str = "") -> tuple[bool, bool, int]:
    if kind == "ReLU":
        limits = (getattr(operation, "max_value", None), getattr(operation, "threshold", 0))
        plain = limits in ((None, 0), (6, 0)) and not getattr(operation, "negative_slope", 0)
        return _ACTIVATIONS["relu" if plain else "leaky_relu"]
    name = of_kind(kind).activation or activation_name(operation)
    return _ACTIVATIONS.get(name, _UNKNOWN_ACTIVATION)


@dataclass
class _Account:
    """Bytes in use: buffers by name, and the most there has ever been."""

    sizes: dict[tuple[str, int], int] = field(default_factory=dict)
    used: int = 0
    peak: int = 0

    def take(self, name: tuple[str, int], size: int) -> None:
        if name not in self.sizes:
            self.sizes[name] = size
            self.used += size
            self.peak = max(self.peak, self.used)

    def free(self, names: Iterable[tuple[str, int]]) -> None:
        for name in list(names):
            self.used -= self.sizes.pop(name, 0)


class Memory:
    """The buffers of a graph in the order of its calls. Sizes are bytes for one image."""

    def __init__(self, graph: Graph, bytes_per_number: int) -> None:
        self._graph, self._width = graph, bytes_per_number
        tensors = {t.index: t for call in graph.calls for t in (*call.inputs, *call.outputs)}
        tensors |= {tensor.index: tensor for tensor in graph.inputs}
        whole_batch = graph.inputs[0].shape[0]
        # Where a part of the batch passes (towers), a tensor holds that share of each image's numbers.
        self._bytes = {
            index: n_numbers(tensor.shape) * bytes_per_number * (tensor.shape[0] or 1) // (whole_batch or 1)
            if whole_batch and tensor.shape[0]
            else n_numbers(tensor.shape) * bytes_per_number
            for index, tensor in tensors.items()
        }
        self.kept = [kept(call, bytes_per_number) for call in graph.calls]

    @property
    def known(self) -> bool:
        return all(entry is not None for entry in self.kept)

    def output_bytes(self, call: Call) -> int:
        return sum(self._bytes[tensor.index] for tensor in call.outputs)

    def kept_bytes(self) -> list[int | None]:
        """For each call: its outputs that any layer keeps, and what it keeps of its own."""
        home = self._homes(VIEWS)
        wanted = {home[index] for entry in self.kept if entry for index in entry.tensors}
        return [
            None
            if entry is None
            else entry.own_bytes + sum(self._bytes[t.index] for t in call.outputs if t.index in wanted)
            for call, entry in zip(self._graph.calls, self.kept, strict=True)
        ]

    def inference_peak(self) -> int:
        """The most bytes alive at once when each tensor is freed after its last use."""
        account, home = _Account(), self._homes(IDLE_WHEN_PREDICTING)
        last_use = self._last_uses(home)
        for tensor in self._graph.inputs:
            account.take(("value", tensor.index), self._bytes[tensor.index])
        for number, call in enumerate(self._graph.calls):
            for tensor in call.outputs:
                if home[tensor.index] == tensor.index:
                    account.take(("value", tensor.index), self._bytes[tensor.index])
            account.free(("value", index) for index, last in last_use.items() if last == number)
        return account.peak

    def training_peak(self) -> int:
        """The most bytes alive at once from the forward pass to the end of the backward pass."""
        account, home = _Account(), self._homes(VIEWS)
        last_use, calls = self._last_uses(home), self._graph.calls
        entries = [entry or Kept(frozenset()) for entry in self.kept]
        # The backward pass runs from the last call to the first: a tensor goes once its first keeper has been passed.
        first_keeper: dict[int, int] = {}
        for number, entry in enumerate(entries):
            for index in entry.tensors:
                first_keeper.setdefault(home[index], number)
        for tensor in self._graph.inputs:
            account.take(("value", tensor.index), self._bytes[tensor.index])
        for number, call in enumerate(calls):
            for tensor in call.outputs:
                if home[tensor.index] == tensor.index:
                    account.take(("value", tensor.index), self._bytes[tensor.index])
            account.take(("own", number), entries[number].own_bytes)
            account.free(("value", i) for i, last in last_use.items() if last == number and i not in first_keeper)
        learns = self._learning()
        for number in range(len(calls) - 1, -1, -1):
            call = calls[number]
            for tensor in (*call.outputs, *call.inputs):
                if tensor.index in learns:
                    account.take(("gradient", home[tensor.index]), self._bytes[tensor.index])
            account.free([("own", number)])
            account.free(("value", index) for index, keeper in first_keeper.items() if keeper == number)
            account.free(("gradient", t.index) for t in call.outputs if home[t.index] == t.index)
        return account.peak

    def _homes(self, views: frozenset[str]) -> dict[int, int]:
        """Tensor -> the tensor whose buffer it is: itself, unless its layer only looks at its input differently."""
        home = {tensor.index: tensor.index for tensor in self._graph.inputs}
        for call in self._graph.calls:
            linear = call.kind == "Activation" and activation_name(call.operation) == "linear"
            same = call.kind in views or linear
            home |= {t.index: home[call.inputs[0].index] if same else t.index for t in call.outputs}
        return home

    def _last_uses(self, home: dict[int, int]) -> dict[int, int]:
        last = {home[t.index]: number for number, call in enumerate(self._graph.calls) for t in call.outputs}
        last |= {home[t.index]: number for number, call in enumerate(self._graph.calls) for t in call.inputs}
        for tensor in self._graph.outputs:
            last.pop(home[tensor.index], None)
        return last

    def _learning(self) -> set[int]:
        """Tensors that need a gradient: a trainable weight stands behind them."""
        found: set[int] = set()
        for call in self._graph.calls:
            if getattr(call.operation, "trainable_weights", None) or any(t.index in found for t in call.inputs):
                found |= {tensor.index for tensor in call.outputs}
        return found
