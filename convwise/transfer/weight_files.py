"""Weight files: HDF5 of Keras 1 and 2, `.weights.h5` and `.keras` of Keras 3, matched to a network layer by layer."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.files import open_regular

Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class StoredLayer:
    """One layer of a file: its name there, its arrays, and Keras 3's word for its kind (`conv2d`), "" if not told."""

    name: str
    arrays: tuple[NDArray[Any], ...]
    kind: str = ""

    @property
    def shapes(self) -> Shapes:
        """The shapes of its arrays, in order."""
        return tuple(array.shape for array in self.arrays)


@dataclass(frozen=True)
class WantedLayer:
    """One layer of a network: its name, Keras's word for its kind, and the shapes of its weights in order."""

    name: str
    kind: str
    shapes: Shapes


@dataclass(frozen=True, eq=False)
class Match:
    """The stored layer of each layer of a network, in the network's order, and the names that nothing asked for."""

    layers: tuple[StoredLayer, ...]
    skipped: tuple[str, ...]


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises RequestError where it cannot be read."""
    try:
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as problem:
        raise _unreadable(path, problem.strerror or str(problem)) from None


def read_weights(path: str | Path) -> tuple[StoredLayer, ...]:
    """The layers with weights of a file, in its order. Raises RequestError where it is no weight file that is known."""
    import h5py

    try:
        with open_regular(path) as raw:
            content: Any = raw
            if zipfile.is_zipfile(raw):
                with zipfile.ZipFile(raw) as archive:
                    content = io.BytesIO(archive.read("model.weights.h5"))
            with h5py.File(content, "r") as file:
                layers = _stored(file)
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile) as problem:
        raise _unreadable(path, (str(problem).splitlines() or [type(problem).__name__])[0]) from None
    if not layers:
        raise _unreadable(path, "it holds no layer with weights")
    return tuple(layers)


def has_batch_norm(stored: Sequence[StoredLayer]) -> bool:
    """Whether one of the layers is a batch normalisation: four vectors of one length."""
    return any(len(layer.shapes) == 4 and len(set(layer.shapes)) == 1 and len(layer.shapes[0]) == 1 for layer in stored)


def match(wanted: Sequence[WantedLayer], stored: Sequence[StoredLayer], *, source: str) -> Match:
    """Finds each wanted layer in the file: by name where all names are there, else in order, kind by kind if told.

    What the file has beyond them, such as a classifier, is skipped. Raises RequestError, naming `source` and the first
    layer that does not fit, with its shapes.
    """
    by_name = {layer.name: layer for layer in stored}
    if len(by_name) == len(stored) and all(layer.name in by_name for layer in wanted):
        partners: Iterable[StoredLayer] = (by_name[layer.name] for layer in wanted)
    else:
        partners = _in_order(wanted, stored, source)
    found = []
    for number, (layer, here) in enumerate(zip(wanted, partners, strict=True), start=1):
        if layer.shapes != here.shapes:
            raise RequestError(
                f"weights={source}: they do not fit: layer {number} of the network's {len(wanted)}, {layer.name}, "
                f"needs {_written(layer.shapes)}, and {here.name} in the file holds {_written(here.shapes)}; "
                "choose the net= and its options (settings=net.width=64 and so on) that the weights were made for"
            )
        found.append(here)
    taken = {id(layer) for layer in found}
    return Match(tuple(found), tuple(layer.name for layer in stored if id(layer) not in taken))


def _in_order(wanted: Sequence[WantedLayer], stored: Sequence[StoredLayer], source: str) -> Iterator[StoredLayer]:
    # Keras 3 numbers layers within their kind and does not tell the order of all.
    kinds_told = all(layer.kind for layer in stored)
    queues: dict[str, list[StoredLayer]] = {}
    for here in stored:
        queues.setdefault(here.kind if kinds_told else "", []).append(here)
    for number, layer in enumerate(wanted, start=1):
        queue = queues.get(layer.kind if kinds_told else "", [])
        if not queue:
            raise RequestError(
                f"weights={source}: the file has {len(stored)} layers with weights and none is left for layer {number} "
                f"of the network's {len(wanted)}, {layer.name}; choose the net= that the weights were made for"
            )
        yield queue.pop(0)


def _stored(file: Any) -> list[StoredLayer]:
    if "layer_names" not in file.attrs and "model_weights" in file:  # a whole model of Keras 2
        file = file["model_weights"]
    if "layer_names" in file.attrs or "layer_names0" in file.attrs:
        return [layer for name in _texts(file.attrs, "layer_names") for layer in _legacy(name, file[name])]
    found: list[tuple[str, Any]] = []
    file.visititems(lambda path, item: found.append((path, item)) if path.rsplit("/", 1)[-1] == "vars" else None)
    if not found:
        raise ValueError("it has neither the layer names of Keras 1 and 2 nor the layers of Keras 3")
    layers = []
    for path, group in sorted(found, key=lambda pair: _natural(pair[0])):
        arrays = tuple(np.asarray(group[key]) for key in sorted(group, key=_natural))
        if arrays and not path.startswith("optimizer"):
            place = path.split("/")[-2] if "/" in path else ""
            layers.append(StoredLayer(str(group.attrs.get("name", place)), arrays, re.sub(r"_\d+$", "", place)))
    return layers


def _legacy(name: str, group: Any) -> Iterable[StoredLayer]:
    """A layer of Keras 1 or 2; a model within the model, with weights `inner/kernel:0` and so on, is taken apart."""
    names = _texts(group.attrs, "weight_names")
    owners: dict[str, list[str]] = {}
    for each in names:
        owners.setdefault(each.rpartition("/")[0].rpartition("/")[2] if each.endswith(":0") else name, []).append(each)
    if len(owners) < 2 or "" in owners:
        owners = {name: names} if names else {}
    for owner, own in owners.items():
        yield StoredLayer(owner, tuple(np.asarray(group[each]) for each in own))


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """An attribute of texts; long ones are cut into name0, name1 and so on."""
    if name in attributes:
        parts = [attributes[name]]
    else:
        parts = [attributes[key] for key in sorted(attributes, key=_natural) if re.fullmatch(rf"{name}\d+", key)]
    return [text.decode() if isinstance(text, bytes) else str(text) for part in parts for text in part]


def _natural(text: str) -> list[tuple[int, int | str]]:
    """conv2d before conv2d_1, and conv2d_2 before conv2d_10."""
    return [(0, int(part)) if part.isdigit() else (1, part) for part in re.split(r"(\d+)", text) if part]


def _written(shapes: Shapes) -> str:
    return " and ".join("x".join(map(str, shape)) or "a number" for shape in shapes) or "no weights"


def _unreadable(path: str | Path, why: str) -> RequestError:
    return RequestError(
        f"weights={path}: it cannot be read as Keras weights ({why}); "
        "give imagenet, or a .h5, .weights.h5 or .keras file"
    )
