"""The networks' own options: what each changes, and what is refused in one line."""

import inspect
import math
from importlib import import_module

import keras
import pytest

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, Option, build, network_options


def make(name: str, size_px: int = 64, **options: Option) -> keras.Model:
    return build(
        name,
        shape=ImageShape.of(size_px),
        n_classes=5,
        settings=NetworkSettings(options=options),
        seed=1,
        precision="float32",
    ).model


def convolutions(model: keras.Model) -> list[keras.layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]


def kinds(model: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_a_width_and_only_plain_options(name: str) -> None:
    options = network_options(name)
    assert "width" in options
    assert all(type(default) in (bool, int, float, str) for default in options.values())


@pytest.mark.parametrize("name", NETWORKS)
def test_twice_the_width_is_about_four_times_the_kernel_weights(name: str) -> None:
    def n_weights(width: Option) -> int:
        model = make(name, width=width)
        return sum(math.prod(layer.kernel.shape) for layer in convolutions(model) if layer.kernel.shape[2] > 3)

    narrow, wide = (0.5, 1.0) if name == "inception" else (16, 32)
    # A layer that names the classes grows twofold only, and inception's counts are rounded to multiples of 8.
    assert n_weights(wide) / n_weights(narrow) == pytest.approx(4, rel=0.05)


def test_the_default_options_are_those_of_the_signature() -> None:
    for name in NETWORKS:
        parameters = inspect.signature(getattr(import_module(f"convwise.nets.{name}"), name)).parameters.values()
        options = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
        assert network_options(name) == options
    for name in ("simple", "dilated"):
        assert make(name).count_params() == make(name, **network_options(name)).count_params()


def test_simple_pools_by_maximum_by_average_or_by_strides() -> None:
    assert kinds(make("simple")).count("MaxPooling2D") == 3
    average = make("simple", pooling="average")
    assert (kinds(average).count("AveragePooling2D"), kinds(average).count("MaxPooling2D")) == (3, 0)
    strided = make("simple", pooling="strides")
    assert kinds(strided) == ["InputLayer", "Rescaling", *["Conv2D"] * 3, "Flatten", "Dense"]
    assert [layer.strides for layer in convolutions(strided)] == [(2, 2)] * 3
    assert strided.count_params() == make("simple").count_params()


def test_simple_has_as_many_stages_as_asked() -> None:
    assert [layer.filters for layer in convolutions(make("simple", stages=5, width=8))] == [8, 16, 32, 64, 128]


@pytest.mark.parametrize("name", ["vgg", "resnet", "inception", "squeezenet"])
def test_average_pooling_takes_the_place_of_maximum_pooling(name: str) -> None:
    usual, average = kinds(make(name)), kinds(make(name, pooling="average"))
    assert "MaxPooling2D" in usual
    assert [kind.replace("MaxPooling2D", "AveragePooling2D") for kind in usual] == average


@pytest.mark.parametrize("name", ["allconv", "vgg", "inception", "squeezenet", "dilated"])
def test_without_batch_normalisation_convolutions_have_biases_and_relu(name: str) -> None:
    # A last 1x1 convolution that names the classes has its bias in both, and no ReLU in either.
    hidden = [layer for layer in convolutions(make(name)) if layer.filters != 5]
    assert not any(layer.use_bias for layer in hidden)
    dense = 2 if name == "vgg" else 0
    assert kinds(make(name)).count("BatchNormalization") == len(hidden) + dense
    plain = make(name, batch_norm=False)
    assert "BatchNormalization" not in kinds(plain)
    hidden = [layer for layer in convolutions(plain) if layer.filters != 5]
    assert all(layer.use_bias and layer.activation.__name__ == "relu" for layer in hidden)


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "simple"])
def test_another_non_linearity_takes_the_place_of_every_relu(name: str) -> None:
    """simple's belong to its convolutions; allconv's and squeezenet's last convolution has none."""

    def non_linear(model: keras.Model) -> list[str]:
        return [type(layer).__name__ for layer in model.layers if isinstance(layer, keras.layers.ReLU)] + [
            layer.activation.__name__
            for layer in model.layers
            if isinstance(layer, (keras.layers.Activation, keras.layers.Conv2D, keras.layers.Dense))
            and layer.activation.__name__ not in ("linear", "softmax")
        ]

    usual, other = make(name), make(name, activation="silu")
    assert set(non_linear(usual)) == {"ReLU"}
    assert non_linear(other) == ["silu"] * len(non_linear(usual))
    assert usual.count_params() == other.count_params()
    with pytest.raises(RequestError, match=r"activation=swish: choose one of relu, leaky_relu, elu, silu, gelu"):
        make(name, activation="swish")


def test_without_batch_normalisation_the_non_linearity_belongs_to_the_convolution() -> None:
    plain = make("allconv", batch_norm=False, activation="elu")
    assert {layer.activation.__name__ for layer in convolutions(plain) if layer.filters != 5} == {"elu"}


def test_allconv_brings_large_images_to_at_most_48_px_first() -> None:
    assert next(layer.name for layer in convolutions(make("allconv", 48))) == "stage1_conv1"
    for size_px, number in ((49, 1), (64, 1), (96, 1), (97, 2), (224, 3)):
        model = make("allconv", size_px)
        assert sum(layer.name.startswith("stem_conv") for layer in convolutions(model)) == number
        assert model.get_layer("stage1_conv1").output.shape[1] <= 48
    assert make("allconv", 64, small_first=False).get_layer("stage1_conv1").output.shape[1] == 64


def test_allconvs_dropout_is_the_papers() -> None:
    rates = [layer.rate for layer in make("allconv", dropout=True).layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.2, 0.5, 0.5]


@pytest.mark.parametrize("name", ["vgg", "inception", "squeezenet"])
def test_the_dropout_rate_is_the_one_asked_for(name: str) -> None:
    rates = {layer.rate for layer in make(name, dropout=0.25).layers if isinstance(layer, keras.layers.Dropout)}
    assert rates == {0.25}


def test_vggs_hidden_dense_layers_have_the_units_asked_for() -> None:
    assert [make("vgg", dense=24).get_layer(f"dense{i}").units for i in (1, 2)] == [24, 24]


def test_resnets_stem_is_small_below_64_px() -> None:
    for size_px, strides, stage1_px in ((63, (1, 1), 63), (64, (2, 2), 16)):
        model = make("resnet", size_px, width=8)
        assert model.get_layer("stem_conv").strides == strides
        assert model.get_layer("stage1_block1_relu").output.shape[1] == stage1_px
    assert make("resnet", 64, width=8, stem="small").get_layer("stem_conv").kernel_size == (3, 3)
    assert make("resnet", 32, width=8, stem="imagenet").get_layer("stem_conv").kernel_size == (7, 7)


def test_dilations_double_from_stage_to_stage_and_the_map_keeps_its_size() -> None:
    model = make("dilated", 48, stages=5)
    assert [layer.dilation_rate[0] for layer in convolutions(model)] == [1, 2, 4, 8, 16]
    assert {layer.output.shape[1] for layer in convolutions(model)} == {48}


@pytest.mark.parametrize(("first", "px"), [("strides", 28), ("pooling", 28), ("none", 224)])
def test_dilated_shrinks_a_large_map_first_in_the_way_asked_for(first: str, px: int) -> None:
    model = make("dilated", 224, first=first)
    assert model.get_layer("stage1_conv").output.shape[1] == px
    assert ("AveragePooling2D" in kinds(model)) == (first == "pooling")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        (
            "vgg",
            {"deepness": 16},
            r"settings=net.deepness=16: net=vgg has no such option; .*it has \(with defaults\) depth=16, width=",
        ),
        ("vgg", {"depth": 12}, r"depth=12: choose one of 11, 13, 16, 19"),
        ("vgg", {"depth": "deep"}, "depth=deep: net=vgg takes a whole number, such as 16"),
        ("vgg", {"width": True}, "takes a whole number"),
        ("vgg", {"width": 0}, "width=0: it must be from 1 to 4096"),
        ("vgg", {"width": 32.0}, "takes a whole number"),
        ("vgg", {"dense": 0}, "dense=0: it must be from"),
        ("vgg", {"batch_norm": 1}, "takes True or False"),
        ("vgg", {"dropout": 1}, "dropout=1.0: it must be from 0 to 0.95"),
        ("vgg", {"pooling": "strides"}, "pooling=strides: choose one of max, average"),
        ("simple", {"pooling": "none"}, "choose one of max, average, strides"),
        ("simple", {"stages": 0}, "stages=0: it must be from 1 to 8"),
        ("resnet", {"depth": 20}, "choose one of 18, 34, 50"),
        ("resnet", {"stem": "tiny"}, "choose one of auto, imagenet, small"),
        ("squeezenet", {"width": 30}, "needs a multiple of 4"),
        ("inception", {"width": 0}, "width=0.0: it must be from 0.05 to 8"),
        ("dilated", {"first": "pool"}, "choose one of strides, pooling, none"),
        ("dilated", {"stages": 9}, "stages=9: it must be from 1 to 8"),
        ("stridednet", {"width": -1}, "width=-1: it must be from"),
        ("narrowresnet", {"width": -1}, "width=-1: it must be from"),
    ],
)
def test_an_option_out_of_its_choices_is_refused_in_one_line(name: str, options: dict[str, Option], says: str) -> None:
    with pytest.raises(RequestError, match=says) as problem:
        make(name, **options)
    assert "\n" not in str(problem.value)


def test_a_whole_number_serves_where_a_number_is_due() -> None:
    assert make("inception", width=1).count_params() == make("inception", width=1.0).count_params()


LEAST_PX = [
    ("simple", {}, 8),
    ("simple", {"stages": 5}, 32),
    ("simple", {"pooling": "strides"}, 8),
    ("stridednet", {}, 32),
    ("narrowresnet", {}, 16),
    ("allconv", {"width": 8}, 12),
    ("vgg", {"width": 8}, 32),
    ("resnet", {"width": 8}, 8),
    ("resnet", {"width": 8, "stem": "imagenet"}, 32),
    ("inception", {"width": 0.25}, 32),
    ("squeezenet", {"width": 16}, 16),
    ("dilated", {}, 8),
]


@pytest.mark.parametrize(("name", "options", "least_px"), LEAST_PX)
def test_the_least_size_builds_and_one_pixel_less_is_refused(
    name: str, options: dict[str, Option], least_px: int
) -> None:
    make(name, least_px, **options)
    with pytest.raises(RequestError, match=f"needs images of at least {least_px} px, not {least_px - 1}"):
        make(name, least_px - 1, **options)
