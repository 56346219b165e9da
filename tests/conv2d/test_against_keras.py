"""What the sixteen parameters do, on the backend that KERAS_BACKEND names: NumPy and formulas against Keras."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.rules import wrong_results
from tests.conv2d.backends import BACKEND, layer_of, layout_of_works
from tests.conv2d.numpy_convolution import convolve

RANDOM = np.random.default_rng(5)
PATHS = [  # kernel_size, strides, dilation_rate, groups
    ((1, 1), (1, 1), (1, 1), 1),
    ((3, 3), (1, 1), (1, 1), 1),
    ((2, 4), (1, 1), (1, 1), 1),
    ((3, 2), (2, 3), (1, 1), 1),
    ((4, 4), (2, 2), (1, 1), 1),
    ((3, 2), (1, 1), (2, 3), 1),
    ((3, 3), (2, 1), (1, 1), 2),
    ((2, 3), (1, 1), (1, 2), 4),
]
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu:0.1": lambda x: np.where(x > 0, x, 0.1 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "elu:0.5": lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)),
    "relu:max_value=1": lambda x: np.clip(x, 0, 1),
}


def skip_if_refused(asked: Conv2DSettings) -> None:
    if not layout_of_works(asked):
        pytest.skip("this backend has no channels_first convolution on this machine")


def numpy_of(value: Any) -> Any:
    return keras.ops.convert_to_numpy(value)


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(("kernel_size", "strides", "dilation_rate", "groups"), PATHS)
def test_the_forward_pass_is_numpys(
    kernel_size: Any, strides: Any, dilation_rate: Any, groups: int, padding: str, layout: str
) -> None:
    path = (kernel_size, strides, dilation_rate, groups)
    activation = list(ACTIVATIONS)[PATHS.index(path) % len(ACTIVATIONS)]
    use_bias = kernel_size != (4, 4)
    asked = Conv2DSettings(
        filters=8,
        kernel_size=kernel_size,
        strides=strides,
        padding=padding,
        data_format=layout,
        dilation_rate=dilation_rate,
        groups=groups,
        activation=activation,
        use_bias=use_bias,
        bias_initializer="random_normal:0:1",
    ).with_defaults()
    skip_if_refused(asked)
    images = RANDOM.normal(size=(2, 7, 9, 4) if layout == "channels_last" else (2, 4, 7, 9)).astype(np.float32)
    layer = layer_of(asked)
    found = numpy_of(layer(images))
    kernel, *bias = [numpy_of(weight).astype(np.float64) for weight in layer.weights]
    assert len(bias) == use_bias
    expected = convolve(
        images,
        kernel,
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        groups=groups,
        data_format=layout,
    )
    if bias:
        expected = expected + bias[0].reshape((-1,) if layout == "channels_last" else (-1, 1, 1))
    # At most 64 products of order 1 are summed in float32: errors of some 1e-6.
    np.testing.assert_allclose(found, ACTIVATIONS[activation](expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("filters", [1, 4, 5, 6])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_bias_is_added_per_filter_but_where_the_rule_says(filters: int, layout: str, padding: str) -> None:
    asked = Conv2DSettings(
        filters=filters,
        kernel_size=(2, 2),
        padding=padding,
        data_format=layout,
        kernel_initializer="zeros",
        bias_initializer="random_normal:1:1",
    ).with_defaults()
    skip_if_refused(asked)
    layer = layer_of(asked)
    outputs = numpy_of(layer(np.zeros((1, 4, 6, 3) if layout == "channels_last" else (1, 3, 4, 6), np.float32)))
    bias = numpy_of(layer.bias).reshape((-1,) if layout == "channels_last" else (-1, 1, 1))
    right = bool(np.array_equal(outputs, np.broadcast_to(bias, outputs.shape)))
    found = wrong_results(asked, height=4, width=6, channels=3, backend=BACKEND)
    assert right == (not found)
    assert bool(found) == (BACKEND == "tensorflow" and layout == "channels_first" and filters == outputs.shape[-1])


@pytest.mark.parametrize(
    ("text", "penalty"),
    [
        ("l1:0.01", lambda x: 0.01 * np.abs(x).sum()),
        ("l2:0.0005", lambda x: 0.0005 * (x**2).sum()),
        ("l1_l2:0.1:0.2", lambda x: 0.1 * np.abs(x).sum() + 0.2 * (x**2).sum()),
    ],
)
def test_penalties_are_their_formulas_and_the_activitys_is_per_image(text: str, penalty: Any) -> None:
    images = RANDOM.normal(size=(5, 6, 6, 2)).astype(np.float32)
    for parameter in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        asked = Conv2DSettings(filters=3, kernel_size=(3, 3), bias_initializer="ones", **{parameter: text})  # type: ignore[arg-type]
        layer = layer_of(asked)
        outputs = numpy_of(layer(images))
        value = {
            "kernel_regularizer": lambda layer=layer: penalty(numpy_of(layer.kernel)),
            "bias_regularizer": lambda layer=layer: penalty(numpy_of(layer.bias)),
            "activity_regularizer": lambda outputs=outputs: penalty(outputs) / 5,
        }[parameter]()
        assert len(layer.losses) == 1
        assert float(numpy_of(layer.losses[0])) == pytest.approx(float(value), rel=1e-4)


def _norm(kernel: Any, axis: Any) -> Any:
    return np.sqrt((kernel**2).sum(axis, keepdims=True))


CONSTRAINTS = {
    "non_neg": lambda w: np.maximum(w, 0),
    "unit_norm:axis=0,1,2": lambda w: w / _norm(w, (0, 1, 2)),
    "max_norm:0.5:axis=0,1,2": lambda w: w * np.minimum(1, 0.5 / _norm(w, (0, 1, 2))),
    "max_norm:0.2": lambda w: w * np.minimum(1, 0.2 / _norm(w, 0)),
    "min_max_norm:0.3:0.5:0.5:axis=0,1,2": lambda w: (
        w * (0.5 * np.clip(_norm(w, (0, 1, 2)), 0.3, 0.5) / _norm(w, (0, 1, 2)) + 0.5)
    ),
}


@pytest.mark.parametrize("text", CONSTRAINTS)
def test_a_constraint_projects_the_kernel_after_each_update(text: str) -> None:
    kernel = RANDOM.normal(size=(3, 3, 2, 4)).astype(np.float32) * 0.2
    gradient = RANDOM.normal(size=kernel.shape).astype(np.float32)
    layer = layer_of(Conv2DSettings(filters=4, kernel_size=(3, 3), use_bias=False, kernel_constraint=text))
    layer.build((None, 6, 6, 2))
    layer.kernel.assign(kernel)
    keras.optimizers.SGD(0.1).apply([keras.ops.convert_to_tensor(gradient)], [layer.kernel])
    # Keras adds 1e-7 to every norm.
    np.testing.assert_allclose(numpy_of(layer.kernel), CONSTRAINTS[text](kernel - 0.1 * gradient), rtol=1e-4, atol=1e-6)


FAN_IN, FAN_OUT = 3 * 3 * 16, 3 * 3 * 64
# The variance of a normal cut at two deviations: 1 - 4 phi(2) / (2 Phi(2) - 1).
CUT = 1 - 4 * np.exp(-2) / np.sqrt(2 * np.pi) / 0.9544997361036416
INITIALIZERS = {  # mean, variance; fans of a kernel: He et al. 2015, Glorot and Bengio 2010, LeCun et al. 1998
    "zeros": (0, 0),
    "ones": (1, 0),
    "constant:0.3": (0.3, 0),
    "random_normal:0.1:0.2": (0.1, 0.2**2),
    "random_uniform:-0.1:0.3": (0.1, 0.4**2 / 12),
    "truncated_normal:0.1:0.2": (0.1, 0.2**2 * CUT),
    "glorot_normal": (0, 2 / (FAN_IN + FAN_OUT)),
    "glorot_uniform": (0, 2 / (FAN_IN + FAN_OUT)),
    "he_normal": (0, 2 / FAN_IN),
    "he_uniform": (0, 2 / FAN_IN),
    "lecun_normal": (0, 1 / FAN_IN),
    "lecun_uniform": (0, 1 / FAN_IN),
    "variance_scaling:3:fan_out:untruncated_normal": (0, 3 / FAN_OUT),
    "variance_scaling:3:fan_avg:uniform": (0, 6 / (FAN_IN + FAN_OUT)),
    "orthogonal:2": (0, 4 / FAN_IN),  # the rows, fewer columns than rows: each column has norm 2 over 144 entries
}


@pytest.mark.parametrize("text", INITIALIZERS)
def test_first_values_have_the_mean_and_variance_of_their_formula(text: str) -> None:
    keras.utils.set_random_seed(1)
    layer = layer_of(Conv2DSettings(filters=64, kernel_size=(3, 3), kernel_initializer=text))
    layer.build((None, 6, 6, 16))
    kernel = numpy_of(layer.kernel).astype(np.float64)
    mean, variance = INITIALIZERS[text]
    # 9,216 values: five standard errors of the mean, and of the variance (at most that of a normal, sqrt(2 / n)).
    assert kernel.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / kernel.size) + 1e-7)
    assert kernel.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / kernel.size), abs=1e-12)


def test_an_orthogonal_kernel_has_orthogonal_filters() -> None:
    layer = layer_of(Conv2DSettings(filters=8, kernel_size=(3, 3), kernel_initializer="orthogonal:2"))
    layer.build((None, 6, 6, 2))
    flat = numpy_of(layer.kernel).reshape(18, 8)
    np.testing.assert_allclose(flat.T @ flat, 4 * np.eye(8), atol=1e-5)


OTHERS = [backend for backend in ("tensorflow", "jax", "torch") if backend != BACKEND]


@pytest.mark.slow
@pytest.mark.skipif("CONVWISE_TEST_CHILD" in os.environ, reason="this is the child")
@pytest.mark.parametrize("backend", OTHERS)
def test_every_other_backend_that_is_installed_agrees_as_well(backend: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    here = Path(__file__)
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", str(here)]
    command.append(str(here.with_name("test_generated.py")))
    environment = os.environ | {"KERAS_BACKEND": backend, "CONVWISE_TEST_CHILD": "1"}
    done = subprocess.run(command, env=environment, cwd=here.parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
