"""Weight files of every age are read alike, and what does not fit is named."""

from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.transfer.weight_files import StoredLayer, WantedLayer, has_batch_norm, match, read_weights, sha256_of
from tests.transfer.weight_files import write_keras_1, write_keras_2


def arrays(*shapes: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(sum(sum(shape) for shape in shapes))
    return tuple(random.normal(size=shape).astype(np.float32) for shape in shapes)


LAYERS = [
    ("input_1", ()),
    ("conv1", arrays((3, 3, 3, 4), (4,))),
    ("fire2/squeeze", arrays((1, 1, 4, 2), (2,))),
    ("norm", arrays((2,), (2,), (2,), (2,))),
]


def require_equal(stored: tuple[StoredLayer, ...]) -> None:
    given = [(name, own) for name, own in LAYERS if own]
    assert [layer.name for layer in stored] == [name for name, _ in given]
    for layer, (_, own) in zip(stored, given, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer.arrays, own, strict=True))


def test_files_of_keras_1_and_2_give_their_layers_in_order(tmp_path: Path) -> None:
    require_equal(read_weights(write_keras_1(tmp_path / "one.h5", LAYERS)))
    require_equal(read_weights(write_keras_2(tmp_path / "two.h5", LAYERS)))
    require_equal(read_weights(write_keras_2(tmp_path / "whole.h5", LAYERS, whole_model=True)))


def test_a_model_within_a_model_of_keras_2_is_taken_apart(tmp_path: Path) -> None:
    path = tmp_path / "nested.h5"
    kernels = arrays((1, 1, 3, 2), (2,), (1, 1, 2, 5), (5,))
    names = ["conv_a/kernel:0", "conv_a/bias:0", "conv_b/kernel:0", "conv_b/bias:0"]
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"body"]
        group = file.create_group("body")
        group.attrs["weight_names"] = [name.encode() for name in names]
        for name, kernel in zip(names, kernels, strict=True):
            group.create_dataset(name, data=kernel)
    stored = read_weights(path)
    assert [(layer.name, layer.shapes) for layer in stored] == [
        ("conv_a", ((1, 1, 3, 2), (2,))),
        ("conv_b", ((1, 1, 2, 5), (5,))),
    ]


def model(n_convolutions: int) -> keras.Model:
    images = keras.Input((8, 8, 3))
    x = images
    for number in range(n_convolutions):
        x = keras.layers.Conv2D(2 + number, 1)(x)
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(images, keras.layers.Dense(3)(keras.layers.Flatten()(x)))


@pytest.mark.parametrize("ending", [".weights.h5", ".keras"])
def test_keras_3_files_give_every_layer_in_the_networks_order(tmp_path: Path, ending: str) -> None:
    """Twelve convolutions: conv2d_10 comes after conv2d_9, not after conv2d_1."""
    keras.utils.set_random_seed(1)
    saved = model(12)
    path = tmp_path / f"saved{ending}"
    saved.save(path) if ending == ".keras" else saved.save_weights(path)
    layers = [layer for layer in saved.layers if layer.weights]
    wanted = [
        WantedLayer(
            f"ours_{number}",
            {"Conv2D": "conv2d", "BatchNormalization": "batch_normalization", "Dense": "dense"}[type(layer).__name__],
            tuple(tuple(weight.shape) for weight in layer.weights),
        )
        for number, layer in enumerate(layers)
    ]
    found = match(wanted, read_weights(path), source="saved")
    assert found.skipped == ()
    for layer, here in zip(layers, found.layers, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), here.arrays, strict=True))


def test_layers_are_matched_by_name_where_all_names_are_there_else_in_order() -> None:
    first, second = (StoredLayer(name, arrays((1, 1, 2, 2))) for name in ("a", "b"))
    shapes = ((1, 1, 2, 2),)
    by_name = match([WantedLayer("b", "conv2d", shapes)], [first, second], source="x")
    assert by_name.layers == (second,)
    assert by_name.skipped == ("a",)
    assert match([WantedLayer("c", "conv2d", shapes)], [first, second], source="x").layers == (first,)


def test_the_first_layer_that_does_not_fit_is_named_with_both_shapes() -> None:
    stored = [StoredLayer("conv1", arrays((3, 3, 3, 4), (4,))), StoredLayer("squeeze", arrays((1, 1, 4, 2), (2,)))]
    wanted = [
        WantedLayer("stem", "conv2d", ((3, 3, 3, 4), (4,))),
        WantedLayer("middle", "conv2d", ((1, 1, 4, 8), (8,))),
        WantedLayer("end", "conv2d", ((1, 1, 8, 8), (8,))),
    ]
    with pytest.raises(
        RequestError, match=r"layer 2 of .* 3, middle, needs 1x1x4x8 and 8, and squeeze .* 1x1x4x2 and 2"
    ):
        match(wanted[:2] + wanted[2:], [*stored, stored[0]], source="file.h5")
    with pytest.raises(RequestError, match=r"none is left for layer 3 of the network's 3, end"):
        match([wanted[0], WantedLayer("middle", "conv2d", ((1, 1, 4, 2), (2,))), wanted[2]], stored, source="file.h5")


def test_batch_normalisation_is_told_by_its_four_vectors() -> None:
    assert has_batch_norm([StoredLayer("norm", arrays((2,), (2,), (2,), (2,)))])
    assert not has_batch_norm([StoredLayer("conv", arrays((1, 1, 2, 2), (2,)))])


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all", b"PK\x03\x04 nor a zip", b"\x89HDF\r\n\x1a\n cut short"])
def test_a_file_that_holds_no_weights_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.h5"
    path.write_bytes(content)
    with pytest.raises(RequestError, match="cannot be read as Keras weights") as caught:
        read_weights(path)
    assert "\n" not in str(caught.value)


def test_a_file_cut_short_and_an_empty_one_are_refused(tmp_path: Path) -> None:
    path = write_keras_1(tmp_path / "whole.h5", LAYERS)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(RequestError, match="cannot be read as Keras weights"):
        read_weights(path)
    with h5py.File(tmp_path / "empty.h5", "w"):
        pass
    with pytest.raises(RequestError, match="neither the layer names"):
        read_weights(tmp_path / "empty.h5")
    with pytest.raises(RequestError, match="holds no layer with weights"):
        read_weights(write_keras_1(tmp_path / "bare.h5", [("input_1", ())]))


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1.
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(RequestError, match="No such file"):
        sha256_of(tmp_path / "none")
