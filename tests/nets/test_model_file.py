"""Model files: what is loaded, and the one line for each kind of file that is none."""

from __future__ import annotations

import importlib
import io
import json
import os
import resource
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras import layers

import convwise
from convwise import cli
from convwise.errors import ConvwiseError, RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets.model_file import load_model_file, load_run_model

Damage = Callable[[Path, Path], None]  # from a good file's folder, into the path of a bad one


def network(*parts: Any, outputs: int = 3, size_px: int = 8, channels: int = 3) -> keras.Model:
    keras.backend.clear_session(free_memory=False)
    pixels = keras.Input((size_px, size_px, channels))
    x = pixels
    for part in (layers.Conv2D(4, 3, name="convolution"), *parts):
        x = part(x)
    x = layers.Dense(outputs, activation="softmax", name="classes")(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, x)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one network in both formats."""
    folder = tmp_path_factory.mktemp("good")
    save(network(), folder / "model.keras")
    save(network(), folder / "model.h5")
    return folder


def save(model: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras's about the old format
        model.save(path)


def content(text: bytes) -> Damage:
    return lambda good, bad: bad.write_bytes(text) and None


def members(change: Callable[[dict[str, bytes]], object], compression: int = zipfile.ZIP_STORED) -> Damage:
    def damage(good: Path, bad: Path) -> None:
        with zipfile.ZipFile(good / "model.keras") as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        change(found)
        with zipfile.ZipFile(bad, "w", compression) as archive:
            for name, text in found.items():
                archive.writestr(name, text)

    return damage


def layer_settings(layer: str, **settings: Any) -> Damage:
    def change(found: dict[str, bytes]) -> None:
        config = json.loads(found["config.json"])
        [own] = [each["config"] for each in config["config"]["layers"] if each["config"]["name"] == layer]
        own.update(settings)
        found["config.json"] = json.dumps(config).encode()

    return members(change)


def part_of(start: float, end: float) -> Damage:
    def damage(good: Path, bad: Path) -> None:
        data = (good / f"model{bad.suffix}").read_bytes()
        bad.write_bytes(data[int(start * len(data)) : int(end * len(data))])

    return damage


def one_byte_changed(good: Path, bad: Path) -> None:
    data = bytearray((good / "model.keras").read_bytes())
    data[len(data) // 2] ^= 255
    bad.write_bytes(data)


def sparse_dataset(found: dict[str, bytes]) -> None:
    """A dataset of 4 GB of which nothing is stored."""
    stored = io.BytesIO(found["model.weights.h5"])
    with h5py.File(stored, "r+") as file:
        del file["layers/dense/vars/1"]
        file.create_dataset("layers/dense/vars/1", shape=(10**9,), chunks=(1000,), dtype="f4")
    found["model.weights.h5"] = stored.getvalue()


def model(*parts: Callable[[], Any], prepare: Callable[[keras.Model], object] = lambda m: None) -> Damage:
    def damage(good: Path, bad: Path) -> None:
        made = network(*(part() for part in parts))
        prepare(made)
        save(made, bad)

    return damage


def not_finite(made: keras.Model) -> None:
    made.get_layer("classes").kernel.assign(np.full((4, 3), np.nan))


class Halved(layers.Layer):
    """A layer of a user's own."""

    def call(self, x: Any) -> Any:
        return x / 2


def doubled() -> Any:
    return layers.Lambda(lambda x: x * 2, name="doubled")


DAMAGED: dict[str, tuple[str, Damage, str]] = {
    "noise": (".keras", content(np.random.default_rng(0).bytes(5000)), "neither a .keras file nor an HDF5 file"),
    "no bytes": (".keras", content(b""), "it is empty"),
    "the first half": (".keras", part_of(0, 0.5), "damaged"),
    "the second half": (".keras", part_of(0.5, 1), "neither"),
    "the first half of an h5": (".h5", part_of(0, 0.5), "damaged"),
    "one byte": (".keras", one_byte_changed, "damaged"),
    "a folder": (".keras", lambda good, bad: bad.mkdir(), "Is a directory"),
    "a pipe": (".keras", lambda good, bad: os.mkfifo(bad), "not a regular file"),
    "a device": (".keras", lambda good, bad: bad.symlink_to("/dev/zero"), "not a regular file"),
    "nothing": (".keras", lambda good, bad: None, "No such file"),
    "no config": (".keras", members(lambda found: found.pop("config.json")), "without config.json"),
    "no weights": (".keras", members(lambda found: found.pop("model.weights.h5")), "without model.weights.h5"),
    "no JSON": (".keras", members(lambda found: found.update({"config.json": b"\xff{"})), "no JSON"),
    "a list": (".keras", members(lambda found: found.update({"config.json": b"[]"})), "no network"),
    "deep JSON": (".keras", members(lambda found: found.update({"config.json": b"[" * 10**5})), "too deeply"),
    "deep layers": (
        ".keras",
        members(lambda found: found.update({"config.json": b'{"a":' * 900 + b"1" + b"}" * 900})),
        "too deeply",
    ),
    "no layers": (".keras", members(lambda found: found.update({"config.json": b"{}"})), "cannot be loaded"),
    "an unknown key": (".keras", layer_settings("convolution", nonsense=1), "{'nonsense': 1}"),
    "a bomb": (
        ".keras",
        members(lambda found: found.update({"model.weights.h5": b"\0" * 10**8}), zipfile.ZIP_DEFLATED),
        "holds almost none",
    ),
    "sparse weights": (".keras", members(sparse_dataset), "holds almost none"),
    "another width": (".keras", layer_settings("classes", units=5), "classes/kernel have another shape"),
    "a huge layer": (".keras", layer_settings("classes", units=10**8), "(4, 100000000)"),
    "a huge window": (".keras", layer_settings("convolution", kernel_size=[4000] * 2, padding="same"), "(4000, "),
    "not a number": (".keras", model(prepare=not_finite), "classes/kernel hold numbers that are not finite"),
    "not a number, h5": (".h5", model(prepare=not_finite), "classes/kernel hold numbers that are not finite"),
    "a Lambda": (".keras", model(doubled), "layer doubled is a Lambda that holds Python code"),
    "a Lambda in an h5": (".h5", model(doubled), "layer doubled is a Lambda that holds Python code"),
    "an own class": (".keras", model(lambda: Halved(name="half")), "layer half is of the class Halved of the module"),
    "an own class in an h5": (".h5", model(lambda: Halved(name="half")), "layer half is of the class Halved, which"),
    "only weights": (".h5", lambda good, bad: h5py.File(bad, "w").close(), "no network that they belong to"),
    "an h5 under another name": (
        ".keras",
        lambda good, bad: shutil.copy(good / "model.h5", bad) and None,
        "that of a .h5 file",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_no_model_gets_one_line_and_no_memory(
    name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suffix, damage, says = DAMAGED[name]
    path = tmp_path / f"bad{suffix}"
    damage(good, path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RequestError) as problem:
        load_model_file(path)
    assert says in str(problem.value)
    assert str(path) in str(problem.value)
    assert str(problem.value).isprintable()
    assert len(str(problem.value)) < 600 + len(str(path))
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
    )  # kB; the huge layers need 0.8 GB and more
    if path.is_file():
        assert cli.main(["explain", str(path)]) == 2
        answer = capsys.readouterr()
        assert (answer.out, answer.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_good_file_is_loaded_as_keras_loads_it(suffix: str, good: Path) -> None:
    path = good / f"model{suffix}"
    images = np.random.default_rng(3).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    plain = keras.models.load_model(path, compile=False)
    assert np.array_equal(load_model_file(path).predict_on_batch(images), plain.predict_on_batch(images))


def everyday(x: Any) -> Any:
    """Layers that make their variables in ways of their own."""
    normalization = layers.Normalization()
    normalization.adapt(np.arange(48.0).reshape(1, 4, 4, 3))
    x = layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(normalization(layers.RandomFlip()(x)))
    x = layers.SeparableConv2D(4, 3)(layers.RandomRotation(0.1)(x))
    x = layers.Dropout(0.2)(layers.GroupNormalization(2)(layers.PReLU()(layers.BatchNormalization()(x))))
    x = keras.Sequential([layers.Conv2D(4, 1), layers.GaussianNoise(0.1)], name="inner")(x)
    tokens = layers.Reshape((-1, 4))(x)
    return layers.GRU(4)(layers.MultiHeadAttention(2, 4)(tokens, tokens))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_kerass_own_layers_are_loaded_with_their_numbers(suffix: str, tmp_path: Path) -> None:
    keras.backend.clear_session(free_memory=False)
    pixels = keras.Input((8, 8, 3))
    made = keras.Model(pixels, everyday(pixels))
    save(made, tmp_path / f"model{suffix}")
    images = np.random.default_rng(3).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    loaded = load_model_file(tmp_path / f"model{suffix}")
    assert np.allclose(loaded.predict_on_batch(images), made.predict_on_batch(images), atol=1e-6)


@pytest.mark.parametrize("kind", ["DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"])
def test_the_groups_of_one_of_old_files_are_dropped_and_others_refused(kind: str, tmp_path: Path) -> None:
    options = {} if kind == "DepthwiseConv2D" else {"filters": 4}
    made = network(getattr(layers, kind)(kernel_size=3, name="old", **options))
    save(made, tmp_path / "old.h5")

    def write(groups: int) -> None:
        with h5py.File(tmp_path / "old.h5", "r+") as file:
            config = json.loads(file.attrs["model_config"])
            [own] = [each["config"] for each in config["config"]["layers"] if each["config"]["name"] == "old"]
            own["groups"] = groups
            file.attrs["model_config"] = json.dumps(config)

    write(1)
    images = np.random.default_rng(3).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    loaded = load_model_file(tmp_path / "old.h5")
    assert type(loaded.get_layer("old")) is getattr(layers, kind)
    assert np.allclose(loaded.predict_on_batch(images), made.predict_on_batch(images), atol=1e-6)
    write(2)
    with pytest.raises(RequestError, match=r"Unrecognized keyword arguments passed to \w+: \{'groups': 2\}$"):
        load_model_file(tmp_path / "old.h5")


def test_trust_runs_a_lambda_and_imports_what_stands_beside_the_file(tmp_path: Path) -> None:
    def forget() -> None:
        sys.modules.pop("convwise_test_layers", None)
        keras.saving.get_custom_objects().pop("mine>Third", None)

    (tmp_path / "convwise_test_layers.py").write_text(
        "import keras\n@keras.saving.register_keras_serializable('mine')\nclass Third(keras.layers.Layer):\n"
        "    def call(self, x):\n        return x / 3\n"
    )
    sys.path.insert(0, str(tmp_path))
    own = importlib.import_module("convwise_test_layers")
    sys.path.remove(str(tmp_path))
    images = np.random.default_rng(3).uniform(0, 255, (2, 8, 8, 3)).astype("float32")
    made = network(doubled(), own.Third(name="third"))
    save(made, tmp_path / "own.keras")
    forget()
    with pytest.raises(RequestError, match="trust=True"):
        load_model_file(tmp_path / "own.keras")
    path_before = list(sys.path)
    loaded = load_model_file(tmp_path / "own.keras", trust=True)
    assert np.allclose(loaded.predict_on_batch(images), made.predict_on_batch(images))
    assert sys.path == path_before
    forget()


def two_inputs() -> keras.Model:
    one, other = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(layers.Add()([one, other]))
    return keras.Model([one, other], layers.Dense(3)(x))


def two_outputs() -> keras.Model:
    pixels = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(pixels)
    return keras.Model(pixels, [layers.Dense(3)(x), layers.Dense(3)(x)])


def a_map() -> keras.Model:
    pixels = keras.Input((8, 8, 3))
    return keras.Model(pixels, layers.Conv2D(3, 1)(pixels))


OTHERS: dict[str, tuple[Callable[[], keras.Model], str]] = {
    "another size": (lambda: network(size_px=16), "it takes 16x16x3, the run's images are 8x8x3"),
    "one channel": (lambda: network(channels=1), "it takes 8x8x1, the run's images are 8x8x3"),
    "two classes of three": (lambda: network(outputs=2), "it gives 2, the run has 3 classes"),
    "more classes": (lambda: network(outputs=4), "it gives 4, the run has 3 classes"),
    "two inputs": (two_inputs, "it takes 8x8x3 and 8x8x3"),
    "two outputs": (two_outputs, "it gives 3 and 3"),
    "a map": (a_map, "it gives 8x8x3, the run has 3 classes"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_network_that_is_not_the_runs_is_failed_work_in_one_line(name: str, tmp_path: Path) -> None:
    make, says = OTHERS[name]
    make().save(tmp_path / "model.keras")
    with pytest.raises(ConvwiseError, match=says) as problem:
        load_run_model(tmp_path / "model.keras", n_classes=3, shape=ImageShape.of(8))
    assert problem.value.exit_code == 1


def test_predict_evaluate_and_explain_refuse_a_run_whose_network_was_exchanged(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = picture_folder(size_px=32)
    run = convwise.train(data, net="simple", size=32, epochs=1, settings=["net.width=8"], out=tmp_path / "run").run
    picture = next(data.rglob("*.png"))
    kept = run.model_path.read_bytes()
    for change in ("half of it", "two classes of three"):
        if change == "half of it":
            run.model_path.write_bytes(kept[: len(kept) // 2])
        else:
            network(outputs=2, size_px=32).save(run.model_path)
        capsys.readouterr()
        for arguments in (["predict", str(run.folder), str(picture)], ["evaluate", str(run.folder)]):
            assert cli.main(arguments) == 1
            answer = capsys.readouterr()
            assert answer.out == ""
            assert answer.err.splitlines()[-1].endswith("put the run's own model.keras back, or train anew")
        assert cli.main(["explain", str(run.folder)]) == 1
    run.model_path.write_bytes(kept)
    assert cli.main(["predict", str(run.folder), str(picture)]) == 0
