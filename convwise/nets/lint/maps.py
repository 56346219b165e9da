"""Lint rules about maps: where they shrink, how wide they are, and where the weights lie."""

from __future__ import annotations

from collections.abc import Iterator

from convwise.conv2d.findings import TUTORIAL, Finding
from convwise.nets.layer_table.graph import Call
from convwise.nets.layer_table.kinds import POINTWISE
from convwise.nets.lint.context import LintContext, by, finding, larger_images, setting, setting_for_all

_SMALL_MAP = 8  # units on the shorter side
_DENSE_SHARE = 0.8  # of all weights
_BEYOND_MEMORISING = 100  # times the weights that suffice to memorise the training labels
_LIN = "Lin, Chen and Yan 2013, Network in network, section 3.2"
_LATE = "Iandola et al. 2016, SqueezeNet, section 3.1, strategy 3"
_COST = "He and Sun 2015, Convolutional neural networks at constrained time cost"
_ZHANG = "Zhang et al. 2017, Understanding deep learning requires rethinking generalization, theorem 1"


def dense_after_flatten(context: LintContext) -> Iterator[Finding]:
    """One dense layer holds nearly all weights."""
    for call in context.graph.calls:
        share = context.rows[call.name].weights_share
        if call.kind == "Dense" and share > _DENSE_SHARE and _flat_behind(context, call):
            yield finding(
                "dense_after_flatten",
                "warning",
                [call],
                f"{context.rows[call.name].weights:,} of {context.table.totals.weights:,} weights "
                f"({100 * share:.0f} %) are in {call.name}, which takes a flattened map",
                fix="global average pooling in place of flattening, or shrink the map once more before it",
                source=_LIN,
            )


def _flat_behind(context: LintContext, call: Call) -> bool:
    maker = context.makers.get(call.inputs[0].index)
    while maker is not None and maker.kind in POINTWISE:
        maker = context.makers.get(maker.inputs[0].index)
    return maker is not None and maker.kind in ("Flatten", "Reshape")


def filters_fall_as_map_shrinks(context: LintContext) -> Iterator[Finding]:
    """On the way to an output, the widest map of the next smaller size behind a map has fewer channels than it."""
    sizes: dict[int, tuple[int, int]] = {}  # side and channels of the maps that count
    for call in context.graph.calls:
        if call.kind in ("Conv2D", "SeparableConv2D", "Concatenate") and context.sees(call) is not None:
            channels = int(call.outputs[0].shape[-1 if context.graph.layout == "channels_last" else 1] or 0)
            sizes[id(call)] = (min(context.map_size(call, output=True)), channels)
    behind = {
        i: [c for c in context.reach.after(call) if id(c) in sizes]
        for call in context.graph.calls
        if (i := id(call)) in sizes
    }
    falls: dict[int, tuple[Call, Call]] = {}  # smaller map -> the widest larger one before it, and itself
    for leading in context.leading_to_outputs:
        for first in (call for call in context.graph.calls if id(call) in sizes and id(call) in leading):
            side, channels = sizes[id(first)]
            shrunk = [c for c in behind[id(first)] if id(c) in leading and sizes[id(c)][0] < side]
            next_side = max((sizes[id(c)][0] for c in shrunk), default=0)
            alike = (c for c in shrunk if sizes[id(c)][0] == next_side)
            second = max(alike, key=lambda c: sizes[id(c)][1], default=None)
            if second and sizes[id(second)][1] < channels:
                known = falls.get(id(second))
                if known is None or sizes[id(known[0])][1] < channels:
                    falls[id(second)] = (first, second)
    for first, second in falls.values():
        (larger, before), (smaller, after) = sizes[id(first)], sizes[id(second)]
        yield finding(
            "filters_fall_as_map_shrinks",
            "note",
            [second],
            f"from {first.name} to {second.name} the map shrinks from {larger} to {smaller} units per side and the "
            f"channels fall from {before} to {after}: both lose information at once",
            fix=setting([second], "filters", before, context),
            source=f"{TUTORIAL} (filters); He et al. 2016, Deep residual learning, section 3.3, rule ii",
        )


def map_shrunk_too_early(context: LintContext) -> Iterator[Finding]:
    """More than half of the convolutions larger than 1x1 are on maps smaller than 8 units."""
    small = [call for call in context.looking_around if _largest(context, call) < _SMALL_MAP]
    if len(context.looking_around) > 2 and 2 * len(small) > len(context.looking_around):
        size = _largest(context, small[0])
        yield finding(
            "map_shrunk_too_early",
            "warning",
            small,
            f"{len(small)} of {len(context.looking_around)} convolutions larger than 1x1 have maps below {_SMALL_MAP} "
            f"units per side; the first is {small[0].name} with {size}",
            fix=_unshrink(context, small[0]),
            source=f"{_LATE}; {_COST}",
        )


def _largest(context: LintContext, call: Call) -> int:
    """The shorter side of the largest map that the layer is called on."""
    return max(min(context.map_size(use)) for use in context.uses(call))


def _unshrink(context: LintContext, until: Call) -> str:
    leading = {id(call) for call in (until, *context.reach.before(until))}
    strided = [c for c in context.convolutions if max(c.operation.strides) > 1 and c.kind == "Conv2D"]
    before = [c for c in strided if id(c) in leading]
    return (f"{setting(before[:1], 'strides', 1, context)}, or " if before else "") + larger_images(context)


def map_never_shrunk(context: LintContext) -> Iterator[Finding]:
    """The last map is as large as the image."""
    for head in context.heads:
        seen = [context.input_sees(end) for end in head.ends]
        end = head.ends[0]
        before = {id(call) for call in context.reach.before(end)}
        looking = [call for call in context.looking_around if any(id(use) in before for use in context.uses(call))]
        if looking and all(field is not None and field.stride == (1.0, 1.0) for field in seen):
            yield finding(
                "map_never_shrunk",
                "warning",
                [end],
                f"{end.name} takes a map of {by(context.map_size(end))} units: nothing has shrunk the "
                f"{by(context.image)} px image before it, so every layer works at full size",
                fix=f"{setting(looking[:1], 'strides', 2, context)}, or a pooling layer",
                source=f"{TUTORIAL} (strides, pooling); {_COST}",
            )


def more_weights_than_images(context: LintContext) -> Iterator[Finding]:
    """Far more weights than it takes to memorise the training labels."""
    if context.n_train is None:
        return
    numbers = 1
    for side in context.table.input_shape:
        numbers *= int(side or 1)
    enough = 2 * context.n_train + numbers
    weights = context.table.totals.trainable_weights
    if weights > _BEYOND_MEMORISING * enough:
        yield Finding(
            "more_weights_than_images",
            "note",
            None,
            f"{weights:,} trainable weights for {context.n_train:,} training images "
            f"({weights / context.n_train:,.0f} per image): {enough:,} are enough to memorise their labels",
            "a narrower network, more images, augmentation, or "
            + setting_for_all("kernel_regularizer", "l2:0.0005", context),
            f"{_ZHANG}; the factor {_BEYOND_MEMORISING} is this rule's own",
        )
