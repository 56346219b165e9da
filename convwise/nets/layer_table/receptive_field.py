"""Receptive fields: which input pixels a unit of each layer sees, followed exactly through any graph.

Along each axis a map's units are described by their windows: unit i sees the input pixels from `first` to `last`, and
the unit a whole period later sees the same window `step` pixels further on. A plain network has a period of 1 and
Araujo, Norris and Sim 2019 ("Computing receptive fields of convolutional neural networks", Distill, equations 1 to 3)
follow; where a map is enlarged, neighbouring units differ and the period is longer. Where branches meet a unit sees the
hull of its paths' windows (same, "Computing receptive fields for arbitrary computation graphs"). Pixels of the padding
count as if the image went on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convwise.conv2d.geometry import effective_window, same_padding
from convwise.nets.layer_table.graph import Call, Graph, Tensor, activation_name
from convwise.nets.layer_table.kinds import CONVOLUTIONS, GLOBAL_POOLINGS, MERGES, POINTWISE, POOLINGS
from convwise.nets.layer_table.records import ReceptiveField


@dataclass(frozen=True)
class Windows:
    """Along one axis: unit q * period + r sees the pixels q * step + first[r] to q * step + last[r], both included."""

    step: int
    first: tuple[int, ...]
    last: tuple[int, ...]

    @property
    def period(self) -> int:
        return len(self.first)

    def span(self, unit: int) -> tuple[int, int]:
        """The first and the last pixel that a unit sees; they may lie outside the image."""
        turns, phase = divmod(unit, self.period)
        return turns * self.step + self.first[phase], turns * self.step + self.last[phase]

    def regroup(self, n_units: int, step: int, seen: Callable[[int], tuple[int, int]]) -> Windows:
        """New windows of a longer or shorter period: unit u takes the units seen(u)[0] to seen(u)[1] of this map."""
        pairs = [seen(unit) for unit in range(n_units)]
        return Windows(step, tuple(self.span(a)[0] for a, _ in pairs), tuple(self.span(b)[1] for _, b in pairs))

    def slide(self, extent: int, stride: int, before: int) -> Windows:
        """A window of `extent` units (gaps of dilation included), `before` of them padding ahead of the first."""
        shared = math.gcd(self.period, stride)
        return self.regroup(
            self.period // shared,
            self.step * stride // shared,
            lambda unit: (unit * stride - before, unit * stride - before + extent - 1),
        )

    def enlarge(self, factor: int, seen: Callable[[int], tuple[int, int]]) -> Windows:
        """A map `factor` times as long."""
        return self.regroup(self.period * factor, self.step, seen)

    def union(self, other: Windows) -> Windows | None:
        """The hull of two paths' windows, or None where their units are different distances apart."""
        if self.step * other.period != other.step * self.period:
            return None
        period = math.lcm(self.period, other.period)
        pairs = [(self.span(unit), other.span(unit)) for unit in range(period)]
        firsts, lasts = (tuple(pick(a[i], b[i]) for a, b in pairs) for i, pick in enumerate((min, max)))
        return Windows(self.step * period // self.period, firsts, lasts)

    def numbers(self) -> tuple[int, float, float]:
        """Size (of the largest window), stride and offset."""
        stride = self.step / self.period
        size = max(last - first + 1 for first, last in zip(self.first, self.last, strict=True))
        centres = [(a + b) / 2 - stride * i for i, (a, b) in enumerate(zip(self.first, self.last, strict=True))]
        return size, stride, sum(centres) / len(centres)


@dataclass(frozen=True)
class Field:
    """What a map's units see: windows along rows and columns, or None where only the whole is left."""

    local: tuple[Windows, Windows] | None
    whole: bool = False
    flat: bool = False  # the units stand in one row: each sees its window, but neighbours are no neighbours any more

    def record(self, image: tuple[int, int]) -> ReceptiveField:
        if self.local is None:
            return ReceptiveField(image, (0.0, 0.0), ((image[0] - 1) / 2, (image[1] - 1) / 2), whole=True)
        (height, down, top), (width, right, left) = (axis.numbers() for axis in self.local)
        return ReceptiveField((height, width), (down, right), (top, left), self.whole)


WHOLE = Field(None, whole=True)
PIXEL = Windows(1, (0,), (0,))


def spatial(shape: tuple[int | None, ...], layout: str) -> tuple[int, int]:
    """Height and width of a map."""
    height, width = shape[1:3] if layout == "channels_last" else shape[2:4]
    if height is None or width is None:
        raise ValueError(f"shape={shape}: the map's size must be known")
    return height, width


def fields(graph: Graph) -> dict[int, Field | None]:
    """Tensor index -> what its units see; None where it is not known."""
    images = [tensor for tensor in graph.inputs if len(tensor.shape) == 4]
    # With several images "input pixel" has no single meaning.
    start = Field((PIXEL, PIXEL)) if len(graph.inputs) == len(images) == 1 else None
    known: dict[int, Field | None] = {tensor.index: start for tensor in graph.inputs}
    for call in graph.calls:
        field = _through(call, [known[tensor.index] for tensor in call.inputs], graph.layout)
        known |= {tensor.index: field for tensor in call.outputs}
    return known


def _through(call: Call, seen: list[Field | None], layout: str) -> Field | None:
    fields_in = [field for field in seen if field is not None]
    if len(fields_in) < len(seen) or not fields_in or call.kind == "":
        return None
    if all(field.local is None for field in fields_in):
        return WHOLE  # nothing that stands on the whole can see less, or more
    layout = getattr(call.operation, "data_format", None) or layout
    if call.kind in MERGES or call.kind == "Concatenate":
        return _merged(call, fields_in, layout)
    return _of_one(call, fields_in[0], layout) if len(fields_in) == 1 else None


def _of_one(call: Call, field: Field, layout: str) -> Field | None:
    kind, operation, shape = call.kind, call.operation, call.inputs[0].shape
    channel_axis = len(shape) - 1 if layout == "channels_last" else 1
    if kind == "Activation" and activation_name(operation) == "softmax":
        kind = "Softmax"
    if kind in POINTWISE:
        return field
    if kind == "Split":  # of the batch: a part of the images
        return field if operation.axis == 0 else None
    if kind == "Dense" and (field.flat or len(shape) == 2):
        return WHOLE
    if len(shape) != 4:
        return _pointwise_along(operation, shape, channel_axis, field) if kind == "Softmax" and not field.flat else None
    if field.local is None:
        return WHOLE
    if kind == "Dense":  # works along the last axis, place by place
        return field if layout == "channels_last" else None
    if kind == "Softmax":
        return _pointwise_along(operation, shape, channel_axis, field)
    if kind in ("LayerNormalization", "UnitNormalization", "RMSNormalization"):
        return _pointwise_along(operation, shape, channel_axis, field) or Field(field.local, whole=True)
    if kind == "GroupNormalization":  # its mean is over the whole map
        return Field(field.local, whole=True)
    if kind in GLOBAL_POOLINGS:
        return WHOLE
    if kind == "Flatten" or (kind == "Reshape" and len(call.outputs[0].shape) == 2):
        return Field(field.local, field.whole, flat=True)
    if kind == "Reshape" and call.outputs[0].shape == shape:
        return field
    rows, columns = (_axis(call, field.local[i], i, layout) for i in (0, 1))
    return Field((rows, columns), field.whole) if rows is not None and columns is not None else None


def _pointwise_along(operation: Any, shape: tuple[int | None, ...], channel_axis: int, field: Field) -> Field | None:
    axes = operation.axis if isinstance(operation.axis, (list, tuple)) else [operation.axis]
    return field if {int(axis) % len(shape) for axis in axes} == {channel_axis} else None


def _axis(call: Call, windows: Windows, i: int, layout: str) -> Windows | None:
    """One axis (0 rows, 1 columns) through a layer that works place by place."""
    kind, operation = call.kind, call.operation
    size = spatial(call.inputs[0].shape, layout)[i]
    if kind in CONVOLUTIONS or kind in POOLINGS:
        taps = operation.pool_size[i] if kind in POOLINGS else operation.kernel_size[i]
        dilation = 1 if kind in POOLINGS else operation.dilation_rate[i]
        extent, stride = effective_window(taps, dilation), operation.strides[i]
        before, _ = same_padding(size, extent, stride=stride) if operation.padding == "same" else (0, 0)
        return windows.slide(extent, stride, before)
    if kind == "ZeroPadding2D":
        return windows.slide(1, 1, operation.padding[i][0])
    if kind == "Cropping2D":
        return windows.slide(1, 1, -operation.cropping[i][0])
    if kind == "UpSampling2D":
        return _upsampled(windows, operation.size[i], operation.interpolation)
    if kind == "Conv2DTranspose":
        return _transposed(windows, operation, i, size, spatial(call.outputs[0].shape, layout)[i])
    if kind in ("Resizing", "CenterCrop", "RandomCrop"):
        unchanged = spatial(call.outputs[0].shape, layout) == spatial(call.inputs[0].shape, layout)
        return windows if unchanged else None
    return None


def _upsampled(windows: Windows, factor: int, interpolation: str) -> Windows | None:
    if interpolation == "nearest":
        return windows.enlarge(factor, lambda unit: (unit // factor, unit // factor))
    if interpolation == "bilinear":  # place (unit + 1/2) / factor - 1/2 lies between two units, or upon one
        return windows.enlarge(
            factor,
            lambda unit: ((2 * unit + 1 - factor) // (2 * factor), -((factor - 2 * unit - 1) // (2 * factor))),
        )
    return None


def _transposed(windows: Windows, operation: Any, i: int, size: int, made: int) -> Windows | None:
    """The transpose of the convolution that would take the output (`made` long) to the input (`size` long)."""
    kernel, stride, dilation = operation.kernel_size[i], operation.strides[i], operation.dilation_rate[i]
    extent = effective_window(kernel, dilation)
    before = max((size - 1) * stride + extent - made, 0) // 2 if operation.padding == "same" else 0
    taps = range(0, extent, dilation)

    def givers(unit: int) -> list[int]:
        return [(unit + before - tap) // stride for tap in taps if (unit + before - tap) % stride == 0]

    if not all(givers(unit) for unit in range(stride)):
        return None  # gaps: some units see nothing at all
    return windows.enlarge(stride, lambda unit: (min(givers(unit)), max(givers(unit))))


def _merged(call: Call, seen: list[Field], layout: str) -> Field | None:
    """Paths that meet: the hull. A single unit that stands for a whole map is spread over the other's places."""
    if call.kind == "Concatenate":
        channel_axis = len(call.outputs[0].shape) - 1 if layout == "channels_last" else 1
        if call.operation.axis % len(call.outputs[0].shape) not in (0, channel_axis):
            return None
    if any(field.flat for field in seen):
        return seen[0] if all(field == seen[0] for field in seen) else None
    whole = any(field.whole for field in seen)
    places: list[tuple[Tensor, tuple[Windows, Windows]]] = [
        (tensor, field.local) for tensor, field in zip(call.inputs, seen, strict=True) if field.local is not None
    ]
    if any(len(tensor.shape) != 4 for tensor, _ in places) or len({spatial(t.shape, layout) for t, _ in places}) != 1:
        return None
    rows, columns = places[0][1]
    for _, (more_rows, more_columns) in places[1:]:
        all_rows, all_columns = rows.union(more_rows), columns.union(more_columns)
        if all_rows is None or all_columns is None:
            return None
        rows, columns = all_rows, all_columns
    return Field((rows, columns), whole)
