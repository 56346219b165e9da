"""What libraries say of an error, in one line for users."""

from __future__ import annotations

import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError, one_line
from convwise.nets import build


def test_of_keras_it_is_the_cause_that_is_told() -> None:
    wrapped = "Exception encountered when calling Dense.call().\n\n\x1b[1mToo small.\x1b[0m\n\nArguments ..."
    assert one_line(ValueError(wrapped)) == "Too small."
    assert one_line(ValueError("  one\ntwo ")) == "one"
    assert one_line(KeyError()) == "KeyError"


def test_a_map_that_shrinks_to_nothing_is_told_with_the_map_the_window_and_the_way_out() -> None:
    settings = parse_settings(["conv.kernel_size=5", "conv.padding=valid"])
    with pytest.raises(RequestError, match=r"size=32.*inputs.shape=\[None 1 1 128\].*pool_size=\[2 2\].*padding=same"):
        build("simple", size_px=32, n_classes=4, settings=settings, seed=0, precision="float32")
