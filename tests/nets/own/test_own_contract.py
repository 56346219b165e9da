"""What is found out about a user's network before it is trained, and what is refused."""

from dataclasses import replace
from pathlib import Path

import keras
import pytest

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import usual_rate
from convwise.nets.own.contract import Examined, examine
from convwise.nets.own.reference import find_own

EXAMPLES = Path(__file__).parent / "examples"


def examined(
    folder: Path, layers: str, *, input_range: int | None = None, before: str = "", classes: str = ""
) -> Examined:
    """Of a Sequential network with these layers between its input and its head."""
    path = folder / "mine.py"
    path.write_text(
        f"import keras\nfrom keras import layers\n\n\n{classes}\n\ndef mine(input_shape, n_classes):\n"
        f"{before}    return keras.Sequential([keras.Input(input_shape), {layers}])\n"
    )
    own = find_own(f"{path}:mine", input_range=input_range)
    return examine(own, shape=ImageShape.of(16), n_classes=3, settings=NetworkSettings())


HEAD = "layers.Conv2D(4, 3, strides=4), layers.Flatten(), layers.Dense(n_classes, activation='softmax')"
FRONTS = {
    "": 1,
    "layers.Rescaling(1 / 255),": 255,
    "layers.Rescaling(1 / 127.5, offset=-1),": 255,
    "layers.Rescaling(2.0, offset=-1),": 1,  # takes 0 to 1 to -1 to 1
    "layers.RandomFlip(), layers.Rescaling(1 / 64, offset=-2),": 255,
    "layers.RandomFlip(),": 1,
    "layers.Normalization(mean=[120.0] * 3, variance=[3600.0] * 3),": 255,
    "layers.Normalization(mean=[0.5] * 3, variance=[0.06] * 3),": 1,
    "layers.Rescaling(1.0, offset=[-123.7, -116.8, -103.9]),": 255,  # as Caffe's networks have it
    "layers.BatchNormalization(),": 1,
    "layers.Resizing(8, 8), layers.ZeroPadding2D(4), layers.Rescaling(1 / 255),": 255,
    "layers.Lambda(scaled),": 255,
}


@pytest.mark.parametrize("front", FRONTS)
def test_the_range_of_the_pixels_is_found_out_from_the_graph(front: str, tmp_path: Path) -> None:
    scaled = "def scaled(x):\n    return keras.applications.mobilenet_v2.preprocess_input(x)\n"
    found = examined(tmp_path, front + HEAD, classes=scaled)
    assert found.own.input_range == FRONTS[front]
    assert ("scales them itself" in found.notes[0]) == (FRONTS[front] == 255)


def test_the_range_can_be_told(tmp_path: Path) -> None:
    found = examined(tmp_path, HEAD, input_range=255)
    assert found.own.input_range == 255
    assert "as asked for" in found.notes[0]
    again = examine(found.own, shape=ImageShape.of(16), n_classes=3, settings=NetworkSettings())
    assert again.own == found.own


@pytest.mark.parametrize(
    ("end", "logits"),
    [
        ("layers.Dense(n_classes)", True),
        ("layers.Dense(n_classes), layers.Softmax()", False),
        ("layers.Dense(n_classes), layers.Activation('softmax')", False),
        ("layers.Dense(n_classes, activation='softmax'), layers.Reshape((n_classes,))", False),
        ("layers.Dense(n_classes), layers.Lambda(keras.ops.softmax)", False),
    ],
)
def test_logits_are_told_from_probabilities(end: str, logits: bool, tmp_path: Path) -> None:
    found = examined(tmp_path, f"layers.Flatten(), {end}")
    assert found.own.logits is logits
    assert any("a softmax is put behind it" in note for note in found.notes) is logits


REFUSED = {
    "sigmoid": ("layers.Flatten(), layers.Dense(n_classes, activation='sigmoid', name='head')", "head ends in sigmoid"),
    "relu": ("layers.Flatten(), layers.Dense(n_classes), layers.ReLU(name='last')", "last ends in relu"),
    "no weights": ("layers.GlobalAveragePooling2D(), layers.Softmax()", "it has no weights that are trained"),
    "frozen": ("layers.Flatten(), layers.Dense(n_classes, trainable=False)", "it has no weights that are trained"),
    "not a number": ("layers.Rescaling(1e38), layers.Rescaling(1e38), " + HEAD, "are not finite numbers"),
    "no gradient": (
        "layers.Flatten(), layers.Dense(n_classes), layers.Lambda(keras.ops.stop_gradient), layers.Softmax()",
        "no gradient reaches its weights|a step of training fails",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    layers, message = REFUSED[case]
    with pytest.raises(RequestError, match=message) as refused:
        examined(tmp_path, layers)
    assert "\n" not in str(refused.value)


LOSING = """class Lost(layers.Layer):
    def __init__(self, times=1.0, **kwargs):
        super().__init__(**kwargs)
        self.times = times

    def call(self, x):
        return x * self.times

    def get_config(self):
        return {**super().get_config(), **({"times": self.times} if KEEPS else {})}
"""


@pytest.mark.parametrize("keeps", [True, False])
def test_a_class_must_say_all_in_its_configuration(keeps: bool, tmp_path: Path) -> None:
    """Else its copy, and what is loaded from the trained model, would compute something else."""
    classes = LOSING.replace("KEEPS", str(keeps))
    if keeps:
        assert examined(tmp_path, "Lost(0.5), " + HEAD, classes=classes).own.logits is False
    else:
        with pytest.raises(RequestError, match="answers otherwise"):
            examined(tmp_path, "Lost(0.5), " + HEAD, classes=classes)


def test_a_class_within_a_function_is_refused(tmp_path: Path) -> None:
    before = "".join(f"    {line}\n" for line in LOSING.replace("KEEPS", "True").splitlines())
    with pytest.raises(RequestError, match="the layer lost is of the class Lost, which is made within a function"):
        examined(tmp_path, "Lost(0.5), " + HEAD, before=before)


def test_what_is_said_of_shared_layers_and_stages() -> None:
    own = find_own(f"{EXAMPLES}/shared_and_nested.py:twins")
    said = "\n".join(examine(own, shape=ImageShape.of(32), n_classes=4, settings=NetworkSettings()).notes)
    assert "called more than once: stem_conv 2 times, body_conv1 2 times, body_conv2 2 times" in said
    own = find_own(f"{EXAMPLES}/sequential_logits.py:classifier")
    said = "\n".join(examine(own, shape=ImageShape.of(32), n_classes=4, settings=NetworkSettings()).notes)
    assert "stages, by the height of the maps that a convolution makes: map32, map16, map6" in said


def test_networks_without_normalisation_get_the_smaller_rate(tmp_path: Path) -> None:
    plain = examined(tmp_path, HEAD).own
    normalised = examined(tmp_path, "layers.Conv2D(4, 3), layers.BatchNormalization(), " + HEAD).own
    assert usual_rate(plain) == usual_rate("simple")
    assert usual_rate(normalised) == usual_rate("resnet") > usual_rate(plain)


def test_a_lambda_that_will_be_code_in_the_model_is_said(tmp_path: Path) -> None:
    found = examined(tmp_path, "layers.Lambda(lambda x: x / 255, name='code'), " + HEAD)
    assert any("code is a Lambda" in note and "trust=True" in note for note in found.notes)


def test_a_model_of_keras_applications_does_not_scale_unless_it_says_so() -> None:
    own = find_own(f"{EXAMPLES}/from_applications.py:mobilenet")
    found = examine(replace(own), shape=ImageShape.of(32), n_classes=4, settings=NetworkSettings())
    assert found.own.input_range == 1
    assert keras.backend.backend()
