"""What the guide states as a rule, asked of the installed Keras."""

from typing import Any

import keras
import numpy as np
import pytest


def _images(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    "wrong",
    [
        {"strides": 2, "dilation_rate": 2},
        {"strides": (2, 1), "dilation_rate": (1, 2)},
        {"groups": 3},
        {"kernel_size": 9},
        {"kernel_size": 3, "dilation_rate": 4},
        {"kernel_initializer": "identity"},
    ],
)
def test_what_the_rules_say_is_refused_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (the words are Keras's own)
        keras.layers.Conv2D(**{"filters": 8, "kernel_size": 3, **wrong})(_images(1, 8, 8, 4))


def test_same_puts_the_extra_zero_at_the_end() -> None:
    row = np.arange(1, 9, dtype=np.float32).reshape(1, 1, 8, 1)
    layer = keras.layers.Conv2D(1, (1, 3), strides=(1, 2), padding="same", kernel_initializer="ones")
    np.testing.assert_array_equal(np.ravel(layer(row)), [1 + 2 + 3, 3 + 4 + 5, 5 + 6 + 7, 7 + 8 + 0])


def test_l2_has_no_half_and_the_bare_name_means_a_hundredth() -> None:
    assert keras.regularizers.get("l2").get_config()["l2"] == 0.01
    layer = keras.layers.Conv2D(8, 3, kernel_regularizer=keras.regularizers.L2(0.01))
    layer(_images(1, 8, 8, 4))
    kernel = keras.ops.convert_to_numpy(layer.kernel)
    assert float(layer.losses[0]) == pytest.approx(0.01 * float((kernel**2).sum()), rel=1e-5)


def test_the_price_on_outputs_is_divided_by_the_batch_and_by_nothing_else() -> None:
    layer = keras.layers.Conv2D(8, 3, activation="relu", activity_regularizer=keras.regularizers.L1(0.01))
    outputs = keras.ops.convert_to_numpy(layer(_images(4, 8, 8, 4)))
    assert float(layer.losses[0]) == pytest.approx(0.01 * float(outputs.sum()) / 4, rel=1e-5)


def test_max_norm_left_alone_limits_columns_of_the_window_not_filters() -> None:
    kernel = _images(3, 3, 4, 6)
    assert keras.constraints.get("max_norm").get_config() == {"max_value": 2, "axis": 0}
    columns = keras.ops.convert_to_numpy(keras.constraints.MaxNorm(1)(kernel))
    filters = keras.ops.convert_to_numpy(keras.constraints.MaxNorm(1, axis=[0, 1, 2])(kernel))
    assert np.sqrt((columns**2).sum(axis=0)).max() == pytest.approx(1, abs=1e-5)
    assert np.sqrt((columns**2).sum(axis=(0, 1, 2))).min() > 2
    np.testing.assert_allclose(np.sqrt((filters**2).sum(axis=(0, 1, 2))), 1, atol=1e-5)


def test_min_max_norm_goes_its_rate_of_the_way() -> None:
    limit = keras.constraints.MinMaxNorm(0, 2, rate=0.5)
    assert np.sqrt((np.asarray(limit(np.array([3.0, 4.0], np.float32))) ** 2).sum()) == pytest.approx(3.5, abs=1e-5)


@pytest.mark.parametrize(("name", "variance"), [("he_normal", 2 / 576), ("glorot_uniform", 2 / (576 + 1152))])
def test_the_variances_are_those_of_the_papers(name: str, variance: float) -> None:
    keras.utils.set_random_seed(0)
    values = keras.ops.convert_to_numpy(keras.initializers.get(name)((3, 3, 64, 128)))
    # 73,728 values: the variance's own standard error is below 0.6 %; five of them.
    assert values.var() == pytest.approx(variance, rel=0.03)


def test_as_many_groups_as_channels_is_a_depthwise_convolution() -> None:
    images = _images(1, 8, 8, 4)
    depthwise, grouped = keras.layers.DepthwiseConv2D(3), keras.layers.Conv2D(4, 3, groups=4)
    expected = keras.ops.convert_to_numpy(depthwise(images))
    grouped.build(images.shape)
    grouped.set_weights([keras.ops.convert_to_numpy(depthwise.kernel).reshape(3, 3, 1, 4), np.zeros(4)])
    np.testing.assert_allclose(keras.ops.convert_to_numpy(grouped(images)), expected, atol=1e-5)


def test_the_kernel_has_one_shape_in_both_layouts() -> None:
    last = keras.layers.Conv2D(8, 3, data_format="channels_last")
    first = keras.layers.Conv2D(8, 3, data_format="channels_first")
    last.build((None, 8, 8, 4))
    first.build((None, 4, 8, 8))
    assert last.kernel.shape == first.kernel.shape == (3, 3, 4, 8)


def test_nothing_is_priced_without_a_bias() -> None:
    layer = keras.layers.Conv2D(2, 3, use_bias=False, bias_regularizer="l2")
    layer(_images(1, 8, 8, 4))
    assert layer.losses == []
