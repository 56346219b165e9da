"""Config files: nested too deep, of wrong types and sizes, in no encoding, or of no language at all."""

from __future__ import annotations

import json
import random
from dataclasses import fields
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.training import TINY, add_good_pictures

_TEXTS = (
    '"x"',
    '""',
    '"a\\nzqnl"',
    '"\\u001b[31m"',
    '"\\u202e"',
    '"fast"',
    '"frozen"',
    '"simple"',
    '"pad"',
    '"sgd"',
    '"float32"',
)
_NUMBERS = (
    "0",
    "-1",
    "1",
    "8",
    "3.5",
    "1e308",
    "99999999999999999999",
    "-99999999999999999999",
    "1" + "0" * 5000,
    "0.5",
    "1e-320",
)
_REST = {
    "toml": ("nan", "inf", "-inf", "true", "[]", "[[]]", "{}", "[1, 'a']", "1979-05-27", "07:32:00", "0xff",
    '"8x16"', "[8, 16]",
    "'''a\nzqnl'''", '["conv.kernel_size=3"]', "["  * 3000 + "]" * 3000),
    "json": ("NaN", "Infinity", "-Infinity", "1e999", "true", "null", "[]", "[[]]", "{}", '[1, "a"]',
    '"8x16"', "[8, 16]",
    '{"a": {"b": 1}}', '"\\ud800"', '["conv.kernel_size=3"]', "[" * 100_000, "[" * 3000 + "]" * 3000),
}  # fmt: skip
_ODD_KEYS = (
    "name",
    "",
    "a.b",
    "\\u001b",
    "zqnl",
    "__class__",
    "seed ",
    "SEED",
    "size",
    "size_px",
    "augmentation.flip",
    "löwe",
)
_WHOLE: tuple[bytes, ...] = (
    b"", b"\0", b"\xff\xfe", b"seed = 1\xe9", "seed = 1".encode("utf-16"), b"\xef\xbb\xbfseed = 1\n", b"[", b"{",
    b"null", b"[]", b"5", b'"a"',
    b"seed = 1\nseed = 2", b"seed\n", b"= 3", b"seed = \n", b"a" * 100_000, b"[a]\n" * 50, b"[[a]]\nseed=1",
    b"\x1b[31m = 1", b"seed = 1 # \x1b[0m",
    b"a" + b".a" * 3000 + b" = 1", b"{" + b'"a":{' * 5000, b'{"seed": 1, "seed": 2}', b'{"seed": 1} x',
    b"\r\n" * 1000, b"---\nseed: 1\n",
)  # fmt: skip


def configs(rng: random.Random, folder: Path, material: Material) -> Case:
    """One config file, with a few keys whose values are odd, or odd as a whole; mostly about refused pictures."""
    for_real = rng.random() < 0.2
    add_good_pictures(rng, folder / "data", per_class=6, classes=("one", "two") if for_real else ("one",))
    form = rng.choice(("toml", "json"))
    name = f"config.{form}" if rng.random() < 0.95 else f"config.{form}.txt"
    content = rng.choice(_WHOLE) if rng.random() < 0.25 else _some_keys(rng, form).encode("utf-8", "replace")
    right = for_real and rng.random() < 0.7
    if right:
        name, content = "config.toml", b"seed = 3\n"  # what is right must be taken
    (folder / name).write_bytes(content)
    given = TINY if for_real else ()
    return Case(
        ("train", "data", *given, "--config", name, "--out", "out"),
        may_write=("out",), after_newline=("zqnl",), stop_after_s=None if right else 3, may_fill_memory=True,
    )  # fmt: skip


def _some_keys(rng: random.Random, form: str) -> str:
    from convwise.runs.request import TrainRequest
    from convwise.training.recipe import Recipe

    keys = [
        *(field.name for field in fields(Recipe)),
        *(field.name for field in fields(TrainRequest) if field.init),
        "set",
        *_ODD_KEYS,
    ]
    values = (*_TEXTS, *_NUMBERS, *_REST[form])
    chosen = {key: rng.choice(values) for key in rng.sample(keys, rng.randint(1, 4))}
    if "out" in chosen:
        chosen["out"] = '"out"'
    if form == "json":
        return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in chosen.items()) + "}"
    inline = rng.random() < 0.1
    lines = [f"{json.dumps(key)} = {value}" for key, value in chosen.items()]
    return "[augmentation]\n" * inline + "\n".join(lines) + "\n"
