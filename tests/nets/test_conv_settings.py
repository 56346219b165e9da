"""Settings of the convolutions: all networks take them, and sums and joins follow what they make of the maps."""

import itertools
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import keras
import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, build
from convwise.nets.parts import join, strides_between
from convwise.nets.resnet import resnet
from convwise.nets.squeezenet import squeezenet


def make(name: str, size_px: int, *texts: str) -> keras.Model:
    settings = parse_settings(texts)
    return build(name, shape=ImageShape.of(size_px), n_classes=4, settings=settings, seed=1, precision="float32").model


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


ONE_BY_ONE = (
    ("conv.kernel_size=5",),
    ("conv.strides=3",),
    ("conv.padding=valid",),
    ("conv.padding=same",),
    ("conv.dilation_rate=2",),
    ("conv.groups=2",),
    ("conv.use_bias=true",),
    ("conv.use_bias=false",),
    ("conv.filters=16",),
    ("conv.activation=elu",),
    ("conv.kernel_regularizer=l2:0.0005",),
)
TOGETHER = (
    ("conv.kernel_size=5", "conv.strides=3", "conv.filters=16", "conv.groups=2", "conv.use_bias=false"),
    ("conv.padding=valid", "conv.use_bias=true", "conv.activation=elu"),
    ("conv.dilation_rate=2", "conv.kernel_regularizer=l2:0.0005"),
)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("texts", [*TOGETHER, *(pytest.param(texts, marks=pytest.mark.slow) for texts in ONE_BY_ONE)])
def test_settings_for_all_convolutions_build_on_every_network(name: str, texts: tuple[str, ...]) -> None:
    size_px = 224 if name == "vgg" and "conv.padding=valid" in texts else 128  # 13 windows take 2 px each
    if name in ("simple", "vgg"):  # they pool and have no strides to change
        texts = tuple(text for text in texts if "strides" not in text) or ("conv.filters=16",)
    model = make(name, size_px, *texts)
    assert model.output_shape == (None, 4)
    asked = parse_settings(texts).scopes["conv"].given()
    for parameter, value in asked.items():
        if parameter in ("filters", "use_bias"):
            got = {getattr(layer, parameter) for layer in convolutions(model)}
            assert got == {value} or (parameter == "filters" and got == {value, 4})


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size_px", [33, 224, *(pytest.param(size, marks=pytest.mark.slow) for size in (32, 65, 127))])
def test_any_size_from_32_to_224_px_builds(name: str, size_px: int) -> None:
    with keras.StatelessScope(initialize_variables=False):  # no memory for numbers that nobody looks at
        assert make(name, size_px).output_shape == (None, 4)


def test_groups_reach_the_convolutions_whose_channels_they_divide() -> None:
    model = make("squeezenet", 64, "conv.groups=2")
    first, *rest, last = convolutions(model)
    assert first.groups == 1  # three colours
    assert {layer.groups for layer in rest} == {2}
    assert last.groups == 1  # every class looks at all channels
    with pytest.raises(RequestError, match="no convolution can take it"):
        make("squeezenet", 64, "conv.groups=7")


def test_what_the_architecture_needs_is_kept() -> None:
    allconv = make("allconv", 32, "conv.filters=16", "conv.activation=tanh", "conv.kernel_size=5")
    last = allconv.get_layer("stage3_classes")
    assert (last.filters, last.kernel_size, last.activation.__name__) == (4, (1, 1), "linear")
    assert {layer.filters for layer in convolutions(allconv)} == {16, 4}
    residual = make("resnet", 32, "conv.padding=valid")
    padding = {layer.name: layer.padding for layer in convolutions(residual)}
    assert padding.pop("stem_conv") == "valid"
    assert set(padding.values()) == {"same"}


def test_with_strides_of_3_the_sums_still_fit() -> None:
    model = make("resnet", 64, "conv.strides=3")
    # 64 px: the stem's 22, its pooling's 11, then a third a stage, rounded up.
    assert [model.get_layer(f"stage{i}_block2_relu").output.shape[1] for i in range(1, 5)] == [11, 4, 2, 1]


def test_the_strides_between_two_maps_make_the_one_of_the_other() -> None:
    for high, wide, stride in itertools.product(range(1, 40), (1, 7, 32), range(1, 9)):
        before = SimpleNamespace(shape=(None, high, wide, 3))
        after = SimpleNamespace(shape=(None, -(-high // stride), -(-wide // stride), 3))
        found = strides_between(before, after)
        assert tuple(-(-n // s) for n, s in zip((high, wide), found, strict=True)) == after.shape[1:3]
        assert max(found) <= stride


def by_name(changes: Mapping[str, Mapping[str, Any]]) -> Callable[..., Callable[[Any], Any]]:
    """A `conv` in which the layers named in `changes` have values of their own."""

    def conv(filters: int, kernel_size: int, *, name: str, keep: object = None, **own: Any) -> Callable[[Any], Any]:
        values = {"filters": filters, "kernel_size": kernel_size, **own, **changes.get(name, {})}
        return lambda x: keras.layers.Conv2D(name=name, **values)(x)

    return conv


@pytest.mark.parametrize("depth", [18, 50])
def test_a_shortcut_follows_what_one_layer_of_its_branch_was_set_to(depth: int) -> None:
    last = "conv2" if depth == 18 else "conv3"
    changes = {"stage2_block2_conv2": {"strides": 3}, f"stage3_block2_{last}": {"filters": 24}}
    model = resnet((64, 64, 3), 4, by_name(changes), depth=depth, width=8)
    assert model.get_layer("stage2_block2_shortcut").strides == (3, 3)
    assert model.get_layer("stage3_block2_shortcut").filters == 24
    assert model.output_shape == (None, 4)


def test_maps_that_cannot_be_joined_or_summed_are_named_with_their_sizes() -> None:
    with pytest.raises(ValueError, match="fire3_join: maps of 13x13 and 15x15 cannot be joined"):
        squeezenet((62, 62, 3), 4, by_name({"fire3_expand3x3": {"padding": "valid"}}))
    with pytest.raises(ValueError, match="a_join: maps of 4x4 and 5x5"):
        join([SimpleNamespace(shape=(None, 5, 5, 3)), SimpleNamespace(shape=(None, 4, 4, 3))], name="a_join")


STAGES = {
    "narrowresnet": r"(stem|stage\d)_",
    "allconv": r"(stem_conv\d|stage[12]_conv[123]|stage3_conv[12]|stage3_classes)$",
    "vgg": r"stage\d_conv\d$",
    "resnet": r"(stem_conv|stage\d_block\d_(conv\d|shortcut))$",
    "inception": r"(stem_conv1|stem_conv2(_reduce)?|inception\d[a-e]_(1x1|[35]x[35](_reduce)?|pool_projection))$",
    "squeezenet": r"(conv1|conv10|fire\d_(squeeze|expand1x1|expand3x3))$",
    "dilated": r"(stem_conv\d|stage\d_conv)$",
}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_convolution_can_be_named_by_its_stage(name: str) -> None:
    make("vgg", 32)  # what was built before leaves no trace in the names
    names = [layer.name for layer in convolutions(make(name, 64))]
    if name in STAGES:
        assert all(re.match(STAGES[name], each) for each in names), names
    else:
        assert names == ["conv2d", *(f"conv2d_{i}" for i in range(1, len(names)))]
        assert names == [layer.name for layer in convolutions(make(name, 64))]
