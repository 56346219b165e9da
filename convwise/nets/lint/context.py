"""LintContext: what the lint rules ask of a network: its convolutions, what follows them, its last maps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from convwise.conv2d.findings import Finding, Severity
from convwise.nets.layer_table.graph import Call, Graph, activation_name, kinds
from convwise.nets.layer_table.kinds import CONVOLUTIONS, GLOBAL_POOLINGS, of_kind
from convwise.nets.layer_table.reach import Reach
from convwise.nets.layer_table.receptive_field import spatial
from convwise.nets.layer_table.records import LayerRow, LayerTable, ReceptiveField

_BETWEEN = kinds("BatchNormalization Dropout SpatialDropout2D Add ZeroPadding2D Rescaling")
_PRODUCTS = kinds("Multiply Dot Matmul Einsum")


@dataclass(frozen=True)
class Head:
    """An output, or several, and the calls that end the maps on the way to them: flattenings or global poolings."""

    outputs: tuple[str, ...]
    ends: tuple[Call, ...]


OPTIONS = frozenset(["settings", "size"])


@dataclass(frozen=True)
class LintContext:
    """A network and its table; `n_train` images to learn from; objects fill `object_share` of a side.

    `accepts`: what whoever asked can change by an option, of `OPTIONS`; other advice is in Keras's terms.
    """

    graph: Graph
    table: LayerTable
    n_train: int | None = None
    object_share: float = 1.0
    accepts: frozenset[str] = OPTIONS

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
        return [call for call in self.convolutions if _looks_around(call)]

    @cached_property
    def rows(self) -> dict[str, LayerRow]:
        return {row.name: row for row in self.table.rows}

    @cached_property
    def reach(self) -> Reach:
        return Reach(self.graph)

    @property
    def makers(self) -> dict[int, Call]:
        return self.reach.makers

    @cached_property
    def heads(self) -> list[Head]:
        """For each output what ends the maps before it; outputs of the same ends stand together.

        Followed from the output back, to the first end on each path; where a map comes first, nothing ends it.
        """
        found: dict[tuple[int, ...], tuple[list[str], tuple[Call, ...]]] = {}
        for tensor in self.graph.outputs:
            maker = self.makers.get(tensor.index)
            if maker is None or self._makes_a_map(maker):
                continue
            behind = self.reach.before(maker, until=lambda call: self._ends_maps(call) or self._makes_a_map(call))
            ends = tuple(call for call in (maker, *behind) if self._ends_maps(call))
            if ends:
                key = tuple(sorted(id(call) for call in ends))
                found.setdefault(key, ([], ends))[0].append(maker.name)
        return [Head(tuple(names), ends) for names, ends in found.values()]

    def _ends_maps(self, call: Call) -> bool:
        ends = call.kind in GLOBAL_POOLINGS or call.kind == "Flatten"
        return ends and len(call.inputs[0].shape) == 4 and self.input_sees(call) is not None

    def _makes_a_map(self, call: Call) -> bool:
        return len(call.outputs[0].shape) == 4 and max(self.map_size(call, output=True)) > 1

    @cached_property
    def leading_to_outputs(self) -> list[set[int]]:
        """For each output the ids of the calls that it stands upon, its own maker's included."""
        makers = [self.makers[tensor.index] for tensor in self.graph.outputs if tensor.index in self.makers]
        return [{id(call) for call in (maker, *self.reach.before(maker))} for maker in makers]

    def is_output(self, call: Call) -> bool:
        """Whether the model gives out what the call makes, or nothing takes it."""
        given = {tensor.index for tensor in self.graph.outputs}
        return any(tensor.index in given for tensor in call.outputs) or not self.followers(call)

    def uses(self, call: Call) -> list[Call]:
        """All calls of the same layer, the first one first."""
        return self._by_layer[id(call.operation)]

    @cached_property
    def _by_layer(self) -> dict[int, list[Call]]:
        found: dict[int, list[Call]] = {}
        for call in self.graph.calls:
            found.setdefault(id(call.operation), []).append(call)
        return found

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
        return self.reach.followers(call)

    def normalised(self, call: Call) -> bool:
        """Whether batch normalisation, and nothing else, takes the layer's output as it is, wherever it is called."""
        after = [follower for use in self.uses(call) for follower in self.followers(use)]
        given_out = {tensor.index for tensor in self.graph.outputs}
        seen_outside = any(tensor.index in given_out for use in self.uses(call) for tensor in use.outputs)
        linear = activation_name(call.operation) == "linear" and not seen_outside
        return linear and bool(after) and all(c.kind == "BatchNormalization" for c in after)

    def activation_of(self, call: Call) -> str:
        """The name of what an activation layer applies."""
        return of_kind(call.kind).activation or activation_name(call.operation)

    def activated_by(self, call: Call) -> list[Call]:
        """The calls that apply the first activation along each path from the layer on, itself if it has one.

        A path ends without one where a layer of another kind, such as one with weights, comes first.
        """
        if activation_name(call.operation) != "linear":
            return self.uses(call)

        def applies(after: Call) -> bool:
            return is_activation(after) and self.activation_of(after) != "linear"

        def ends(after: Call) -> bool:
            return applies(after) or not (after.kind in _BETWEEN or is_activation(after))

        return [c for use in self.uses(call) for c in self.reach.after(use, until=ends) if applies(c)]

    def activations_after(self, call: Call) -> list[str]:
        """The names of those activations, the nearest first; none where a layer with weights comes first."""
        return [
            self.activation_of(c) if is_activation(c) else activation_name(c.operation) for c in self.activated_by(call)
        ]

    def weighs_by(self, call: Call, wanted: frozenset[str]) -> Call | None:
        """The nearest call of the wanted kinds behind `call` that no product with another map stands before.

        What multiplies a map is a gate or an attention, and meant to lie between 0 and 1.
        """
        return self.reach.leads_to(call, lambda c: c.kind in wanted, until=lambda c: c.kind in _PRODUCTS)


def _looks_around(call: Call) -> bool:
    return call.kind in CONVOLUTIONS and max(call.operation.kernel_size) > 1


def is_activation(call: Call) -> bool:
    return bool(of_kind(call.kind).activation) or call.kind == "Activation"


def listed(calls: Sequence[Call]) -> str:
    """Layer names in a sentence: the first two, and how many more."""
    names = [call.name for call in calls]
    if len(names) <= 3:
        return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    return f"{names[0]}, {names[1]} and {len(names) - 2} more"


def setting(calls: Sequence[Call], parameter: str, value: object, context: LintContext) -> str:
    """The option that makes the change: for all convolutions where all are meant, else for each (three shown).

    Where no option reaches them, what to give the layers in their own code.
    """
    first_uses = {id(context.uses(call)[0]): context.uses(call)[0] for call in calls}.values()
    settable = [call.name for call in first_uses if call.kind == "Conv2D" and "/" not in call.name]
    if not settable:
        return f"give {calls[0].name} {parameter}={value}"
    if "settings" not in context.accepts:
        return f"give {listed(calls)} {parameter}={value}"
    if len(settable) > 1 and len(settable) == len([c for c in context.convolutions if c.kind == "Conv2D"]):
        return f"settings=conv.{parameter}={value}"
    shown = " ".join(f"settings={name}.{parameter}={value}" for name in settable[:3])
    return shown + (f" and so on for {len(settable) - 3} more" if len(settable) > 3 else "")


def setting_for_all(parameter: str, value: object, context: LintContext) -> str:
    """The same for all convolutions, whatever they are."""
    if "settings" in context.accepts:
        return f"settings=conv.{parameter}={value}"
    return f"{parameter}={value} in the convolutions"


def larger_images(context: LintContext) -> str:
    """The advice, with the option where there is one."""
    return "larger images (size=PX)" if "size" in context.accepts else "larger images"


def by(pair: Iterable[float]) -> str:
    """Height and width in a sentence."""
    return " x ".join(str(int(value)) for value in pair)


def finding(rule: str, severity: Severity, calls: Sequence[Call], message: str, *, fix: str, source: str) -> Finding:
    """A finding about one layer carries its name; about several, the names are in the message."""
    layer = calls[0].name if len(calls) == 1 else None
    return Finding(rule, severity, layer, message, fix, source)
