"""Lint rules about layers that build, and that a backend cannot run."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from convwise.conv2d.findings import Finding
from convwise.nets.backend import has_accelerator
from convwise.nets.layer_table.graph import Call
from convwise.nets.lint.context import LintContext, by, finding, listed
from convwise.nets.trial import KINDS, refusal

_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
_ISSUE = "TensorFlow 2.21, tried; keras-team/keras#16973"


def layer_refused(context: LintContext) -> Iterator[Finding]:
    """A layer that the backend refuses here: found by trying each kind of layer that any backend is known to refuse."""
    for calls, said in _by_settings(context):
        if said:
            yield finding(
                "layer_refused",
                "error",
                calls,
                f"{listed(calls)}: {_where()} cannot run {_named(calls[0])}; tried forward and backward, it says: "
                f"{said}",
                fix=_way_out(calls[0]),
                source=_ISSUE,
            )


def needs_one_dnn(context: LintContext) -> Iterator[Finding]:
    """A layer that runs here, and that TensorFlow refuses on a CPU without oneDNN."""
    if keras.backend.backend() != "tensorflow":
        return
    for alike, said in _by_settings(context):
        calls = [call for call in alike if refused_without_one_dnn(call)]
        if calls and not said:
            yield finding(
                "needs_one_dnn",
                "warning",
                calls,
                f"{listed(calls)}: {_named(calls[0])} runs here (tried forward and backward), but TensorFlow refuses it"
                " on a CPU without oneDNN, which is off by default on many processors",
                fix=_way_out(calls[0]),
                source=_ISSUE,
            )


def refused_without_one_dnn(call: Call) -> bool:
    """Whether TensorFlow has no such layer on a CPU unless oneDNN is on; found by trying all settings both ways.

    Grouped convolutions Keras compiles by XLA, and depthwise ones with gaps TensorFlow rearranges: those run.
    """
    layer, kind = call.operation, call.kind
    if kind in ("DepthwiseConv2D", "SeparableConv2D"):
        return bool(layer.strides[0] != layer.strides[1] and max(layer.dilation_rate) == 1)
    if kind == "Conv2DTranspose":
        return bool(max(layer.dilation_rate) > 1 or layer.data_format == "channels_first")
    return kind == "Conv2D" and bool(layer.groups == 1 and layer.data_format == "channels_first")


def _by_settings(context: LintContext) -> Iterator[tuple[list[Call], str]]:
    """Layers of equal settings among those that may be refused, and what the backend says against them."""
    found: dict[tuple[str, str], list[Call]] = {}
    for call in context.graph.calls:
        if call.kind in KINDS and call.first and not _runs_everywhere(call):
            found.setdefault((_named(call), refusal(call.kind, call.operation)), []).append(call)
    yield from ((calls, said) for (_, said), calls in found.items())


def _runs_everywhere(call: Call) -> bool:
    layer = call.operation
    even = layer.strides[0] == layer.strides[1]
    gaps = max(layer.dilation_rate) > 1
    return bool(
        layer.data_format == "channels_last"
        and even
        and not (gaps and (call.kind == "Conv2DTranspose" or layer.strides[0] > 1))
    )


def _named(call: Call) -> str:
    layer = call.operation
    settings = []
    if layer.strides[0] != layer.strides[1]:
        settings.append(f"strides={by(layer.strides)}")
    if max(layer.dilation_rate) > 1:
        settings.append(f"dilation_rate={by(layer.dilation_rate)}")
    if layer.data_format == "channels_first":
        settings.append("data_format=channels_first")
    return f"{call.kind} with {' and '.join(settings)}"


def _where() -> str:
    backend = keras.backend.backend()
    return f"{_BACKENDS.get(backend, backend)} on {'a GPU' if has_accelerator(backend) else 'this CPU'}"


def _way_out(call: Call) -> str:
    layer = call.operation
    if layer.data_format == "channels_first":
        changes = "data_format=channels_last"
    elif call.kind == "Conv2DTranspose":
        changes = "UpSampling2D and a Conv2D with that dilation_rate, or a larger window without gaps"
    elif call.kind == "Conv2D":
        changes = "strides=1 or dilation_rate=1"
    else:
        changes = "equal strides, or a Conv2D with one group per channel"
    return f"{changes}; or KERAS_BACKEND=jax; or, on a CPU, TF_ENABLE_ONEDNN_OPTS=1 in the environment"
