"""Lint rules about windows: what units see, what no window reaches, and weights that never meet the image."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from convwise.conv2d.findings import TUTORIAL, Finding
from convwise.conv2d.geometry import effective_window, same_padding
from convwise.nets.layer_table.graph import Call
from convwise.nets.layer_table.kinds import CONVOLUTIONS, GLOBAL_POOLINGS, MERGES, POINTWISE, POOLINGS
from convwise.nets.layer_table.records import ReceptiveField
from convwise.nets.lint.context import LintContext, by, finding, larger_images, listed, setting, setting_for_all

_LARGE_IMAGE_PX = 128
_ARAUJO = "Araujo, Norris and Sim 2019, Computing receptive fields of convolutional neural networks, Distill"
_LUO = "Luo et al. 2016, Understanding the effective receptive field, section 2"
_RICHTER = "Richter et al. 2021, (Input) size matters for CNN classifiers, ICANN (border layers)"
_DUMOULIN = "Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning"
_BAG = "He T. et al. 2019, Bag of tricks for image classification, section 4"
_WANG = "Wang et al. 2018, Understanding convolution for semantic segmentation, section 3.2"


def receptive_field_below_object(context: LintContext) -> Iterator[Finding]:
    """No unit of the last map before an output sees a whole object."""
    if not context.looking_around:
        return
    needed = context.object_share * min(context.image)
    for head in context.heads:
        widest, end = max(((context.input_sees(end), end) for end in head.ends), key=lambda pair: _view(pair[0]))
        pooled = all(each.kind in GLOBAL_POOLINGS for each in head.ends)
        # Dense layers see all places and can put parts together; what is averaged over all places cannot be.
        if widest is None or widest.whole or _view(widest) >= (needed if pooled else needed / 2):
            continue
        after = "and only their mean or maximum follows" if pooled else "and only the dense layers combine the parts"
        window = statistics.mode(max(call.operation.kernel_size) for call in context.looking_around)
        last_map = "the last map" if len(context.heads) == 1 else f"the last map before {' and '.join(head.outputs)}"
        yield Finding(
            "receptive_field_below_object",
            "warning" if pooled and _view(widest) < needed / 2 else "note",
            None if len(context.heads) == 1 else end.name,
            f"a unit of {last_map} sees {by(widest.size)} px of the {by(context.image)} px image, where objects are "
            f"about {needed:.0f} px large, {after}; the effective field is smaller still",
            f"one more stage, a stride of 2 where there is 1, or {setting_for_all('kernel_size', window + 2, context)}",
            f"{_ARAUJO}; {_LUO}",
        )


def _view(seen: ReceptiveField | None) -> float:
    return min(seen.size) if seen else 0


def receptive_field_beyond_image(context: LintContext) -> Iterator[Finding]:
    """Convolutions whose input units see the whole image already."""

    def sees_all(call: Call) -> bool:
        seen = context.input_sees(call)
        return seen is not None and all(s >= side for s, side in zip(seen.size, context.image, strict=True))

    idle = [call for call in context.looking_around if all(sees_all(use) for use in context.uses(call))]
    if idle:
        weights = sum(context.rows[call.name].weights_share for call in idle)
        work = sum(context.rows[use.name].multiply_adds_share or 0 for call in idle for use in context.uses(call))
        yield finding(
            "receptive_field_beyond_image",
            "note",
            idle,
            f"{len(idle)} of {len(context.looking_around)} convolutions larger than 1x1 ({listed(idle)}) already "
            f"receive input covering the whole {by(context.image)} px image: they add little, with "
            f"{100 * weights:.0f} % of the weights and {100 * work:.0f} % of the multiply-adds",
            fix=f"{larger_images(context)}, or a network with fewer layers behind the first of these",
            source=_RICHTER,
        )


def first_window(context: LintContext) -> Iterator[Finding]:
    """The tutorial's claim about the first windows and the size of the images."""
    firsts = [
        call
        for call in context.convolutions
        if not any(before.kind in CONVOLUTIONS for before in context.reach.before(call))
    ]
    if not firsts:
        return
    first = max(firsts, key=lambda call: max(call.operation.kernel_size))  # of branches side by side, the largest
    window, side = max(first.operation.kernel_size), min(context.image)
    large = side > _LARGE_IMAGE_PX
    if (window < 5) if large else (window > 3):
        advice, value = ("5 or 7 first, then 3", 7) if large else ("1 and 3 only", 3)
        rule = "above" if large else "up to"
        yield finding(
            "first_window",
            "note",
            [first],
            f"the first window is {by(first.operation.kernel_size)} on images of {_sides(context.image)} px; for "
            f"images {rule} {_LARGE_IMAGE_PX} px the tutorial advises {advice}: a claim to measure",
            fix=setting([first], "kernel_size", value, context),
            source=f"{TUTORIAL} (kernel_size)",
        )


def _sides(image: tuple[int, int]) -> str:
    return str(image[0]) if image[0] == image[1] else by(image)


def even_window(context: LintContext) -> Iterator[Finding]:
    """A window without a centre unit; one that tiles the map (stride as large as the window) needs none."""
    even = [
        call
        for call in context.convolutions
        if any(k % 2 == 0 and s != k for k, s in zip(call.operation.kernel_size, call.operation.strides, strict=True))
    ]
    if even:
        yield finding(
            "even_window",
            "warning",
            even,
            f"the window of {listed(even)} is {by(even[0].operation.kernel_size)}: it has no centre, and each such"
            " layer shifts the map by half a unit",
            fix=setting(even, "kernel_size", max(even[0].operation.kernel_size) + 1, context),
            source=f"{TUTORIAL} (kernel_size); Wu et al. 2019, Convolution with even-sized kernels, section 3",
        )


def units_never_seen(context: LintContext) -> Iterator[Finding]:
    """Without padding, rows and columns at the end that no window reaches."""
    found: list[tuple[Call, tuple[int, int]]] = []
    for call in context.graph.calls:
        if (call.kind in CONVOLUTIONS or call.kind in POOLINGS) and call.first and call.operation.padding == "valid":
            maker = context.makers.get(call.inputs[0].index)
            zeros = [p[1] for p in maker.operation.padding] if maker and maker.kind == "ZeroPadding2D" else [0, 0]
            sizes = context.map_size(call)
            rests = [(sizes[i] - _extent(call, i)) % call.operation.strides[i] - zeros[i] for i in (0, 1)]
            # Where the stride is larger than the window the units between are lost too: another rule's matter.
            if max(rests) > 0 and all(_extent(call, i) >= call.operation.strides[i] for i in (0, 1)):
                found.append((call, (max(rests[0], 0), max(rests[1], 0))))
    if found:
        call, (rows, columns) = found[0]
        height, width = context.map_size(call)
        calls = [c for c, _ in found]
        more = f"; likewise {listed(calls[1:])}" if calls[1:] else ""
        fix = setting(calls, "padding", "same", context) if call.kind == "Conv2D" else f'padding="same" in {call.name}'
        yield finding(
            "units_never_seen",
            "note",
            calls,
            f"{call.name} never reads the last {rows} of {height} rows and the last {columns} of {width} columns of "
            f"its input{more}",
            fix=f"{fix}, or {larger_images(context).replace('larger images', 'another image size')}",
            source=f"{_DUMOULIN}, section 2.4",
        )


def stride_skips_units(context: LintContext) -> Iterator[Finding]:
    """A stride larger than the window jumps over units."""
    skipping = [
        call
        for call in context.graph.calls
        if (call.kind in CONVOLUTIONS or call.kind in POOLINGS)
        and call.first
        and any(call.operation.strides[i] > _extent(call, i) for i in (0, 1))
    ]
    if skipping:
        call = skipping[0]
        share = 1.0
        for i in (0, 1):
            share *= min(1.0, _extent(call, i) / call.operation.strides[i])
        yield finding(
            "stride_skips_units",
            "note",
            skipping,
            f"{listed(skipping)}: the stride {by(call.operation.strides)} is larger than the window, which uses "
            f"{100 * share:.0f} % of the units and skips the others",
            fix="average pooling of that stride before it, and stride 1 here"
            if call.kind != "Conv2D" or max(call.operation.kernel_size) == 1
            else setting(skipping, "kernel_size", max(call.operation.strides) + 1, context),
            source=_BAG,
        )


def taps_on_padding_only(context: LintContext) -> Iterator[Finding]:
    """Weights of a window that is so large for its map that they only ever meet the padding."""
    found: list[tuple[Call, float]] = []
    for call in context.looking_around:
        live = max(_live_share(call, context.map_size(use)) for use in context.uses(call))  # alive on any map is alive
        if live < 1:
            found.append((call, 1 - live))
    if found:
        calls = [call for call, _ in found]
        first_map = context.map_size(calls[0])
        yield finding(
            "taps_on_padding_only",
            "warning",
            calls,
            f"{listed(calls)}: on a map of {by(first_map)} units {100 * found[0][1]:.0f} % of the weights of a "
            f"{by(calls[0].operation.kernel_size)} window only ever meet zeros and learn nothing",
            fix=f"{setting(calls, 'kernel_size', 1, context)}, or {larger_images(context)}",
            source=f"{_DUMOULIN}; counted exactly",
        )


def _live_share(call: Call, size: tuple[int, int]) -> float:
    rows, columns = (_live_taps(call, i, size[i]) / call.operation.kernel_size[i] for i in (0, 1))
    return float(rows * columns)


def _live_taps(call: Call, i: int, size: int) -> int:
    operation = call.operation
    if operation.padding != "same":
        return int(operation.kernel_size[i])
    stride, dilation = operation.strides[i], operation.dilation_rate[i]
    before, _ = same_padding(size, _extent(call, i), stride=stride)
    starts = [unit * stride - before for unit in range(-(-size // stride))]
    taps = range(0, _extent(call, i), dilation)
    return sum(any(0 <= start + tap < size for start in starts) for tap in taps)


def gridding(context: LintContext) -> Iterator[Finding]:
    """Dilated windows in a row that leave gaps which no later window closes."""
    patterns: dict[int, tuple[frozenset[int], frozenset[int]]] = {}
    start = (frozenset({0}), frozenset({0}))
    worst: tuple[int, int, Call] | None = None
    heads = {id(end) for head in context.heads for end in head.ends}
    for call in context.graph.calls:
        given = _together([patterns.get(tensor.index, start) for tensor in call.inputs]) if call.inputs else start
        slides = call.kind in CONVOLUTIONS or call.kind in POOLINGS
        follows = slides or call.kind in POINTWISE or call.kind in MERGES or call.kind == "Concatenate"
        pattern = given if follows else start
        if slides:
            pattern = (_slid(given[0], call, 0), _slid(given[1], call, 1))
        shrinks = slides and max(call.operation.strides) > 1
        ends = id(call) in heads or context.is_output(call)
        for taps in pattern if shrinks or (ends and follows) else given if ends else ():
            reach = max(taps) - min(taps) + 1
            if len(taps) < reach and (worst is None or len(taps) * worst[1] < worst[0] * reach):
                worst = (len(taps), reach, call)
        patterns |= {tensor.index: start if shrinks else pattern for tensor in call.outputs}
    if worst:
        n_seen, reach, where = worst
        leading = {id(call) for call in (where, *context.reach.before(where))}
        dilated = [
            call
            for call in context.convolutions
            if max(call.operation.dilation_rate) > 1 and any(id(use) in leading for use in context.uses(call))
        ]
        rates = ", ".join(str(max(call.operation.dilation_rate)) for call in dilated[:6])
        yield finding(
            "gridding",
            "warning",
            dilated,
            f"with the dilation rates {rates} ({listed(dilated)}) a unit sees {n_seen} of the {reach} units along"
            " its window and no layer fills the gaps",
            fix=f"rates without a common factor that start at 1, such as 1, 2, 5: "
            f"{setting(dilated[:1], 'dilation_rate', 1, context)}",
            source=_WANG,
        )


def _together(
    patterns: list[tuple[frozenset[int], frozenset[int]]],
) -> tuple[frozenset[int], frozenset[int]]:
    return frozenset().union(*(p[0] for p in patterns)), frozenset().union(*(p[1] for p in patterns))


def _slid(taps: frozenset[int], call: Call, i: int) -> frozenset[int]:
    step = 1 if call.kind in POOLINGS else call.operation.dilation_rate[i]
    return frozenset(tap + more for tap in taps for more in range(0, _extent(call, i), step))


def _extent(call: Call, i: int) -> int:
    """The window with its gaps, in units."""
    if call.kind in POOLINGS:
        return int(call.operation.pool_size[i])
    return effective_window(int(call.operation.kernel_size[i]), int(call.operation.dilation_rate[i]))
