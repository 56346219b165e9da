"""Pictures that are broken, cut, lying or odd, in a data set or before a finished run."""

from __future__ import annotations

import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.picture_changes import ANYHOW, INCOMPLETE
from tests.hostile.kinds.picture_files import SUFFIX, valid_picture
from tests.hostile.kinds.training import TINY, add_good_pictures

_CUT_SIDE = 32  # noise so large that half of the file is half of the pixels
_WRONG_SUFFIXES = ("", ".txt", ".jpg.bak", ".svg", ".JPEG", ".png", ".tiff", ".html")


def pictures(rng: random.Random, folder: Path, material: Material) -> Case:
    """A folder of two classes with good pictures and some that are not."""
    n_good = add_good_pictures(rng, folder / "data", per_class=6)
    n_bad, refused = rng.randint(3, 9), []
    for i in range(n_bad):
        name, content, is_cut = _spoiled(rng, i)
        place = f"{rng.choice(('one', 'two'))}/{name}"
        (folder / "data" / place).write_bytes(content)
        if is_cut:
            refused.append(place)
    chance = rng.random()
    argv: tuple[str, ...] = ("data", "check", "data", "--json")
    may_write: tuple[str, ...] = ()
    if 0.75 < chance < 0.9:
        argv = ("predict", str(material.run), "data", "--json")
    elif 0.9 < chance < 0.94:
        argv, may_write, refused = ("predict", str(material.run), "data", "--csv", "out.csv"), ("out.csv",), []
    elif 0.94 < chance < 0.98:
        image = f"data/{refused[0]}" if refused else f"data/one/{name}"
        return Case(("explain", str(material.run), "--figures", "drawn", "--image", image), may_write=("drawn",))
    elif chance > 0.98:
        argv, may_write, refused = ("train", "data", *TINY, "--out", "out", "--json"), ("out",), []
    return Case(argv, may_write=may_write, n_entries=n_good + n_bad, refused=tuple(refused))


def _spoiled(rng: random.Random, number: int) -> tuple[str, bytes, bool]:
    """A name, the bytes, and whether pixels are surely missing."""
    form = rng.choice(tuple(SUFFIX))
    if rng.random() < 0.25:
        content = rng.choice(INCOMPLETE)(rng, valid_picture(rng, form, side=_CUT_SIDE))
        return f"cut{number}.{SUFFIX[form]}", content, True
    content = valid_picture(rng, form)
    for _ in range(rng.choice((0, 1, 1, 1, 2))):
        if len(content) > 8:
            content = rng.choice(ANYHOW)(rng, content)
    suffix = rng.choice(_WRONG_SUFFIXES) if rng.random() < 0.15 else f".{SUFFIX[form]}"
    return f"odd{number}{suffix}", content, False
