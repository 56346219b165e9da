"""model.keras replaced by noise, cut, edited inside, or made for other pictures and other classes."""

from __future__ import annotations

import io
import json
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.picture_changes import flip_bits, overwrite, truncate
from tests.hostile.kinds.training import TINY, add_good_pictures
from tests.hostile.odd_models import ODD

_RECORDS = ("settings.json", "split.json", "classes.json", "run.json", "evaluation.json", "environment.json")


def models(rng: random.Random, folder: Path, material: Material) -> Case:
    """A finished run whose model file is another; predicted with, evaluated, explained, or started from."""
    run = copied_run(folder / "run", material)
    model, fits = (run / "model.keras"), True
    original = model.read_bytes()
    chance = rng.random()
    if chance < 0.4:
        name = rng.choice(tuple(ODD))
        shutil.copyfile(material.models / f"{name}.keras", model)
        fits = name.startswith("fits") and name != "fits-not-numbers"
    elif chance < 0.6:
        model.write_bytes(rng.choice((flip_bits, overwrite, truncate, _noise))(rng, original))
    else:
        model.write_bytes(_edited(rng, original))
    argv: tuple[str, ...]
    may_write: tuple[str, ...] = ()
    picture = str(material.pictures / "apple" / "0.png")
    verb = rng.choice(
        ("predict", "predict", "predict", "evaluate", "evaluate", "explain", "explain file", "figures", "weights")
    )
    if verb == "predict":
        argv = ("predict", "run", picture, str(material.pictures / "birch"), "--json")
    elif verb == "evaluate":
        argv = ("evaluate", "run", "--json", "--split", rng.choice(("test", "all", "validation")))
    elif verb == "explain":
        argv = ("explain", "run", "--json")
    elif verb == "explain file":
        argv = ("explain", "run/model.keras", *rng.choice(((), ("--json",), ("--size", "16"))))
    elif verb == "figures":
        argv, may_write = ("explain", "run", "--figures", "drawn", "--image", picture), ("drawn",)
    else:
        add_good_pictures(rng, folder / "data", per_class=6)
        argv, may_write = ("train", "data", *TINY, "--weights", "run/model.keras", "--out", "out"), ("out",)
    exits = {0, 1, 2} if fits or verb not in ("predict", "evaluate") else {1, 2}
    return Case(argv, may_write=may_write, exits=frozenset(exits), stop_after_s=5 if verb == "weights" else None)


def copied_run(target: Path, material: Material) -> Path:
    """The finished run without its drawings."""
    target.mkdir()
    for name in (*_RECORDS, "model.keras", "metrics.jsonl"):
        shutil.copyfile(material.run / name, target / name)
    return target


def _noise(rng: random.Random, data: bytes) -> bytes:
    return rng.choice((b"", b"\x89HDF\r\n\x1a\n", b"PK\x03\x04", b"{}")) + rng.randbytes(rng.choice((0, 10, 5000)))


def _edited(rng: random.Random, data: bytes) -> bytes:
    """One member of the model's archive lost, spoiled, or with another configuration."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(tuple(members))
    action = rng.randrange(6)
    if action == 0:
        del members[name]
    elif action == 1:
        members[name] = rng.choice((flip_bits, overwrite, truncate))(rng, members[name])
    elif action == 2:
        members["../../escaped"] = b"out"
    else:
        members["config.json"] = _other_config(rng, members["config.json"])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def _other_config(rng: random.Random, text: bytes) -> bytes:
    config = json.loads(text)
    nodes = [node for node in _nodes(config) if isinstance(node, dict) and node]
    edits: tuple[Callable[[Any], object], ...] = (
        lambda node: node.update(class_name=rng.choice(("Lambda", "Nothing", "system", "", 5, None))),
        lambda node: node.update(module=rng.choice(("os", "builtins", "nowhere", "", None, "keras.layers"))),
        lambda node: node.update({rng.choice(tuple(node)): rng.choice((None, -1, "x", [], {}, 10**9, 1e300, [[]],
        True))}),
        lambda node: node.pop(rng.choice(tuple(node))),
        lambda node: node.update(units=rng.choice((1, 2, 7, 0, -1, 10**12))),
    )  # fmt: skip
    for _ in range(rng.choice((1, 1, 3))):
        rng.choice(edits)(rng.choice(nodes) or {"": 0})
    return rng.choice((json.dumps(config), json.dumps(config), "[" * 100_000, "null", "{}", "\udcff")).encode(
        "utf-8", "replace"
    )


def _nodes(value: Any) -> list[Any]:
    """The value and all that it holds."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(node for each in inner for node in _nodes(each))]
