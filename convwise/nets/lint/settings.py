"""Lint rules about the settings of layers: first weights, penalties, constraints, biases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convwise.conv2d.findings import TUTORIAL, Finding
from convwise.nets.layer_table.graph import Call, kinds
from convwise.nets.lint.context import LintContext, finding, listed, setting

_RELUS = kinds("relu relu6 leaky_relu prelu elu selu silu hard_silu gelu mish celu")
_L2_RANGE = (1e-4, 1e-3)
_STALLS = 30  # layers: He et al. 2015, figure 3
_FADES = 10  # layers: 2**-10 is below a thousandth
HE = "He et al. 2015, Delving deep into rectifiers"


def glorot_in_depth(context: LintContext) -> Iterator[Finding]:
    """Glorot's first weights under many ReLUs in a row, with no normalisation to repair the scale."""
    fading = {
        id(use)
        for call in context.convolutions
        if call.kind == "Conv2D" and _initializer(call).startswith("Glorot") and not context.normalised(call)
        if not _RELUS.isdisjoint(context.activations_after(call))
        for use in context.uses(call)
    }
    above: dict[int, int] = {}  # fading convolutions in a row up to a call, itself included, and from it on
    below: dict[int, int] = {}
    for depth, calls, beside in (
        (above, context.graph.calls, context.reach.givers),
        (below, context.graph.calls[::-1], context.followers),
    ):
        for call in calls:
            so_far = max((depth[id(other)] for other in beside(call)), default=0)
            depth[id(call)] = 0 if call.kind.endswith("Normalization") else so_far + (id(call) in fading)
    rows = [(above[id(c)] + below[id(c)] - 1, c) for c in context.graph.calls if id(c) in fading and c.first]
    deepest = max((length for length, _ in rows), default=0)
    if deepest >= _FADES:
        chain = [call for length, call in rows if length >= _FADES]
        yield finding(
            "glorot_in_depth",
            "warning" if deepest >= _STALLS else "note",
            chain,
            f"{deepest} convolutions with ReLU in a row start from {_initializer(chain[0])} without normalisation;"
            f" ReLU halves the signal's variance in each, to about {2.0**-deepest:.0e} of it",
            fix=setting(chain, "kernel_initializer", "he_normal", context),
            source=f"{HE}, section 2.2, figures 2 and 3; {TUTORIAL} (kernel_initializer)",
        )


def he_with_non_relu(context: LintContext) -> Iterator[Finding]:
    """He's first weights where no ReLU follows to halve the variance, nor a normalisation to set it."""
    found = [
        call
        for call in context.convolutions
        if call.kind == "Conv2D"
        and _initializer(call).startswith("He")
        and not context.normalised(call)
        and _RELUS.isdisjoint(context.activations_after(call))
    ]
    if found:
        after = next(iter(context.activations_after(found[0])), "no activation")
        yield finding(
            "he_with_non_relu",
            "note",
            found,
            f"{listed(found)}: {_initializer(found[0])} doubles the variance because ReLU halves it, but {after}"
            " follows",
            fix=setting(found, "kernel_initializer", "glorot_uniform", context),
            source=f"{HE}, section 2.2, equations 9 and 10",
        )


def l2_outside_range(context: LintContext) -> Iterator[Finding]:
    """L2 outside the tutorial's good range."""
    found = [
        (call, factor)
        for call in context.convolutions
        if (factor := _l2(call)) is not None
        and not _L2_RANGE[0] * 0.999 <= factor <= _L2_RANGE[1] * 1.001  # float32 holds 0.001 inexactly
    ]
    if found:
        calls = [call for call, _ in found]
        yield finding(
            "l2_outside_range",
            "note",
            calls,
            f"{listed(calls)}: L2 of {found[0][1]:g}; the tutorial's range is {_L2_RANGE[0]:g} to {_L2_RANGE[1]:g}",
            fix=setting(calls, "kernel_regularizer", "l2:0.0005", context),
            source=f"{TUTORIAL} (kernel_regularizer)",
        )


def unusual_constraint(context: LintContext) -> Iterator[Finding]:
    """A constraint on a kernel or a bias."""
    yield from _given(context, "unusual_constraint", ("kernel_constraint", "bias_constraint"), "after each step")


def activity_regularizer(context: LintContext) -> Iterator[Finding]:
    """A penalty on a layer's output."""
    yield from _given(context, "activity_regularizer", ("activity_regularizer",), "with every batch")


def _given(context: LintContext, rule: str, parameters: tuple[str, ...], when: str) -> Iterator[Finding]:
    for parameter in parameters:
        found = [call for call in context.convolutions if getattr(call.operation, parameter, None) is not None]
        if found:
            kind = type(getattr(found[0].operation, parameter)).__name__
            yield finding(
                rule,
                "note",
                found,
                f"{listed(found)}: {parameter} is {kind}, which acts {when}; the tutorial advises leaving it alone "
                "without a specific reason",
                fix=setting(found, parameter, "none", context),
                source=f"{TUTORIAL} ({parameter})",
            )


def bias_before_batch_norm(context: LintContext) -> Iterator[Finding]:
    """A bias that the mean of batch normalisation takes away again."""
    found = [call for call in context.convolutions if call.operation.use_bias and context.normalised(call)]
    if found:
        n_biases = sum(int(call.operation.bias.shape[0]) for call in found)
        yield finding(
            "bias_before_batch_norm",
            "note",
            found,
            f"{listed(found)}: batch normalisation follows at once and subtracts the mean, so the {n_biases:,} biases "
            "have no effect in training",
            fix=setting(found, "use_bias", "false", context),
            source="Ioffe and Szegedy 2015, Batch normalization, section 3.2",
        )


def bias_parameter_without_bias(context: LintContext) -> Iterator[Finding]:
    """A setting for a bias that is not there."""
    for parameter in ("bias_regularizer", "bias_constraint", "bias_initializer"):
        found = [
            call
            for call in context.convolutions
            if not call.operation.use_bias
            and type(getattr(call.operation, parameter)).__name__ not in ("NoneType", "Zeros")
        ]
        if found:
            yield finding(
                "bias_parameter_without_bias",
                "warning",
                found,
                f"{listed(found)}: {parameter} is set while use_bias is false, so it has no effect",
                fix=setting(found, "use_bias", "true", context),
                source="Keras, Conv2D, argument use_bias",
            )


def _initializer(call: Call) -> str:
    return type(getattr(call.operation, "kernel_initializer", None)).__name__


def _l2(call: Call) -> float | None:
    regularizer: Any = getattr(call.operation, "kernel_regularizer", None)
    factor = getattr(regularizer, "l2", None)
    return float(factor) if factor is not None else None
