"""The precision asked for is in effect; "auto" is bfloat16 only where a processor multiplies matrices of it."""

from __future__ import annotations

from unittest import mock

import keras
import pytest

from convwise.conv2d import NetworkSettings
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.training.precision import resolve_precision

_ON_A_PROCESSOR = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own rule")


@pytest.mark.parametrize(("precision", "kind"), [("float32", "float32"), ("bfloat16", "bfloat16")])
def test_the_precision_asked_for_is_in_effect(precision: str, kind: str) -> None:
    model = build(
        "simple", shape=ImageShape.of(32), n_classes=3, settings=NetworkSettings(), seed=5, precision=precision
    ).model
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {kind}
    assert {layer.variable_dtype for layer in convolutions} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


@_ON_A_PROCESSOR
@pytest.mark.parametrize(
    ("processor", "one_dnn", "has_type", "expected"),
    [
        ("fpu avx512f avx512_bf16 amx_bf16 amx_tile", True, True, "bfloat16"),
        ("fpu avx512f avx512_bf16 amx_bf16 amx_tile", False, True, "float32"),
        ("fpu avx512f avx512_bf16 amx_bf16 amx_tile", True, False, "float32"),
        ("fpu avx512f avx512_bf16", True, True, "float32"),  # vectors of it alone are no gain
        ("", True, True, "float32"),  # as on a system that does not tell
    ],
)
def test_auto_asks_the_processor_and_tries_the_backend(
    processor: str, one_dnn: bool, has_type: bool, expected: str
) -> None:
    told = f"processor\t: 0\nmodel name\t: any\nflags\t\t: {processor}\nbugs\t\t: amx_bf16_too\n"
    with (
        mock.patch("convwise.processor._cpuinfo", return_value=told),
        mock.patch("convwise.training.precision.layout_works", return_value=one_dnn),
        mock.patch("convwise.training.precision.type_works", return_value=has_type),
    ):
        assert resolve_precision("auto") == expected
        assert resolve_precision("auto", pretrained=True) == "float32"
        assert resolve_precision("float32") == "float32"
