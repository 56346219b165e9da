"""What a Keras model file holds, read without building anything: the format, the layers, how many numbers."""

from __future__ import annotations

import io
import json
import math
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.files import open_regular

_MOST_CONFIG_BYTES = 64 * 2**20
_MOST_EXPANSION = 100  # Keras stores without compression; an honest file that was packed again stays far below
_FLOOR_BYTES = 16 * 2**20
_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_SIGNATURES = {b"PK\x03\x04": "keras", b"\x89HDF": "h5"}
SUFFIXES = {"keras": (".keras",), "h5": (".h5", ".hdf5")}


class NotAModelError(Exception):
    """Why a file is no model that can be loaded, as the second half of a sentence about it."""


@dataclass(frozen=True)
class Part:
    """An object that the file's configuration names: its class, where that comes from, and the layer it belongs to."""

    class_name: str
    module: str | None
    registered_name: str
    layer: str
    is_layer: bool
    holds_code: bool


@dataclass(frozen=True)
class Content:
    """The format ("keras" or "h5") and the parts that the network is made of."""

    form: str
    parts: tuple[Part, ...]


def read_content(path: Path) -> Content:
    """Reads a `.keras` or an `.h5` file. Raises NotAModelError for all else, and a file that is damaged or lies."""
    form = _form(path)
    try:
        text = _config_of_archive(path) if form == "keras" else _config_of_h5(path)
        config = json.loads(text)
    except RecursionError:
        raise NotAModelError("its configuration is nested too deeply") from None
    except (ValueError, UnicodeError):
        raise NotAModelError("its configuration is no JSON; the file is damaged") from None
    except (OSError, RuntimeError, NotImplementedError, KeyError, zipfile.BadZipFile, EOFError) as problem:
        raise NotAModelError(f"it is damaged ({_plain(problem)})") from None
    if not isinstance(config, dict):
        raise NotAModelError("its configuration describes no network; the file is damaged")
    return Content(form, tuple(_parts(config)))


def _form(path: Path) -> str:
    try:
        with open_regular(path) as file:
            head = file.read(4)
        if not head:
            raise NotAModelError("it is empty")
        form = _SIGNATURES.get(head)
    except (OSError, ValueError) as problem:
        raise NotAModelError(f"it cannot be read ({getattr(problem, 'strerror', None) or problem})") from None
    if form is None:
        raise NotAModelError("it is neither a .keras file nor an HDF5 file (.h5)")
    if not os.fspath(path).endswith(SUFFIXES[form]):
        raise NotAModelError(f"its content is that of a {SUFFIXES[form][0]} file; give it a name that ends so")
    return form


def _config_of_archive(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: info for info in archive.infolist()}
        for name in (_CONFIG, _WEIGHTS):
            if name not in members:
                raise NotAModelError(f"it is a zip archive without {name}")
        for info in members.values():
            if info.flag_bits & 1:
                raise NotAModelError(f"{info.filename} in it is encrypted; write it without a password")
            if info.file_size > _FLOOR_BYTES and info.file_size > _MOST_EXPANSION * info.compress_size:
                raise NotAModelError(f"{info.filename} in it claims {info.file_size:,} bytes and holds almost none")
        if members[_CONFIG].file_size > _MOST_CONFIG_BYTES:
            raise NotAModelError(f"its configuration claims {members[_CONFIG].file_size:,} bytes")
        _check_datasets(io.BytesIO(archive.read(_WEIGHTS)))
        return archive.read(_CONFIG)


def _config_of_h5(path: Path) -> bytes:
    import h5py

    with h5py.File(path, "r") as file:
        config = file.attrs.get("model_config")
    if config is None:
        raise NotAModelError("it holds weights, and no network that they belong to")
    _check_datasets(path)
    return config.encode() if isinstance(config, str) else bytes(config)


def _check_datasets(content: Any) -> None:
    """Raises NotAModelError for a dataset that claims more numbers than are stored."""
    import h5py

    def check(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            claimed = math.prod(item.shape or ()) * item.dtype.itemsize
            if claimed > _FLOOR_BYTES and claimed > _MOST_EXPANSION * item.id.get_storage_size():
                raise NotAModelError(f"{name} in it claims {claimed:,} bytes and holds almost none")

    with h5py.File(content, "r") as file:
        file.visititems(check)


def _parts(config: dict[str, Any]) -> Iterator[Part]:
    """Every object with a class of its own, in a walk without recursion."""
    waiting: list[tuple[Any, str, bool]] = [(config, "", True)]
    while waiting:
        value, layer, is_layer = waiting.pop()
        if isinstance(value, list):
            waiting += [(each, layer, is_layer) for each in reversed(value)]
        elif isinstance(value, dict):
            inner = value.get("config")
            if isinstance(value.get("class_name"), str):
                own = inner.get("name") if is_layer and isinstance(inner, dict) else None
                layer = str(own or layer)
                yield Part(
                    value["class_name"],
                    value.get("module"),
                    str(value.get("registered_name") or value["class_name"]),
                    layer,
                    is_layer,
                    value["class_name"] == "__lambda__" or _old_lambda(value),
                )
            waiting += [
                (
                    each,
                    layer,
                    key in ("layers", "layer") or (is_layer and key == "config" and "class_name" not in value),
                )
                for key, each in reversed(value.items())
            ]


def _old_lambda(value: dict[str, Any]) -> bool:
    """A Lambda of an `.h5` file, whose function is a list: code, defaults, closure."""
    inner = value.get("config")
    return value["class_name"] == "Lambda" and isinstance(inner, dict) and isinstance(inner.get("function"), list)


def _plain(problem: BaseException) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
