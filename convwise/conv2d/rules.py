"""Violations: the combinations of the sixteen values that Keras or a backend refuses, each with a way out.

The rules are those of Keras 3.15 (keras/src/layers/convolutional/base_conv.py and what it calls), found by reading and
confirmed by generating settings and trying each on the backends. Legal or not is the same on TensorFlow, JAX and
PyTorch; only `layout_refused` depends on the backend and the machine. `wrong_results` stands apart: it is about layers
that run.
"""

from __future__ import annotations

from collections.abc import Iterator

from convwise.conv2d.findings import Finding
from convwise.conv2d.geometry import geometry
from convwise.conv2d.settings import PARAMETERS, Conv2DSettings
from convwise.conv2d.values import Named
from convwise.errors import RequestError

_BASE_CONV = "Keras 3, keras/src/layers/convolutional/base_conv.py"
_INITIALIZERS = "Keras 3, keras/src/initializers"
_REGULARIZERS = "Keras 3, keras/src/regularizers/regularizers.py"
_CONSTRAINTS = "Keras 3, keras/src/constraints/constraints.py"
_ACTIVATIONS = "Keras 3, keras/src/activations/activations.py"
_RANDOM_BY_FAN = (
    "variance_scaling",
    *(f"{who}_{how}" for who in ("glorot", "he", "lecun") for how in ("normal", "uniform")),
)


def violations(
    settings: Conv2DSettings,
    *,
    height: int,
    width: int,
    channels: int,
    training: bool = True,
    layout_works: bool = True,
) -> tuple[Finding, ...]:
    """What Keras or the backend refuses of a convolution on a map of height x width pixels and `channels`.

    All sixteen values must be given (`with_defaults`), else RequestError. `layout_works` says whether the backend, on
    this machine, has such a convolution in the layout of the settings (see `layout_refused`). Without `training` the
    layer is only called: penalties and constraints, which belong to training, are not judged, except the activity's,
    which Keras computes in every call. An empty answer means that the layer builds, runs, and (with `training`) has
    gradients, penalties and projections.
    """
    missing = [name for name in PARAMETERS if getattr(settings, name) is None]
    if missing:
        raise RequestError(f"{missing[0]}=None: the rules need all sixteen values; complete them by with_defaults()")
    found = [
        *_numbers(settings, height, width, channels),
        *_initializers(settings, channels),
        *_activation(settings),
        *_regularizers(settings, "activity_regularizer"),
        *layout_refused(settings, works=layout_works),
    ]
    if training:
        found += [*_regularizers(settings, "kernel_regularizer"), *_constraints(settings)]
        found += _regularizers(settings, "bias_regularizer") if settings.use_bias else ()
    return tuple(found)


def strides_with_dilation(settings: Conv2DSettings) -> Finding | None:
    """The clash of strides and dilation, which is known without a map; None where there is none."""
    strides, dilation = settings.strides or (1, 1), settings.dilation_rate or (1, 1)
    if max(strides) == 1 or max(dilation) == 1:
        return None
    return _refused(
        "strides_with_dilation",
        ("strides", "dilation_rate"),
        f"strides={_pair(strides)} and dilation_rate={_pair(dilation)}: Keras takes only one of them above 1",
        "set strides=1 or dilation_rate=1",
        _BASE_CONV,
    )


def _numbers(settings: Conv2DSettings, height: int, width: int, channels: int) -> Iterator[Finding]:
    clash = strides_with_dilation(settings)
    if clash:
        yield clash
    filters, groups = settings.filters, settings.groups
    assert isinstance(filters, int)
    assert groups is not None
    assert settings.kernel_size is not None
    assert settings.dilation_rate is not None
    if filters % groups:
        yield _refused(
            "groups_divide_filters",
            ("groups", "filters"),
            f"groups={groups} does not divide filters={filters}",
            f"choose filters={_nearest_multiple(filters, groups)} or one of groups={_divisors(filters)}",
            _BASE_CONV,
        )
    if channels % groups:
        yield _refused(
            "groups_divide_channels",
            ("groups",),
            f"groups={groups} does not divide the {channels} channels that come in",
            f"choose one of groups={_divisors(channels)}",
            _BASE_CONV,
        )
    found = geometry(settings, height=height, width=width, channels=channels)
    if min(found.output_size) < 1:
        yield _refused(
            "window_larger_than_map",
            ("kernel_size", "dilation_rate", "padding"),
            f"kernel_size={_pair(settings.kernel_size)} with dilation_rate={_pair(settings.dilation_rate)} spans "
            f"{_pair(found.effective_window)} pixels, the map has {height}x{width}, and padding=valid leaves nothing",
            "use padding=same, a smaller window, or a larger picture",
            "Keras 3, keras/src/ops/operation_utils.py, compute_conv_output_shape",
        )


def _initializers(settings: Conv2DSettings, channels: int) -> Iterator[Finding]:
    rank = {"kernel_initializer": 4, "bias_initializer": 1}
    for parameter in rank if settings.use_bias else ("kernel_initializer",):
        value = settings.named(parameter)
        assert value is not None
        why = _initializer_refused(value, rank[parameter])
        if why:
            yield _refused(
                "initializer_shape",
                (parameter,),
                f"{parameter}={value.text}: {why}",
                "use zeros" if parameter == "bias_initializer" else "use glorot_uniform or he_normal",
                _INITIALIZERS,
            )


def _initializer_refused(value: Named, rank: int) -> str | None:
    shape = "the kernel has four axes" if rank == 4 else "the bias has one axis"
    if value.name == "identity":
        return f"an identity matrix has two axes, {shape}"
    if value.name == "stft":
        return f"Fourier kernels have three axes, {shape}"
    if value.name == "orthogonal" and rank < 2:
        return f"an orthogonal matrix needs two axes or more, {shape}"
    if value.name in _RANDOM_BY_FAN:
        axes = [_axes(value.arguments[name]) for name in ("input_axes", "output_axes")]
        # Keras looks at the axes only where both are given (compute_fans).
        if all(own is not None for own in axes) and any(not -rank <= axis < rank for own in axes for axis in own or ()):
            return f"input_axes or output_axes name an axis that is not there, {shape}"
    return None


def _regularizers(settings: Conv2DSettings, parameter: str) -> Iterator[Finding]:
    value = settings.named(parameter)
    if value is not None and value.name == "orthogonal_regularizer":
        yield _refused(
            "regularizer_shape",
            (parameter,),
            f"{parameter}={value.text}: it takes a matrix; a kernel and an output have four axes, a bias one",
            "use l1, l2 or l1_l2",
            _REGULARIZERS,
        )


def _constraints(settings: Conv2DSettings) -> Iterator[Finding]:
    for parameter, rank in (("kernel_constraint", 4), ("bias_constraint", 1)):
        value = settings.named(parameter)
        if value is None or "axis" not in value.arguments or (rank == 1 and not settings.use_bias):
            continue
        axes = _axes(value.arguments["axis"]) or ()
        if any(not -rank <= axis < rank for axis in axes) or len({axis % rank for axis in axes}) < len(axes):
            yield _refused(
                "constraint_axis",
                (parameter,),
                f"{parameter}={value.text}: an axis is twice there or not in the {'kernel' if rank == 4 else 'bias'}",
                "use axis=0,1,2, a whole filter" if rank == 4 else "use axis=0",
                _CONSTRAINTS,
            )


def _activation(settings: Conv2DSettings) -> Iterator[Finding]:
    value = settings.named("activation")
    if value is None:
        return
    if value.name == "threshold":
        yield _refused(
            "activation_arguments",
            ("activation",),
            "activation=threshold: the function needs two numbers, which Conv2D cannot hand to it",
            "use relu:threshold=..., or a layer of its own behind the convolution",
            _ACTIVATIONS,
        )
    if value.name == "glu":
        yield _refused(
            "activation_changes_shape",
            ("activation",),
            "activation=glu: it halves the last axis, while Conv2D announces an output of the full size",
            "use sigmoid or silu, or put glu behind the convolution as a layer of its own",
            _ACTIVATIONS,
        )
    axes = _axes(value.arguments.get("axis")) or ()
    if len({axis % 4 for axis in axes}) < len(axes):
        yield _refused(
            "activation_axis",
            ("activation",),
            f"activation={value.text}: an axis is named twice",
            "name each axis once",
            _ACTIVATIONS,
        )


def layout_refused(settings: Conv2DSettings, *, works: bool) -> Iterator[Finding]:
    """A layout that the backend was tried in, and has no convolution for: `works` tells.

    Seen with TensorFlow 2.21 on a CPU without oneDNN, which takes channels_last alone. With oneDNN it runs both,
    forward and backward; convolutions with groups run either way, since Keras compiles them by XLA
    (keras/src/backend/tensorflow/nn.py, `conv`). JAX takes both layouts (XLA moves the axes as it needs), and so does
    PyTorch, where Keras moves them itself (keras/src/backend/torch/nn.py, `conv`).
    """
    if works:
        return
    other = "channels_last" if settings.data_format == "channels_first" else "channels_first"
    yield _refused(
        "layout_refused",
        ("data_format",),
        f"data_format={settings.data_format}: the backend has no such convolution on this machine",
        f"use data_format={other}, which computes the same function (TensorFlow on a CPU needs oneDNN for it)",
        "TensorFlow 2.21, UnimplementedError of Conv2D with NCHW on a CPU",
    )


def wrong_results(
    settings: Conv2DSettings, *, height: int, width: int, channels: int, backend: str = "tensorflow"
) -> tuple[Finding, ...]:
    """Where a layer that builds and runs computes something else than the function it stands for.

    Keras's `ops.add` on TensorFlow takes what looks like a bias to `tf.nn.bias_add`, and guesses the axis by its size:
    with channels_first and an output as wide as there are filters, the bias is added along the width
    (keras/src/backend/tensorflow/numpy.py, `add`). Seen with Keras 3.15.1 and TensorFlow 2.21 in eager calls and under
    XLA (`jit_compile`); in a graph without XLA TensorFlow's optimizer happened to put it right. JAX and PyTorch are
    right. Raises RequestError where values are missing.
    """
    found = geometry(settings, height=height, width=width, channels=channels)
    if backend != "tensorflow" or settings.data_format != "channels_first" or not settings.use_bias:
        return ()
    if found.output_size[1] != found.output_channels or found.output_channels == 1:
        return ()
    finding = _refused(
        "bias_over_width",
        ("data_format", "use_bias", "filters"),
        f"data_format=channels_first, filters={found.output_channels} and an output as many pixels wide: "
        "Keras on TensorFlow adds the bias along the width, depending on how the model is called",
        "use data_format=channels_last, use_bias=false, or another number of filters",
        "Keras 3.15.1, keras/src/backend/tensorflow/numpy.py, add",
    )
    return (finding,)


def _refused(rule: str, parameters: tuple[str, ...], message: str, fix: str, source: str) -> Finding:
    return Finding(rule, "error", None, message, fix, source, parameters)


def _axes(value: object) -> tuple[int, ...] | None:
    if value is None:
        return None
    return value if isinstance(value, tuple) else (value,)


def _pair(pair: tuple[int, ...]) -> str:
    return "x".join(map(str, pair))


def _nearest_multiple(number: int, of: int) -> int:
    return max(1, round(number / of)) * of


def _divisors(number: int) -> str:
    found = [divisor for divisor in range(1, number + 1) if number % divisor == 0]
    shown = found if len(found) <= 6 else [*found[:5], found[-1]]
    return ", ".join(map(str, shown))
