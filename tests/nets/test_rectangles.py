"""Networks and what is told of them on images of two different sides, and of one channel."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build
from convwise.nets.layer_table.table import layer_table
from convwise.nets.lint import lint

WIDE = {"vgg": ["net.width=8"], "simple": ["net.width=4"], "resnet": ["net.width=8", "net.depth=18"]}


def made(name: str, shape: ImageShape, *texts: str, numbers: bool = False) -> Any:
    settings = parse_settings([*WIDE.get(name, []), *texts])
    return build(name, shape=shape, n_classes=3, settings=settings, seed=1, precision="float32", numbers=numbers).model


@pytest.mark.parametrize("name", NETWORKS)
def test_heights_are_those_of_a_square_of_the_height_and_widths_those_of_one_of_the_width(name: str) -> None:
    """Rows and columns never meet in a convolution or a pooling: a rectangle's table is made of two squares'."""
    short, long = (64, 96) if name != "inception" else (96, 128)
    both, high, wide = (layer_table(made(name, ImageShape(*sides))) for sides in ((short, long), (short, short),
                                                                                   (long, long)))  # fmt: skip
    assert both.input_shape == (short, long, 3)
    names = {row.name for row in high.rows} & {row.name for row in wide.rows}
    assert len(names) > 5
    for row in both.rows:
        if row.name not in names or len(row.output_shape) != 3 or row.receptive_field is None:
            continue
        squares = high.row(row.name), wide.row(row.name)
        assert row.output_shape[:2] == (squares[0].output_shape[0], squares[1].output_shape[1])
        for key in ("size", "stride", "offset"):
            own = getattr(row.receptive_field, key)
            of_high, of_wide = (getattr(square.receptive_field, key) for square in squares)
            assert own == pytest.approx((of_high[0], of_wide[1])), (row.name, key)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_takes_a_gray_rectangle(name: str) -> None:
    shape = ImageShape(48, 33, 1)
    model = made(name, shape, numbers=True)
    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    assert first.kernel.shape[2] == 1
    pixels = np.random.default_rng(0).integers(0, 256, (2, *shape.array)).astype("float32")
    answers = np.asarray(model(pixels))
    assert answers.shape == (2, 3)
    assert np.allclose(answers.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("sides", [(64, 16), (16, 64)])
@pytest.mark.parametrize("name", ["vgg", "inception"])
def test_the_shorter_side_decides_whether_there_is_room(name: str, sides: tuple[int, int]) -> None:
    with pytest.raises(RequestError, match=rf"net={name} cannot be built at size={sides[0]}x{sides[1]} .* not 16"):
        made(name, ImageShape(*sides))


def test_findings_look_at_each_axis_by_itself() -> None:
    pixels = keras.Input((16, 96, 1))
    x = keras.layers.Conv2D(4, 9, padding="same", name="first")(pixels)
    x = keras.layers.Conv2D(4, (17, 3), padding="same", name="second")(x)
    x = keras.layers.Conv2D(4, (5, 5), strides=2, name="third")(x)
    outputs = keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x))
    model = keras.Model(pixels, outputs)
    found = {finding.rule: finding.message for finding in lint(model, shape=ImageShape(16, 96, 1))}
    assert "images of 16 x 96 px" in found["first_window"]
    assert "the last 1 of 16 rows and the last 1 of 96 columns" in found["units_never_seen"]
    # 25 rows cover all 16, but 11 columns do not cover 96: nothing sees the whole image.
    assert "receptive_field_beyond_image" not in found
    assert "receptive_field_beyond_image" in {
        finding.rule for finding in lint(model, shape=ImageShape(16, 8, 1), silence=["units_never_seen"])
    }
