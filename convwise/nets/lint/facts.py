"""Facts: what the lint rules ask of a network: its convolutions, what follows them, its last map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from convwise.conv2d.findings import Finding, Severity
from convwise.nets.layer_table.graph import Call, Graph, activation_name, kinds
from convwise.nets.layer_table.receptive_field import CONVOLUTIONS, GLOBAL_POOLINGS, spatial
from convwise.nets.layer_table.records import LayerRow, LayerTable, ReceptiveField

_ACTIVATIONS = {
    "ReLU": "relu",
    "Relu": "relu",
    "Relu6": "relu6",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Silu": "silu",
    "HardSilu": "hard_silu",
    "HardSigmoid": "hard_sigmoid",
    "Gelu": "gelu",
    "Softmax": "softmax",
    "Elu": "elu",
    "Selu": "selu",
}
_BETWEEN = kinds("BatchNormalization Dropout SpatialDropout2D Add ZeroPadding2D Rescaling")


@dataclass(frozen=True)
class Facts:
    """A network and its table; `n_train` images to learn from; objects fill `object_share` of a side."""

    graph: Graph
    table: LayerTable
    n_train: int | None = None
    object_share: float = 1.0

    @cached_property
    def image(self) -> tuple[int, int]:
        """Height and width, in pixels."""
        return spatial(self.graph.inputs[0].shape, self.graph.layout)

    @cached_property
    def convolutions(self) -> list[Call]:
        """Conv2D, DepthwiseConv2D and SeparableConv2D in the order of computation, each once."""
        return [call for call in self.graph.calls if call.kind in CONVOLUTIONS and call.first]

    @cached_property
    def looking_around(self) -> list[Call]:
        """Those whose window is larger than one unit."""
        return [call for call in self.convolutions if max(call.operation.kernel_size) > 1]

    @cached_property
    def rows(self) -> dict[str, LayerRow]:
        return {row.name: row for row in self.table.rows}

    @cached_property
    def consumers(self) -> dict[int, list[Call]]:
        return self.graph.consumers()

    @cached_property
    def makers(self) -> dict[int, Call]:
        return self.graph.makers()

    @cached_property
    def head(self) -> Call | None:
        """The call that ends the maps: the last flattening or global pooling."""
        ends = [c for c in self.graph.calls if (c.kind in GLOBAL_POOLINGS or c.kind == "Flatten")]
        return next((call for call in reversed(ends) if len(call.inputs[0].shape) == 4), None)

    def map_size(self, call: Call, *, output: bool = False) -> tuple[int, int]:
        """Height and width of the map that a layer takes, or makes."""
        layout = getattr(call.operation, "data_format", None) or self.graph.layout
        return spatial((call.outputs if output else call.inputs)[0].shape, layout)

    def sees(self, call: Call) -> ReceptiveField | None:
        """What a unit of the layer's output sees, where that is a window."""
        record = self.rows[call.name].receptive_field
        return record if record is not None and record.stride[0] > 0 else None

    def input_sees(self, call: Call) -> ReceptiveField | None:
        """What a unit of the layer's input sees, where that is a window."""
        maker = self.makers.get(call.inputs[0].index)
        if maker is None:
            return ReceptiveField((1, 1), (1.0, 1.0), (0.0, 0.0))
        return self.sees(maker)

    def followers(self, call: Call) -> list[Call]:
        return self.consumers.get(call.outputs[0].index, [])

    def normalised(self, call: Call) -> bool:
        """Whether batch normalisation, and nothing else, takes the output as it is."""
        after = self.followers(call)
        linear = activation_name(call.operation) == "linear"
        return linear and bool(after) and all(c.kind == "BatchNormalization" for c in after)

    def activation_of(self, call: Call) -> str:
        """The name of what an activation layer applies."""
        return _ACTIVATIONS.get(call.kind) or activation_name(call.operation)

    def activation_after(self, call: Call) -> str | None:
        """The first activation on the way on, the layer's own included; None where a weight layer comes first."""
        own = activation_name(call.operation)
        for _ in range(8):  # a block is shorter than that
            if own != "linear":
                return own
            after = self.followers(call)
            if not after:
                return None
            found = [self.activation_of(c) for c in after if is_activation(c)]
            own = next((name for name in found if name != "linear"), "linear")
            if own == "linear":
                going = [c for c in after if c.kind in _BETWEEN]
                if not going:
                    return None
                call = going[0]
        return None


def is_activation(call: Call) -> bool:
    return call.kind in _ACTIVATIONS or call.kind == "Activation"


def listed(calls: Sequence[Call]) -> str:
    """Layer names in a sentence: the first two, and how many more."""
    names = [call.name for call in calls]
    if len(names) <= 3:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def setting(calls: Sequence[Call], parameter: str, value: object, facts: Facts) -> str:
    """The option that makes the change: for all convolutions where all are meant, else for each (three shown)."""
    settable = [call.name for call in calls if call.kind == "Conv2D" and "/" not in call.name]
    if not settable:
        return f"give {calls[0].name} {parameter}={value}"
    if len(settable) > 1 and len(settable) == len([c for c in facts.convolutions if c.kind == "Conv2D"]):
        return f"--set conv.{parameter}={value}"
    shown = " ".join(f"--set {name}.{parameter}={value}" for name in settable[:3])
    return shown + (f" and so on for {len(settable) - 3} more" if len(settable) > 3 else "")


def by(pair: Iterable[float]) -> str:
    """Height and width in a sentence."""
    return " x ".join(str(int(value)) for value in pair)


def finding(
    rule: str, severity: Severity, calls: Sequence[Call], message: str, *, way_out: str, source: str
) -> Finding:
    """A finding about one layer carries its name; about several, the names are in the message."""
    layer = calls[0].name if len(calls) == 1 else None
    return Finding(rule, severity, layer, message, way_out, source)
