"""Files and folders that may not be read, written or entered, in every place, for a user who is not root."""

from __future__ import annotations

import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.models import copied_run
from tests.hostile.kinds.training import TINY, add_good_pictures

_MODES = (0, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600)
_READ, _ENTER = 0o400, 0o100


def permissions(rng: random.Random, folder: Path, material: Material) -> Case:
    """A data set or a run with closed places, or a closed place as an argument."""
    if rng.random() < 0.5:
        return _closed_data(rng, folder, material)
    return _closed_place(rng, folder, material)


def _closed_data(rng: random.Random, folder: Path, material: Material) -> Case:
    add_good_pictures(rng, folder / "data", per_class=6)
    for name in ("one", "two"):
        if rng.random() < 0.5:
            add_good_pictures(rng, folder / "data" / name, per_class=rng.randint(1, 3), classes=("inner",))
    places = ["one", "one/good0.png", "two/good1.png", "two/good2.png", "one/inner", "two/inner", "two/inner/good0.png"]
    there = [place for place in places if (folder / "data" / place).exists()]
    modes = {f"data/{place}": rng.choice(_MODES) for place in rng.sample(there, rng.randint(1, 3))}
    n = _census(folder / "data", "data", modes)
    closed = tuple(modes.items())
    chance = rng.random()
    if chance < 0.55:
        return Case(("data", "check", "data", "--json"), n_entries=n, modes=closed)
    if chance < 0.9:
        return Case(("predict", str(material.run), "data", "--json"), n_entries=n, modes=closed)
    if chance < 0.95:
        return Case(("train", "data", *TINY, "--out", "out", "--json"), may_write=("out",), n_entries=n, modes=closed)
    return Case(("evaluate", str(material.run), "--data", "data"), modes=closed)


def _census(folder: Path, name: str, modes: dict[str, int]) -> int:
    """How many entries must be told of: each file that can be seen, and each folder that cannot be listed, once."""
    mode = modes.get(name, 0o700)
    if not mode & _READ:
        return 1
    n = 0
    for path in folder.iterdir():
        is_folder = path.is_dir() and bool(mode & _ENTER)  # without, nobody can tell a folder from a file
        n += _census(path, f"{name}/{path.name}", modes) if is_folder else 1
    return n


def _closed_place(rng: random.Random, folder: Path, material: Material) -> Case:
    """The place is a folder (`shut`, with a file in it), the home, a run, or the working folder itself."""
    (folder / "shut").mkdir()
    add_good_pictures(rng, folder / "data", per_class=2)
    run, data = copied_run(folder / "run", material), str(material.pictures)
    for name in ("run", "config.toml", "picture.png"):
        (folder / "shut" / name).write_bytes((material.pictures / "apple" / "0.png").read_bytes())
    mode, finished = rng.choice(_MODES), str(material.run)
    in_shut: tuple[tuple[str, ...], ...] = (
        ("data", "check", "shut"), ("data", "add", "caltech101", "--from", "shut"), ("data", "check", "shut/run"),
        ("data", "add", "caltech101", "--from", "shut/run"), ("train", "shut", *TINY),
        ("train", "data", *TINY, "--out", "shut/out"),
        ("train", "data", *TINY, "--out", "shut"), ("train", "data", "--config", "shut/config.toml"),
        ("train", data, "--weights", "shut/run"), ("train", "--resume", "shut/run"), ("train", "--resume", "shut"),
        ("train", data, "--from-study", "shut/run"), ("evaluate", "shut/run"), ("evaluate", "shut"),
        ("evaluate", finished, "--data", "shut"), ("predict", "shut/run", "data"), ("predict", finished, "shut"),
        ("predict", finished, "shut/picture.png"), ("predict", finished, "data", "--csv", "shut/out.csv"),
        ("predict", finished, "data", "--csv", "shut"), ("explain", "shut/run"), ("explain", "shut"),
        ("explain", finished, "--figures", "shut/drawn"), ("explain", finished, "--figures", "shut"),
        ("explain", finished, "--figures", "drawn", "--image", "shut/picture.png"),
        ("guide", "strides", "--figure", "shut/x.png"),
        ("guide", "strides", "--figure", "shut"), ("study", "shut"), ("study", "data", "--out", "shut/study"),
        ("study", "--resume", "shut"),
        ("study", "report", "shut"), ("study", "report", "shut/run"),
    )  # fmt: skip
    chance = rng.random()
    writes = ("shut", "drawn")
    if chance < 0.55:
        place = rng.choice(("shut", "shut/config.toml", "shut/picture.png", "shut/run"))
        return Case(
            rng.choice(in_shut),
            may_write=writes,
            modes=((place, mode),),
            stop_after_s=4,
        )
    if chance < 0.75:
        verbs: tuple[tuple[str, ...], ...] = (
            ("data", "list"), ("data", "clean"), ("data", "check", "data"), ("data", "add", "shapes"),
            ("train", "data", *TINY),
            ("evaluate", finished), ("predict", finished, "data"), ("study", "data"), ("data", "clean", "--json"),
        )  # fmt: skip
        (folder / "home" / "pixels").mkdir()
        (folder / "home" / "scans").mkdir()
        (folder / "home" / "data").mkdir()
        place = rng.choice(("home", "home", "home/pixels", "home/scans", "home/data"))
        return Case(rng.choice(verbs), modes=((place, mode),), stop_after_s=4)
    if chance < 0.95:
        place = rng.choice(
            ("run", "run/model.keras", "run/settings.json", "run/split.json", "run/classes.json", "run/run.json")
        )
        verbs = (
            ("predict", "run", data),
            ("evaluate", "run"),
            ("explain", "run"),
            ("train", "--resume", "run"),
            ("predict", "run/model.keras", data),
        )
        return Case(rng.choice(verbs), modes=((place, mode),), may_write=("run/lock",))
    del run
    verbs = (
        ("train", data, *TINY),
        ("study", data),
        ("data", "check", data),
        ("predict", finished, data, "--csv", "out.csv"),
        ("explain", "simple", "--figures", "drawn"),
    )
    return Case(
        rng.choice(verbs),
        modes=((".", rng.choice((0o100, 0o500, 0o300))),),
        may_write=(*writes, "out.csv"),
        stop_after_s=4,
    )
