"""What a network's graph leaves a setting room for: which convolutions hold on to what, and why; and stages by size."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from convwise.nets.layer_table.graph import Call, Graph
from convwise.nets.parts import CLASSES

_KERAS_NAME = re.compile(r"conv2d(_\d+)?")
_NEW_CHANNELS = ("Dense", "Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Conv1D", "Conv3D")


@dataclass(frozen=True)
class Room:
    """Of one convolution: `keep`, parameter -> why it stays; `stage`, the scope that it belongs to by its size."""

    keep: Mapping[str, str] = field(default_factory=dict)
    stage: str = ""


def room_of(graph: Graph) -> dict[int, Room]:
    """id of a Conv2D layer -> its room.

    Maps that are summed or joined need one size, so a convolution on one of the branches keeps its padding. What makes
    a map for each class keeps its filters. Where all names are Keras's own (conv2d_5), stages are named by the height
    of the maps that the convolutions make: map32, map16.
    """
    convolutions = [call for call in graph.calls if call.kind == "Conv2D" and call.first]
    within = _within_merges(graph)
    last = _class_convolution(graph)
    by_size = all(_KERAS_NAME.fullmatch(call.name) for call in convolutions)
    rooms = {}
    for call in convolutions:
        keep: dict[str, str] = {}
        merge = within.get(id(call.operation))
        if merge:
            reason = f"{merge} needs maps of one size"
            keep["padding"] = reason
            if call.operation.padding == "valid" and tuple(call.operation.kernel_size) != (1, 1):
                keep |= {"kernel_size": reason, "dilation_rate": reason}
        if call is last:
            keep |= CLASSES
        stage = f"map{call.outputs[0].shape[1]}" if by_size and call.operation.data_format == "channels_last" else ""
        rooms[id(call.operation)] = Room(keep, stage)
    return rooms


def shared_layers(graph: Graph) -> dict[str, int]:
    """Convolutions that are called more than once: name -> how often."""
    times: dict[int, list[Call]] = {}
    for call in graph.calls:
        if call.kind == "Conv2D":
            times.setdefault(id(call.operation), []).append(call)
    return {calls[0].name: len(calls) for calls in times.values() if len(calls) > 1}


def _within_merges(graph: Graph) -> dict[int, str]:
    """id of an operation -> the first sum or join of maps that it is on one branch of, and not on all."""
    makers = graph.makers()
    number = {id(call): i for i, call in enumerate(graph.calls)}
    # Sets of calls as the bits of whole numbers: what lies before a call, and what all ways to it pass.
    before: list[int] = []
    passed: list[int] = []
    found: dict[int, str] = {}
    for i, call in enumerate(graph.calls):
        sources = [makers.get(tensor.index) for tensor in call.inputs]
        numbers = [-1 if source is None else number[id(source)] for source in sources]
        above = 0
        common = -1
        for j in numbers:
            above |= 0 if j < 0 else before[j] | 1 << j
            common &= 0 if j < 0 else passed[j]
        before.append(above)
        passed.append((0 if common < 0 else common) | 1 << i)
        maps = {tensor.index for tensor in call.inputs if len(tensor.shape) == 4}
        if len(maps) < 2:
            continue
        gate = max(common, 0).bit_length() - 1  # the last call that all ways pass
        inside = above & ~((before[gate] | 1 << gate) if gate >= 0 else 0)
        while inside:
            j = inside.bit_length() - 1
            inside &= ~(1 << j)
            found.setdefault(id(graph.calls[j].operation), call.name)
    return found


def _class_convolution(graph: Graph) -> Call | None:
    """The convolution whose maps, averaged or flattened, are the network's answers; None where a dense layer is."""
    makers = graph.makers()
    call = makers.get(graph.outputs[0].index)
    n_outputs = graph.outputs[0].shape[-1]
    while call is not None and call.kind not in _NEW_CHANNELS and len({t.index for t in call.inputs}) == 1:
        call = makers.get(call.inputs[0].index)
    found = call is not None and call.kind == "Conv2D" and call.operation.filters == n_outputs
    return call if found else None
