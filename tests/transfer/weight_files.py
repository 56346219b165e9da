"""Weight files as Keras 1 and 2 wrote them, written with h5py alone."""

from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

Arrays = Sequence[NDArray[np.floating]]


def write_keras_1(path: Path, layers: Sequence[tuple[str, Arrays]]) -> Path:
    """A group a layer, weight names of any kind, those without weights too."""
    with h5py.File(path, "w") as file:
        _fill(file, layers, lambda layer, number: f"uniform_{layer}_{number}".replace("/", "_"))
    return path


def write_keras_2(path: Path, layers: Sequence[tuple[str, Arrays]], *, whole_model: bool = False) -> Path:
    """The same with weight names `layer/weight_0:0`; `whole_model`: below `model_weights`, as `model.save` did."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if whole_model else file
        _fill(group, layers, lambda layer, number: f"{layer}/weight_{number}:0")
    return path


def _fill(file, layers, name_of) -> None:
    file.attrs["layer_names"] = [name.encode() for name, _ in layers]
    for name, arrays in layers:
        group = file.create_group(name)
        names = [name_of(name, number) for number in range(len(arrays))]
        group.attrs["weight_names"] = [each.encode() for each in names]
        for each, array in zip(names, arrays, strict=True):
            group.create_dataset(each, data=array)
