"""Warnings: what is legal but does nothing, is most likely not meant, or departs from advice; each with its source.

Advice from the tutorial or from a paper is a claim that can be measured; a finding here says only that the settings
depart from it. No file here knows the network: what stands behind the convolution is told by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator

from convwise.conv2d.findings import TUTORIAL, Finding, Severity
from convwise.conv2d.geometry import effective_window
from convwise.conv2d.settings import Conv2DSettings
from convwise.errors import RequestError

# Near the identity for large inputs and near zero for negative ones, as the halved variance of He et al. supposes.
RECTIFIERS = (
    *("relu", "relu6", "leaky_relu", "prelu", "elu", "celu", "gelu", "silu", "hard_silu", "mish"),
    *("softplus", "squareplus", "sparse_plus"),
)
_OVER_THE_LAST_AXIS = ("softmax", "log_softmax", "sparsemax")
_FILTER_AXES = (0, 1, 2)


def warnings(
    settings: Conv2DSettings, *, channels: int, batch_norm_follows: bool = False, activation_follows: str | None = None
) -> tuple[Finding, ...]:
    """What is worth saying of a legal convolution whose sixteen values are given (`with_defaults`).

    `channels` is the number that comes in. `batch_norm_follows`: batch normalisation takes this layer's output at once.
    `activation_follows` is the name of the activation that comes next, with batch normalisation between or not.
    Raises RequestError where values are missing.
    """
    if not isinstance(settings.filters, int) or not settings.groups or settings.use_bias is None:
        raise RequestError("warnings need all sixteen values; complete them by with_defaults()")
    return (
        *_window(settings),
        *_channels(settings, settings.filters, channels),
        *_bias(settings, batch_norm_follows),
        *_start(settings, activation_follows),
        *_activation(settings, activation_follows),
        *_penalties(settings),
        *_constraints(settings),
    )


def _finding(rule: str, severity: Severity, parameter: str, message: str, way_out: str, source: str) -> Finding:
    return Finding(rule, severity, None, message, way_out, source, tuple(parameter.split()))


def _window(settings: Conv2DSettings) -> Iterator[Finding]:
    kernel, strides, dilation = settings.kernel_size, settings.strides, settings.dilation_rate
    assert kernel is not None
    assert strides is not None
    assert dilation is not None
    size = "x".join(map(str, kernel))
    if any(k % 2 == 0 for k in kernel):
        yield _finding(
            "even_window",
            "warning",
            "kernel_size",
            f"kernel_size={size}: an even window has no centre, so padding=same pads one more after than before",
            "use an odd size",
            TUTORIAL,
        )
    if max(kernel) > 7:
        yield _finding(
            "large_window",
            "note",
            "kernel_size",
            f"kernel_size={size}: sizes above 7 are rare",
            "use 7 or less, or several smaller windows one after the other",
            TUTORIAL,
        )
    if any(s > effective_window(k, d) for k, s, d in zip(kernel, strides, dilation, strict=True)):
        yield _finding(
            "window_skips_pixels",
            "warning",
            "strides kernel_size",
            f"strides={'x'.join(map(str, strides))} is more than kernel_size={size}: some pixels are never looked at",
            "use a stride no larger than the window",
            "arithmetic: windows of k pixels placed every s pixels leave s - k of them out",
        )


def _channels(settings: Conv2DSettings, filters: int, channels: int) -> Iterator[Finding]:
    if filters & (filters - 1):
        yield _finding(
            "filters_not_power_of_two",
            "note",
            "filters",
            f"filters={filters} is no power of two",
            "the usual numbers are 32, 64, 128 and up to 1024",
            TUTORIAL,
        )
    if settings.groups == channels and channels > 1:
        yield _finding(
            "depthwise",
            "note",
            "groups",
            f"groups={settings.groups}: each channel is convolved by itself, and no filter sees two of them",
            "let a 1x1 convolution follow, or use a DepthwiseConv2D layer, which is made for it",
            "Howard et al. 2017, MobileNets, section 3.1",
        )


def _bias(settings: Conv2DSettings, batch_norm_follows: bool) -> Iterator[Finding]:
    if settings.use_bias and batch_norm_follows and settings.activation == "linear":
        yield _finding(
            "bias_before_batch_norm",
            "note",
            "use_bias",
            "use_bias=true: the batch normalisation that follows subtracts the bias again",
            "set use_bias=false",
            "Ioffe and Szegedy 2015, section 3.2",
        )
    plain = {"bias_initializer": "zeros", "bias_regularizer": "none", "bias_constraint": "none"}
    for parameter, default in plain.items():
        value = getattr(settings, parameter)
        if value == default:
            continue
        if not settings.use_bias:
            yield _finding(
                "bias_parameter_without_bias",
                "warning",
                f"{parameter} use_bias",
                f"{parameter}={value} has no effect with use_bias=false",
                f"set use_bias=true or leave {parameter} out",
                "Keras 3, BaseConv.build: there is no bias to apply it to",
            )
        elif parameter != "bias_constraint":
            yield _finding(
                f"unusual_{parameter}",
                "note",
                parameter,
                f"{parameter}={value}: it hardly has an effect",
                f"leave {parameter} at {default}",
                TUTORIAL,
            )


def _start(settings: Conv2DSettings, activation_follows: str | None) -> Iterator[Finding]:
    start = settings.named("kernel_initializer")
    assert start is not None
    if start.name in ("zeros", "ones", "constant") or start.arguments.get("stddev") == 0:
        yield _finding(
            "equal_filters",
            "warning",
            "kernel_initializer",
            f"kernel_initializer={start.text}: all filters start equal, have equal gradients and stay equal",
            "use he_normal or glorot_uniform",
            "Goodfellow, Bengio and Courville 2016, section 8.4",
        )
    next_one = _next_activation(settings, activation_follows)
    if start.name.startswith("he_") and next_one not in (None, "linear", *RECTIFIERS):
        yield _finding(
            "he_with_non_relu",
            "note",
            "kernel_initializer activation",
            f"kernel_initializer={start.text} with {next_one}: its factor 2 makes up for the half that a ReLU cuts off",
            "use glorot_uniform, or lecun_normal with selu",
            "He et al. 2015, section 2.2, equations 10 to 14",
        )
    if next_one == "selu" and start.name != "lecun_normal":
        yield _finding(
            "selu_without_lecun",
            "note",
            "kernel_initializer activation",
            f"kernel_initializer={start.text} with selu: selu needs weights of variance 1 / fan in",
            "use lecun_normal",
            "Klambauer et al. 2017, section 2, Initialization",
        )


def _next_activation(settings: Conv2DSettings, activation_follows: str | None) -> str | None:
    own = settings.named("activation")
    return activation_follows if own is None or own.name == "linear" else own.name


def _activation(settings: Conv2DSettings, activation_follows: str | None) -> Iterator[Finding]:
    own = settings.named("activation")
    if own is None or own.name == "linear":
        return
    if activation_follows not in (None, "linear"):
        yield _finding(
            "activation_twice",
            "warning",
            "activation",
            f"activation={own.text} is followed by {activation_follows}: two activations with no weights between",
            "leave one of them out",
            TUTORIAL,
        )
    if own.name in _OVER_THE_LAST_AXIS and own.arguments.get("axis", -1) in (-1, 3):
        if settings.data_format == "channels_first":
            yield _finding(
                "softmax_over_width",
                "warning",
                "activation data_format",
                f"activation={own.text} runs over the last axis, which is the width with data_format=channels_first",
                "use softmax:axis=1, or data_format=channels_last",
                "Keras 3, keras.activations.softmax: axis=-1 by default",
            )
        elif settings.filters == 1:
            yield _finding(
                "softmax_of_one",
                "warning",
                "activation filters",
                f"activation={own.text} with filters=1: a share among one filter is always the same number",
                "use sigmoid",
                "Keras 3, keras.ops.softmax, which warns of it",
            )


def _penalties(settings: Conv2DSettings) -> Iterator[Finding]:
    penalty = settings.named("kernel_regularizer")
    factor = penalty.arguments.get("l2", 0) if penalty else 0
    if penalty is not None and factor and not 0.0001 <= factor <= 0.001:
        yield _finding(
            "l2_outside_range",
            "note",
            "kernel_regularizer",
            f"kernel_regularizer={penalty.text}: the usual range of L2 is 0.0001 to 0.001",
            "use l2:0.0005",
            TUTORIAL,
        )
    for parameter in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        value = settings.named(parameter)
        if value is not None and not any(value.arguments.get(name) for name in ("l1", "l2", "factor")):
            yield _finding(
                "penalty_of_zero",
                "warning",
                parameter,
                f"{parameter}={value.text} penalises nothing: its factors are 0",
                "give a factor, such as l2:0.0005, or leave it out",
                "Keras 3, keras.regularizers: the penalty is the factor times a sum",
            )
    if settings.activity_regularizer != "none":
        yield _finding(
            "activity_regularizer",
            "note",
            "activity_regularizer",
            f"activity_regularizer={settings.activity_regularizer}: it needs a specific reason",
            "leave it out, or penalise the kernel",
            TUTORIAL,
        )


def _constraints(settings: Conv2DSettings) -> Iterator[Finding]:
    for parameter in ("kernel_constraint", "bias_constraint"):
        value = settings.named(parameter)
        if value is None or (parameter == "bias_constraint" and not settings.use_bias):
            continue
        yield _finding(
            "unusual_constraint",
            "note",
            parameter,
            f"{parameter}={value.text}: it needs a specific reason",
            "leave it out",
            TUTORIAL,
        )
        axis = value.arguments.get("axis")
        axes = axis if isinstance(axis, tuple) else (axis,)
        whole = axis is None or tuple(sorted(number % 4 for number in axes)) == _FILTER_AXES
        if parameter == "kernel_constraint" and not whole:
            yield _finding(
                "norm_of_part_of_a_filter",
                "warning",
                parameter,
                f"{parameter}={value.text}: axis={','.join(map(str, axes))} is the norm of a part of each filter",
                "use axis=0,1,2, the whole filter",
                "Keras 3, keras.constraints.MaxNorm, argument axis",
            )
