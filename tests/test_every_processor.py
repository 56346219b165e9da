"""What depends on oneDNN holds with it and without: in processes of their own, since TensorFlow asks once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import keras
import pytest

from convwise.processor import ONE_DNN, instruction_set

_TENSORFLOW = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="oneDNN is TensorFlow's here")


def answers(script: str, setting: str | None, *, said: str = "") -> Any:
    """What a fresh Python prints as JSON, with the variable as it is given (None: not set)."""
    environment = {name: value for name, value in os.environ.items() if name != ONE_DNN}
    if setting is not None:
        environment[ONE_DNN] = setting
    done = subprocess.run(
        [sys.executable, "-c", f"import json\n{script}"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stderr
    return json.loads(done.stdout.splitlines()[-1])


_WHERE_THE_BACKEND_COMES_IN = {
    "python": "import convwise, keras",
    "python, a module alone": "import convwise.training.predict",
    "command line": "from convwise.cli import main; main(['explain', 'simple', '--size', '32', '--json'])",
    "worker of a study": "import convwise.study.worker; import convwise.study.trial_runner, keras",
    "worker of a cluster": "import convwise.study.ray_engine, keras",
}


@_TENSORFLOW
@pytest.mark.parametrize(
    ("way", "setting"),
    [*((way, None) for way in _WHERE_THE_BACKEND_COMES_IN), ("python", "0"), ("worker of a study", "0")],
)
def test_one_dnn_is_on_wherever_the_backend_comes_in_unless_the_user_says_no(way: str, setting: str | None) -> None:
    found = answers(
        f"{_WHERE_THE_BACKEND_COMES_IN[way]}\nimport tensorflow\nfrom convwise.nets.backend import layout_works\n"
        "print(json.dumps(layout_works('channels_first')))",
        setting,
    )
    if setting == "0":
        assert found is False
    elif found is False:
        pytest.skip(f"this build of TensorFlow has no oneDNN for {instruction_set()}")


@_TENSORFLOW
@pytest.mark.parametrize("setting", ["0", "1"])
def test_a_tensorflow_that_was_there_first_is_told_of_only_where_it_is_slow(setting: str) -> None:
    script = f"""
import os, warnings
os.environ["{ONE_DNN}"] = "{setting}"
import tensorflow
del os.environ["{ONE_DNN}"]
tensorflow.ones(1)
from convwise.nets.backend import warn_of_a_slow_start
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    warn_of_a_slow_start()
    warn_of_a_slow_start()
print(json.dumps([[str(each.message) for each in told], os.environ.get("{ONE_DNN}")]))
"""
    told, variable = answers(script, None)
    assert variable is None  # a variable that came too late would be a lie
    if setting == "0":
        assert len(told) == 1
        assert "import convwise first" in told[0]
    else:
        assert told == []


_EVERYTHING_THAT_DEPENDS = """
import numpy as np, keras
from convwise.conv2d import NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.backend import layout_works, type_works
from convwise.nets.fast_layers import with_fast_layers
from convwise.study.factors import factors_of
from convwise.training.recipe import Recipe

works = {f"{layout} {grouped}": layout_works(layout, grouped=grouped)
         for layout in ("channels_last", "channels_first") for grouped in (False, True)}
def built(*texts):
    try:
        settings = parse_settings(texts)
        asked = {"n_classes": 2, "settings": settings, "seed": 0, "precision": "float32"}
        return build("simple", shape=ImageShape.of(16), **asked).model
    except RequestError as problem:
        return str(problem)
first = built("conv.data_format=channels_first")
refusal = first if isinstance(first, str) else ""
pixels = np.random.default_rng(3).integers(0, 255, (4, 16, 16, 3)).astype("float32")
def trained(model):
    model.compile("sgd", "categorical_crossentropy", jit_compile=False)
    model.fit(pixels, np.eye(2)[[0, 1, 0, 1]], epochs=1, verbose=0)
    return float(np.abs(model.predict_on_batch(pixels)).sum())
sums = [trained(with_fast_layers(model)) for model in (built(), first) if not isinstance(model, str)]
maps = keras.Input((16, 16, 3))
x = keras.layers.Permute((3, 1, 2))(keras.layers.Conv2D(4, 3)(maps))
x = keras.layers.Conv2D(4, 3, groups=2, data_format="channels_first")(x)  # compiled by XLA: it runs either way
sums.append(trained(with_fast_layers(keras.Model(maps, keras.layers.Dense(2, "softmax")(keras.layers.Flatten()(x))))))
factors, settled = factors_of(
    "simple", shape=ImageShape.of(32), n_classes=3, settings=NetworkSettings(), recipe=Recipe(),
    parameters=("data_format", "use_bias"),
)
layouts = [factor.first.settings for factor in factors if factor.parameter == "data_format"]
print(json.dumps([works, refusal, sums, layouts, [rule.why for rule in settled]]))
"""


@_TENSORFLOW
@pytest.mark.parametrize("setting", ["0", "1"])
def test_rules_networks_training_and_factors_agree_with_what_the_backend_can_do(setting: str) -> None:
    works, refusal, sums, layouts, whys = answers(_EVERYTHING_THAT_DEPENDS, setting)
    assert works["channels_last False"]
    assert works["channels_last True"]
    assert all(total == pytest.approx(4, abs=1e-4) for total in sums)  # four rows of probabilities
    if works["channels_first False"]:
        assert refusal == ""
        assert layouts == [["conv.data_format=channels_first"]]
    else:
        assert "data_format=channels_last" in refusal
        assert layouts == []
        assert "the backend has no such convolution" in whys[0]
