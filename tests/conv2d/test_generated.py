"""Generated settings: verdict, output size and weight count equal those of Keras, without exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.geometry import geometry
from convwise.conv2d.rules import violations
from tests.conv2d.backends import BACKEND, keras_verdict, layout_of_works
from tests.conv2d.generated import complete_settings, generated

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 8))


def require_agreement(asked: Conv2DSettings, size: tuple[int, int, int], *, training: bool, call: bool = True) -> None:
    height, width, channels = size
    works = layout_of_works(asked)
    found = violations(asked, height=height, width=width, channels=channels, training=training, layout_works=works)
    first = asked.data_format == "channels_first"
    shape = (2, channels, height, width) if first else (2, height, width, channels)
    keras_says = keras_verdict(asked, shape, training=training, call=call)
    assert (keras_says.refusal is None) == (not found), (keras_says.refusal, found, asked.given(), size)
    if not found:
        expected = geometry(asked, height=height, width=width, channels=channels)
        assert keras_says.output_shape == (2, *expected.output_shape(str(asked.data_format)))
        assert keras_says.weights == expected.weights


def agree(n: int, *, groups: tuple[int, ...], call: bool = True) -> None:
    @settings(generated, max_examples=n)
    @given(complete_settings(groups=groups), SIZES, st.booleans())
    def check(asked: Conv2DSettings, size: tuple[int, int, int], training: bool) -> None:
        require_agreement(asked, size, training=training, call=call)

    check()


# TensorFlow compiles each grouped convolution anew when it is called: they are drawn apart, and fewer.
N_FAST: dict[str, Any] = {"tensorflow": (150, 10), "torch": (150, 30), "jax": (15, 5)}
N_SLOW: dict[str, Any] = {"tensorflow": (2000, 50), "torch": (1000, 300), "jax": (100, 30)}


def test_the_rules_say_what_keras_says() -> None:
    ungrouped, grouped = N_FAST[BACKEND]
    agree(ungrouped, groups=(1,))
    agree(grouped, groups=(2, 3, 4))


@pytest.mark.slow
def test_the_rules_say_what_keras_says_of_thousands_of_settings() -> None:
    ungrouped, grouped = N_SLOW[BACKEND]
    agree(ungrouped, groups=(1,))
    agree(grouped, groups=(2, 3, 4))
