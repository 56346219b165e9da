"""Lint rules about activations: missing, doubled, saturating, or a softmax in the wrong place."""

from __future__ import annotations

from collections.abc import Iterator

from convwise.conv2d.findings import Finding
from convwise.nets.layer_table.graph import Call, activation_name
from convwise.nets.layer_table.kinds import CONVOLUTIONS, LINEAR
from convwise.nets.lint.context import LintContext, finding, is_activation, listed, setting

_WEIGHTED = CONVOLUTIONS | {"Dense", "Conv2DTranspose"}
_SATURATING = frozenset(("sigmoid", "tanh"))
_GOODFELLOW = "Goodfellow, Bengio and Courville 2016, Deep Learning"


def linear_between_convolutions(context: LintContext) -> Iterator[Finding]:
    """Two windows with nothing but linear layers between: together one larger window, with more weights."""
    origin: dict[int, Call] = {}
    pairs: list[tuple[Call, Call]] = []
    for call in context.graph.calls:
        behind = origin.get(call.inputs[0].index) if call.inputs else None
        if call.kind == "Conv2D" and max(call.operation.kernel_size) > 1 and call.operation.groups == 1:
            if behind is not None:
                pairs.append((behind, call))
            if activation_name(call.operation) == "linear":
                origin[call.outputs[0].index] = call
        elif behind is not None and (call.kind in LINEAR or _is_linear_activation(call)):
            origin[call.outputs[0].index] = behind
    if pairs:
        first, second = pairs[0]
        firsts = list({pair[0].name: pair[0] for pair in pairs}.values())
        more = f", and {len(pairs) - 1} more such pairs" if len(pairs) > 1 else ""
        yield finding(
            "linear_between_convolutions",
            "note",
            firsts,
            f"there is no activation between {first.name} and {second.name}{more}: together they are one linear "
            "function",
            fix=setting(firsts, "activation", "relu", context),
            source=f"{_GOODFELLOW}, section 6.1",
        )


def _is_linear_activation(call: Call) -> bool:
    return call.kind == "Activation" and activation_name(call.operation) == "linear"


def saturating_activation(context: LintContext) -> Iterator[Finding]:
    """Sigmoid or tanh between convolutions. A sigmoid that gates (its output multiplies a map) is meant."""
    found: dict[str, list[Call]] = {}
    for call in context.convolutions:
        for by, name in zip(context.activated_by(call), context.activations_after(call), strict=True):
            if name in _SATURATING and context.weighs_by(by, CONVOLUTIONS):
                found.setdefault(name, []).append(call)
                break
    if found:
        calls = [call for each in found.values() for call in each]
        yield finding(
            "saturating_activation",
            "note",
            calls,
            f"{listed(calls)}: {' or '.join(found)} saturates on both sides, where its gradient is "
            "nearly zero; ReLU reached the same training error six times as fast",
            fix=setting(calls, "activation", "relu", context),
            source="Krizhevsky, Sutskever and Hinton 2012, ImageNet classification, section 3.1, figure 1",
        )


def softmax_inside(context: LintContext) -> Iterator[Finding]:
    """Softmax in a convolution, or anywhere a convolution or a dense layer still follows."""
    for call in context.graph.calls:
        softmax = call.kind == "Softmax" or activation_name(call.operation) == "softmax"
        follows = context.weighs_by(call, _WEIGHTED) if softmax and call.kind else None
        if follows:
            yield finding(
                "softmax_inside",
                "warning",
                [call],
                f"{call.name} has a softmax although {follows.name} follows: its outputs"
                " sum to 1 over the channels, so one strong channel suppresses the others",
                fix=setting([call], "activation", "relu", context),
                source=f"{_GOODFELLOW}, section 6.2.2.3 (softmax as an output)",
            )


def softmax_of_one(context: LintContext) -> Iterator[Finding]:
    """A softmax over a single number is 1, whatever the image."""
    for call in context.graph.calls:
        softmax = call.kind == "Softmax" or (call.kind and activation_name(call.operation) == "softmax")
        if softmax and call.outputs[0].shape[-1] == 1 and context.is_output(call):
            yield finding(
                "softmax_of_one",
                "error",
                [call],
                f"{call.name} is a softmax over 1 output, which is 1 for every image and cannot learn",
                fix="one output per class (2 for two classes), or a sigmoid",
                source=f"{_GOODFELLOW}, equation 6.29",
            )


def activation_twice(context: LintContext) -> Iterator[Finding]:
    """ReLU upon ReLU, or sigmoid upon sigmoid: the first does nothing, the second squeezes twice."""
    found = []
    for call in context.graph.calls:
        own = activation_name(call.operation)
        if own == "linear" or not call.kind:
            continue
        found += [
            after
            for after in context.followers(call)
            if is_activation(after)
            and own in ("relu", "sigmoid", "tanh", "softmax")
            and context.activation_of(after) == own
        ]
    if found:
        yield finding(
            "activation_twice",
            "note",
            found,
            f"{listed(found)}: the layer before already applies the same activation",
            fix="remove one of the two",
            source="relu(relu(x)) = relu(x); of the others Glorot and Bengio 2010, section 3 (saturation)",
        )
