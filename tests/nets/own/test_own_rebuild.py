"""The rebuilt graph computes what the user's model computes, and settings reach its convolutions."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import Built, build
from convwise.nets.layer_table.graph import flatten
from convwise.nets.own.reference import OwnNetwork, find_own
from convwise.nets.own.room import room_of

EXAMPLES = Path(__file__).parent / "examples"
SIZES = {
    "sequential_logits.py:classifier": 32,
    "shared_and_nested.py:twins": 32,
    "from_applications.py:mobilenet": 96,
    "from_applications.py:mobilenet_v2": 96,
    "with_conv.py:stages": 32,
}
FAST = ["sequential_logits.py:classifier", "shared_and_nested.py:twins", "with_conv.py:stages"]
ALL = [*FAST, *[pytest.param(name, marks=pytest.mark.slow) for name in SIZES if name not in FAST]]


def example(reference: str, **found: Any) -> OwnNetwork:
    own = find_own(f"{EXAMPLES}/{reference}")
    return replace(own, **{"input_range": 255, "logits": False, **found})


def made(own: OwnNetwork, *texts: str, size_px: int = 32, n_classes: int = 4, seed: int = 1, **more: Any) -> Built:
    return build(
        own,
        **{"shape": ImageShape.of(size_px), "n_classes": n_classes, "seed": seed, "precision": "float32", **more},
        settings=parse_settings(texts),
    )


def pixels(size_px: int, n: int = 3) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 256, (n, size_px, size_px, 3)).astype("float32")


def answers(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(model(images, training=False)))


def written(folder: Path, body: str) -> OwnNetwork:
    path = folder / "mine.py"
    path.write_text("import keras\nfrom keras import layers\n\n\ndef mine(input_shape, n_classes):\n" + body)
    return replace(find_own(f"{path}:mine"), input_range=255, logits=False)


@pytest.mark.parametrize("reference", ALL)
def test_without_settings_the_rebuilt_network_is_the_users(reference: str) -> None:
    """Its weights copied, it gives the same numbers, bit for bit; in training, the same gradients up to rounding."""
    from convwise.nets.convolution import Convolution
    from convwise.nets.own.module import call_function

    size_px = SIZES[reference]
    own = example(reference)
    conv = {"conv": Convolution(parse_settings([]))} if own.read().takes_conv else {}
    users = call_function(own, (size_px, size_px, 3), 4, **conv)
    model = made(own, shape=ImageShape.of(size_px)).model
    assert [w.shape for w in users.weights] == [w.shape for w in model.weights]
    random = np.random.default_rng(3)
    users.set_weights([np.abs(random.normal(0.1, 0.05, w.shape)).astype("float32") for w in users.weights])
    model.set_weights(users.get_weights())
    assert np.array_equal(answers(users, pixels(size_px)), answers(model, pixels(size_px)))


@pytest.mark.parametrize("reference", FAST)
def test_first_weights_follow_from_the_seed_and_names_stay(reference: str) -> None:
    own = example(reference)
    one, same, other = (made(own, seed=seed).model for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), same.get_weights(), strict=True))
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])
    assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]


def test_a_seed_in_the_file_does_not_fix_the_first_weights(tmp_path: Path) -> None:
    own = written(
        tmp_path,
        """    he = keras.initializers.HeNormal(seed=7)
    return keras.Sequential([keras.Input(input_shape), layers.Conv2D(4, 3, kernel_initializer=he), layers.Flatten(),
        layers.Dense(n_classes, activation="softmax", kernel_initializer=keras.initializers.HeNormal(seed=7))])
""",
    )
    one, other = (made(own, seed=seed).model.get_weights() for seed in (1, 2))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[2], other[2])


def test_settings_reach_layers_by_name_and_stages_by_the_beginning_of_names() -> None:
    built = made(example("shared_and_nested.py:twins"), "body.kernel_size=5", "body_conv2.use_bias=false")
    sizes = {layer.name: (layer.kernel_size, layer.use_bias) for layer in convolutions(built.model)}
    assert sizes == {
        "stem_conv": ((3, 3), True),
        "body_conv1": ((5, 5), False),
        "body_conv2": ((5, 5), False),
    }


def test_stages_of_kerass_own_names_are_the_heights_of_the_maps() -> None:
    own = example("sequential_logits.py:classifier")
    built = made(own, "map16.kernel_size=5", "conv.activation=silu", "map6.activation=elu")
    found = {layer.name: (layer.kernel_size[0], layer.activation.__name__) for layer in convolutions(built.model)}
    assert found == {"conv2d": (3, "silu"), "conv2d_1": (5, "silu"), "conv2d_2": (3, "elu")}
    with pytest.raises(RequestError, match=r"no convolution or stage 'map9'; did you mean map6"):
        made(own, "map9.kernel_size=5")


@pytest.mark.slow
def test_a_published_network_is_made_narrower_as_a_study_asks() -> None:
    """MobileNet's depthwise convolutions have as many filters as they are given; its last one has the classes."""
    own = example("from_applications.py:mobilenet")
    whole, narrow = (made(own, *texts).model for texts in ((), ("conv.filters=x0.5",)))
    assert narrow.count_params() < 0.7 * whole.count_params()
    assert narrow.output_shape == whole.output_shape == (None, 4)


def test_a_layer_called_twice_changes_once_and_stays_one() -> None:
    model = made(example("shared_and_nested.py:twins"), "stem_conv.kernel_size=5").model
    assert [layer.name for layer in convolutions(model)].count("stem_conv") == 1
    assert len([call for call in flatten(model).calls if call.name.startswith("stem_conv")]) == 2


def test_another_layout_computes_the_same(channels_first: None) -> None:
    own = example("shared_and_nested.py:twins")
    last, first = made(own).model, made(own, "conv.data_format=channels_first").model
    first.set_weights(last.get_weights())
    assert {layer.data_format for layer in convolutions(first)} == {"channels_first"}
    assert np.allclose(answers(last, pixels(32)), answers(first, pixels(32)), atol=1e-5)


def test_an_activation_of_the_users_own_stays_unless_it_is_set() -> None:
    own = example("shared_and_nested.py:twins")
    stem = {layer.name: layer for layer in convolutions(made(own).model)}["stem_conv"]
    assert stem.activation.__name__ == "soft_relu"
    stem = {layer.name: layer for layer in convolutions(made(own, "stem_conv.activation=elu").model)}["stem_conv"]
    assert stem.activation.__name__ == "elu"


BRANCHES = """    pixels = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, padding="same", name="before")(pixels)
    a = layers.Conv2D(8, 3, padding="same", name="branch_a")(x)
    b = layers.Conv2D(8, 5, padding="valid", name="branch_b")(layers.ZeroPadding2D(2)(x))
    x = layers.Concatenate(name="joined")([a, b])
    x = layers.Conv2D(8, 3, padding="same", name="behind")(x)
    x = layers.Conv2D(n_classes, 1, name="classes")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, layers.Softmax()(x))
"""


def test_branches_keep_what_their_join_needs_and_the_last_convolution_its_classes(tmp_path: Path) -> None:
    own = written(tmp_path, BRANCHES)
    built = made(own, "conv.padding=valid", "conv.filters=x2", "conv.kernel_size=7")
    reasons = {(change.layer, change.parameter): change.reason for change in built.changes}
    assert reasons["branch_a", "padding"] == "joined needs maps of one size"
    assert reasons["branch_b", "kernel_size"] == "joined needs maps of one size"
    assert reasons["branch_a", "kernel_size"] == ""
    assert reasons["before", "padding"] == reasons["behind", "padding"] == ""
    assert reasons["classes", "filters"] == "one map a class"
    with pytest.raises(RequestError, match=r"branch_a\.padding=valid: joined needs maps of one size"):
        made(own, "branch_a.padding=valid")


def test_what_lies_on_every_way_to_a_join_is_not_within_it(tmp_path: Path) -> None:
    own = written(tmp_path, BRANCHES)
    graph = flatten(made(own).model)
    kept = {call.name: dict(room_of(graph)[id(call.operation)].keep) for call in graph.calls if call.kind == "Conv2D"}
    assert {name for name, keep in kept.items() if "padding" in keep} == {"branch_a", "branch_b"}


@pytest.mark.parametrize("text", ["branch_a.strides=2", "branch_a.filters=4"])
def test_maps_that_no_longer_fit_are_refused_by_the_layer(text: str, tmp_path: Path) -> None:
    own = written(tmp_path, BRANCHES.replace("Concatenate", "Add"))
    with pytest.raises(RequestError, match=r"the layer joined cannot take .*; set less, or for fewer layers") as no:
        made(own, text)
    assert "\n" not in str(no.value)


def test_one_name_in_two_nested_models_gets_the_models_name(tmp_path: Path) -> None:
    own = written(
        tmp_path,
        """    def block(name, filters):
        return keras.Sequential([layers.Conv2D(filters, 3, padding="same", name="conv"), layers.ReLU(name="relu")],
            name=name)

    return keras.Sequential([keras.Input(input_shape), block("one", 4), block("two", 8), layers.Flatten(),
        layers.Dense(n_classes, activation="softmax")])
""",
    )
    built = made(own, "two.kernel_size=5")
    assert {layer.name: layer.kernel_size[0] for layer in convolutions(built.model)} == {"one_conv": 3, "two_conv": 5}


def test_lambdas_keyword_arguments_and_several_outputs_survive(tmp_path: Path) -> None:
    own = written(
        tmp_path,
        """    pixels = keras.Input(input_shape)
    x = layers.Conv2D(4, 3, strides=4, name="stem")(pixels)
    x = layers.Lambda(lambda maps: maps * 2.0, name="twice")(x)
    a, b = keras.ops.split(x, 2, axis=-1)
    x = keras.ops.maximum(a, x2=b)
    tokens = layers.Reshape((-1, 2))(x)
    tokens = layers.MultiHeadAttention(1, 2, name="look")(query=tokens, value=tokens)
    x = layers.Flatten()(tokens)
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax")(x))
""",
    )
    model = made(own, "stem.kernel_size=5").model
    found = answers(model, pixels(32))
    assert found.shape == (3, 4)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)


def test_what_a_normalization_was_adapted_to_is_part_of_the_network(tmp_path: Path) -> None:
    norm = keras.layers.Normalization()
    norm.adapt(pixels(16, 32))
    model = keras.Sequential(
        [keras.Input((16, 16, 3)), norm, keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )
    model.save(tmp_path / "adapted.keras")
    own = replace(find_own(str(tmp_path / "adapted.keras")), input_range=255, logits=False)
    rebuilt = made(own, shape=ImageShape.of(16), n_classes=3).model
    rebuilt.layers[-1].set_weights(model.layers[-1].get_weights())
    assert np.allclose(answers(model, pixels(16)), answers(rebuilt, pixels(16)), atol=1e-6)


@pytest.fixture
def keras_file(tmp_path: Path) -> Callable[..., OwnNetwork]:
    def make(**found: Any) -> OwnNetwork:
        users = made(example("sequential_logits.py:classifier")).model
        users.save(tmp_path / "mine.keras")
        return replace(find_own(str(tmp_path / "mine.keras")), **{"input_range": 255, "logits": False, **found})

    return make


def test_a_keras_file_gives_its_architecture_at_any_size(keras_file: Callable[..., OwnNetwork]) -> None:
    own = keras_file()
    users = keras.models.load_model(own.path)
    model = made(own, seed=9).model
    assert not np.array_equal(users.get_weights()[0], model.get_weights()[0])
    larger = made(own, shape=ImageShape.of(48)).model
    assert larger.input_shape == (None, 48, 48, 3)
    assert larger.layers[-1].kernel.shape != model.layers[-1].kernel.shape


def test_kept_weights_are_those_of_the_file(keras_file: Callable[..., OwnNetwork]) -> None:
    own = keras_file(keeps_weights=True)
    users = keras.models.load_model(own.path)
    assert np.array_equal(answers(users, pixels(32)), answers(made(own, seed=9).model, pixels(32)))
    for texts, layer in ((["conv2d_1.kernel_size=5"], "conv2d_1"), (["conv.filters=x2"], "conv2d")):
        with pytest.raises(RequestError, match=f"weights=keep: the weights of the layer {layer} do not fit any more"):
            made(own, *texts)
    assert made(own, "conv.activation=elu").changes


REFUSED = {
    "a head of other classes": (
        "    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), layers.Dense(10, name='head')])\n",
        r"a head of 10 classes \(the layer head\), and there are 4",
    ),
    "maps for answers": (
        "    return keras.Sequential([keras.Input(input_shape), layers.Conv2D(4, 3, name='only')])\n",
        r"it answers with 30x30x4 \(the layer only\)",
    ),
    "a class without a graph": (
        "    class Net(keras.Model):\n        def call(self, x):\n            return x\n"
        "    return Net(name='closed')\n",
        r"the model closed \(Net\) is a class of its own without a graph of layers",
    ),
    "a graph that is not what is called": (
        "    class Net(keras.Model):\n        def call(self, x):\n            return 2 * super().call(x)\n"
        "    p = keras.Input(input_shape)\n"
        "    return Net(p, layers.Dense(n_classes)(layers.Flatten()(p)), name='closed')\n",
        r"the model closed \(Net\) is a class of its own",
    ),
    "two outputs": (
        "    p = keras.Input(input_shape)\n    x = layers.Flatten()(p)\n"
        "    return keras.Model(p, [layers.Dense(n_classes)(x), layers.Dense(2)(x)])\n",
        "it has 1 inputs and 2 outputs",
    ),
    "another input": (
        "    return keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(n_classes)])\n",
        "it takes 28x28x1; the images are 32x32x3",
    ),
    "an input of its own size": (
        "    return keras.Sequential([keras.Input((28, 28, 3)), layers.Flatten(), layers.Dense(n_classes)])\n",
        "it takes 28x28x3, whatever it is asked for",
    ),
    "too small": (
        "    return keras.Sequential([keras.Input(input_shape), *[layers.Conv2D(4, 3, strides=2) for _ in range(6)],"
        " layers.Flatten(), layers.Dense(n_classes)])\n",
        r"cannot be built: line 6: ValueError: ",
    ),
    "a layer without its configuration": (
        "    class Odd(layers.Layer):\n        def __init__(self, f):\n            super().__init__()\n"
        "            self.f = f\n        def call(self, x):\n            return self.f(x)\n"
        "    return keras.Sequential([keras.Input(input_shape), Odd(lambda x: x), layers.Flatten(),"
        " layers.Dense(n_classes)])\n",
        r"the layer odd \(Odd\) cannot be made from its configuration: .*get_config",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_classifier_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    body, message = REFUSED[case]
    with pytest.raises(RequestError, match=message) as refused:
        made(written(tmp_path, body))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("reference", FAST)
def test_half_precision_reaches_the_layers_and_not_the_answers(reference: str) -> None:
    model = made(example(reference, logits="logits" in reference), precision="bfloat16").model
    assert {layer.compute_dtype for layer in convolutions(model)} == {"bfloat16"}
    found = model(pixels(32).astype("uint8"))
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    assert np.allclose(np.asarray(found).sum(axis=1), 1, atol=1e-5)


def convolutions(model: keras.Model) -> list[Any]:
    return [layer for layer in model.layers if type(layer) is keras.layers.Conv2D]
