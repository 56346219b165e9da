"""The networks against the papers: weights, map sizes, and other implementations of the same architecture."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np
import pytest

from convwise.conv2d import NetworkSettings
from convwise.images.image_shape import ImageShape
from convwise.nets import Option, build


@contextmanager
def nothing_allocated() -> Iterator[None]:
    """Variables know their shapes and keep no numbers: Keras draws them to work out shapes and lets them go."""
    with keras.StatelessScope(initialize_variables=False):
        yield


def make(name: str, size_px: int = 224, n_classes: int = 1000, **options: Option) -> keras.Model:
    settings = NetworkSettings(options=options)
    return build(
        name, shape=ImageShape.of(size_px), n_classes=n_classes, settings=settings, seed=1, precision="float32"
    ).model


def published(name: str, n_classes: int = 1000, **options: Option) -> keras.Model:
    with nothing_allocated():
        return make(name, 224, n_classes, **options)


def n_trainable(model: keras.Model) -> int:
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


VGG = {"width": 64, "batch_norm": False, "dense": 4096}


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        # Simonyan and Zisserman 2015, table 2, in millions: 133, 133, 138, 144; torchvision lists the exact counts.
        pytest.param("vgg", {**VGG, "depth": 11}, 132_863_336, marks=pytest.mark.slow),
        pytest.param("vgg", {**VGG, "depth": 13}, 133_047_848, marks=pytest.mark.slow),
        ("vgg", {**VGG, "depth": 16}, 138_357_544),
        pytest.param("vgg", {**VGG, "depth": 19}, 143_667_240, marks=pytest.mark.slow),
        # torchvision's resnet18, resnet34, resnet50 (biases left out there too).
        ("resnet", {"depth": 18, "width": 64}, 11_689_512),
        ("resnet", {"depth": 34, "width": 64}, 21_797_672),
        ("resnet", {"depth": 50, "width": 64}, 25_557_032),
        # torchvision's squeezenet1_1, from the authors' SqueezeNet_v1.1.
        ("squeezenet", {"batch_norm": False}, 1_235_496),
        # Szegedy et al. 2015, table 1, summed by hand in the test below.
        ("inception", {"batch_norm": False}, 6_998_552),
    ],
)
def test_a_published_network_has_the_published_weights(name: str, options: dict[str, Option], count: int) -> None:
    assert n_trainable(published(name, **options)) == count


def test_the_all_convolutional_net_has_about_the_1_4_million_weights_of_its_table_3() -> None:
    # Springenberg et al. 2015, table 1: (channels in, filters, window squared) by layer, and a bias a filter.
    rows = [(3, 96, 9), (96, 96, 9), (96, 96, 9), (96, 192, 9), (192, 192, 9), (192, 192, 9), (192, 192, 9)]
    rows += [(192, 192, 1), (192, 10, 1)]
    by_hand = sum(before * filters * window + filters for before, filters, window in rows)
    with nothing_allocated():
        model = make("allconv", 32, 10, width=96, batch_norm=False)
    assert n_trainable(model) == by_hand == 1_369_738
    # Global averaging is over 6x6 maps (table 2): the last 3x3 convolution has no padding.
    assert model.get_layer("stage3_classes").output.shape == (None, 6, 6, 10)


# Module: channels in, and table 1 of Szegedy et al. 2015: "params" in thousands (of 1024) and "output size". The params
# are not quite what the table's own filters come to (3b: 379, 4c: 498, 5a: 1018), so they are held to 8 % only.
GOOGLENET = {
    "3a": (192, 159, (28, 28, 256)),
    "3b": (256, 380, (28, 28, 480)),
    "4a": (480, 364, (14, 14, 512)),
    "4b": (512, 437, (14, 14, 512)),
    "4c": (512, 463, (14, 14, 512)),
    "4d": (512, 580, (14, 14, 528)),
    "4e": (528, 840, (14, 14, 832)),
    "5a": (832, 1072, (7, 7, 832)),
    "5b": (832, 1388, (7, 7, 1024)),
}
# The same table: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
FILTERS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def test_every_row_of_googlenets_table_is_met() -> None:
    model = published("inception", batch_norm=False)
    total = 7 * 7 * 3 * 64 + 64 + 64 * 64 + 64 + 9 * 64 * 192 + 192 + 1024 * 1000 + 1000
    for label, (before, thousands, shape) in GOOGLENET.items():
        one, reduce_three, three, reduce_five, five, projection = FILTERS[label]
        kernels = before * (one + reduce_three + reduce_five + projection)
        kernels += 9 * reduce_three * three + 25 * reduce_five * five
        total += kernels + sum(FILTERS[label])
        layers = [each for each in model.layers if each.name.startswith(f"inception{label}_") and each.weights]
        assert sum(math.prod(layer.kernel.shape) for layer in layers) == kernels
        assert kernels / 1024 == pytest.approx(thousands, rel=0.08)
        assert model.get_layer(f"inception{label}_join").output.shape[1:] == shape
    assert n_trainable(model) == total
    for name, size_px in (("stem_conv1", 112), ("stem_pool1", 56), ("stem_conv2", 56), ("stem_pool2", 28)):
        assert model.get_layer(name).output.shape[1] == size_px


def test_the_stages_have_the_published_map_sizes() -> None:
    vgg, resnet, squeezenet = published("vgg", dense=8), published("resnet"), published("squeezenet")
    assert [vgg.get_layer(f"stage{i}_pool").output.shape[1] for i in range(1, 6)] == [112, 56, 28, 14, 7]
    # He et al. 2016, table 1.
    assert [resnet.get_layer(f"stage{i}_block2_relu").output.shape[1] for i in range(1, 5)] == [56, 28, 14, 7]
    # The authors' SqueezeNet_v1.1 makes 113, 56, 28, 14 of 227 px.
    sizes = [squeezenet.get_layer(name).output.shape[1] for name in ("conv1", "pool1", "pool3", "pool5")]
    assert sizes == [111, 56, 28, 14]


def test_vgg16_computes_what_keras_applications_vgg16_computes() -> None:
    theirs = keras.applications.VGG16(weights=None, include_top=False, input_shape=(32, 32, 3))
    ours = make("vgg", 32, 10, width=64, batch_norm=False, dense=8)
    mine = [layer for layer in ours.layers if isinstance(layer, keras.layers.Conv2D)]
    other = [layer for layer in theirs.layers if isinstance(layer, keras.layers.Conv2D)]
    for ours_layer, their_layer in zip(mine, other, strict=True):
        ours_layer.set_weights(their_layer.get_weights())
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    features = keras.Model(ours.input, ours.get_layer("stage5_pool").output)(pixels)
    expected = np.asarray(theirs(pixels / 64 - 2))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(features), expected, rtol=1e-4, atol=1e-4 * expected.std())


def test_resnet50_differs_from_keras_applications_by_the_biases_alone() -> None:
    with nothing_allocated():
        theirs = keras.applications.ResNet50(weights=None)
    biases = sum(layer.filters for layer in theirs.layers if isinstance(layer, keras.layers.Conv2D))
    ours = published("resnet", depth=50, width=64)
    assert n_trainable(theirs) - biases == n_trainable(ours)

    def kernels(model: keras.Model) -> list[tuple[int, ...]]:
        found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
        return sorted(tuple(layer.kernel.shape) for layer in found)

    assert kernels(ours) == kernels(theirs)
    ends = ("conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
    mine = ("stage1_block3_relu", "stage2_block4_relu", "stage3_block6_relu", "stage4_block3_relu")
    assert [ours.get_layer(name).output.shape for name in mine] == [theirs.get_layer(n).output.shape for n in ends]


def test_the_depth_counts_the_layers_with_weights_on_the_longest_path() -> None:
    for name, depths in (("vgg", (11, 13, 16, 19)), ("resnet", (18, 34, 50))):
        for depth in depths:
            model = published(name, depth=depth, width=8)
            path = [layer.name for layer in model.layers if re.search(r"conv\d?$|^dense\d$|^probabilities", layer.name)]
            assert len(path) == depth, (name, depth)
