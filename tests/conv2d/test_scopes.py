"""Settings by scope: which value reaches which layer, texts, refusals."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convwise.conv2d import Conv2DSettings, NetworkSettings, parse_settings
from convwise.conv2d.scopes import unused_scope
from convwise.errors import RequestError
from tests.conv2d.generated import generated, partial_settings


def test_texts_become_scopes_and_options() -> None:
    asked = parse_settings(
        [
            "conv.kernel_size=5x3",
            "stem.strides = 2",
            "net.depth=34",
            "net.rate=0.25",
            "net.bottleneck=true",
            "net.block=a",
        ]
    )
    assert asked.scopes == {
        "conv": Conv2DSettings(kernel_size=(5, 3)),
        "stem": Conv2DSettings(strides=(2, 2)),
    }
    assert asked.options == {"depth": 34, "rate": 0.25, "bottleneck": True, "block": "a"}
    assert parse_settings([]) == NetworkSettings()


def test_the_nearer_scope_wins() -> None:
    asked = parse_settings(
        [
            "stage_2_conv_1.kernel_size=9",  # the layer, first in order and still the winner
            "stage_2.kernel_size=7",
            "stage.kernel_size=5",
            "conv.kernel_size=3",
            "conv.groups=2",
            "stage.padding=same",
        ]
    )
    assert asked.for_layer("stage_2_conv_1") == {
        "kernel_size": ((9, 9), "stage_2_conv_1"),
        "groups": (2, "conv"),
        "padding": ("same", "stage"),
    }
    assert asked.for_layer("stage_2_conv_10")["kernel_size"] == ((7, 7), "stage_2")
    assert asked.for_layer("stage_20")["kernel_size"] == ((5, 5), "stage")
    assert asked.for_layer("stages")["kernel_size"] == ((3, 3), "conv")


def test_a_scope_that_reaches_no_layer_is_found_and_answered_with_the_nearest() -> None:
    layers = ["stem_conv", "stage_1_conv_1", "stage_1_conv_2", "head"]
    asked = parse_settings(["stem.strides=2", "stage_1.groups=2", "stag_1.groups=2", "conv.groups=1"])
    assert asked.scope_names_unused(layers) == ("stag_1",)
    with pytest.raises(RequestError, match=r"'stag_1'; did you mean stage_1"):
        asked.require_scopes_used(layers)
    assert "the layers are stem_conv" in str(unused_scope("zzz", layers))
    assert asked.scope_names_unused([]) == ("stem", "stage_1", "stag_1", "conv")
    parse_settings(["stem.strides=2"]).require_scopes_used(layers)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["kernel_size=3"], "SCOPE.PARAMETER=VALUE"),
        (["conv.kernel_size"], "SCOPE.PARAMETER=VALUE"),
        ([".kernel_size=3"], "SCOPE.PARAMETER=VALUE"),
        (["conv.=3"], "SCOPE.PARAMETER=VALUE"),
        (["conv.kernel_sise=3"], "did you mean kernel_size"),
        (["stem.kernel_size=0"], "settings=stem.kernel_size=0"),
        (["conv.groups=2", "conv.groups=4"], "another value already"),
        (["net.depth=18", "net.depth=34"], "another value already"),
        (["net.depth="], "no value"),
        (["my layer.groups=2"], "layer or of a stage"),
        (["conv.strides=2", "conv.dilation_rate=2"], "only one of them above 1"),
    ],
)
def test_a_wrong_text_is_refused_in_one_line(texts: list[str], says: str) -> None:
    with pytest.raises(RequestError) as problem:
        parse_settings(texts)
    assert says in str(problem.value)
    assert "\n" not in str(problem.value)


def test_the_same_value_may_be_given_twice_in_any_writing() -> None:
    assert parse_settings(["conv.kernel_size=3", "conv.kernel_size=3x3"]).texts() == ("conv.kernel_size=3x3",)


def test_strides_and_dilation_in_different_scopes_are_left_to_the_layer_that_both_reach() -> None:
    asked = parse_settings(["conv.strides=2", "stem.dilation_rate=2"])
    assert set(asked.for_layer("stem")) == {"strides", "dilation_rate"}


def test_other_keys_and_values_are_refused() -> None:
    with pytest.raises(RequestError, match="conv: there is no such key; the keys are scopes, options"):
        NetworkSettings.from_dict({"conv": {}})
    with pytest.raises(RequestError, match="nan"):
        NetworkSettings(options={"rate": float("nan")})
    with pytest.raises(RequestError, match="scope=net"):
        NetworkSettings({"net": Conv2DSettings()})


SCOPES = st.dictionaries(st.sampled_from(["conv", "stem", "stage_1", "a.b", "conv2d_3"]), partial_settings())
OPTIONS = st.dictionaries(
    st.sampled_from(["depth", "width_factor", "act"]),
    st.one_of(
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text("aZ0 _-.:=é\n", min_size=1, max_size=8),
        st.just("3"),
    ),
)


@generated
@given(SCOPES, OPTIONS)
def test_settings_survive_texts_and_json(scopes: dict[str, Conv2DSettings], options: dict[str, object]) -> None:
    try:
        asked = NetworkSettings(scopes, options)  # type: ignore[arg-type]
    except RequestError:
        return  # a text of blanks or control characters
    assert parse_settings(asked.texts()) == asked
    assert NetworkSettings.from_dict(json.loads(json.dumps(asked.to_dict()))) == asked
