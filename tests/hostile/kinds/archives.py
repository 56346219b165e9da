"""Archives that lead out, lie about sizes, never end, are encrypted or damaged, given to `data add --from`."""

from __future__ import annotations

import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.archive_files import Member, archive_bytes, classes_of_caltech, spoiled_archive
from tests.hostile.kinds.picture_changes import flip_bits, overwrite, truncate

_OUTWARD = (
    "../escaped.txt", "../../escaped.txt", "../../../escaped.txt", "../../../../escaped.txt",
    "/tmp/escaped-by-convwise.txt",
    "a/../../../../escaped.txt", "..\\escaped.txt", "C:\\escaped.txt", "C:escaped.txt", "//escaped.txt", "./../e.txt",
    "Faces/../../../escaped.txt", "..", ".", "/", "",
)  # fmt: skip
_ODD_NAMES = (
    "a\nzqnl",
    "\x1b[31mred",
    "x" * 255,
    "x" * 300,
    "a/" * 200 + "b",
    "nul\0byte",
    "caf\udce9",
    "CON",
    " ",
    "-rf",
)
_INNER = "101_ObjectCategories.tar.gz"


def archives(rng: random.Random, folder: Path, material: Material) -> Case:
    """One archive, with every class folder or with few, and mostly something hostile in it."""
    whole = rng.random() < 0.5
    members = [Member(f"{name}/image_0001.jpg", b"\xff\xd8\xff " + name.encode()) for name in classes_of_caltech()]
    members = members if whole else members[: rng.randint(0, 3)]
    n_hostile = rng.choice((0, 1, 1, 2))
    for _ in range(n_hostile):
        members.insert(rng.randrange(len(members) + 1), _hostile(rng))
    form = rng.choice(("zip", "tar", "tar.gz", "tar.bz2", "tar.xz"))
    content = archive_bytes(rng, form, members)
    sound = not n_hostile and whole
    if rng.random() < 0.3:
        content, sound = spoiled_archive(rng, members), False
    elif rng.random() < 0.3:
        content, sound = rng.choice((flip_bits, overwrite, truncate))(rng, content), False
    elif rng.random() < 0.2:
        content = archive_bytes(rng, rng.choice(("zip", "tar")), [Member(f"caltech-101/{_INNER}", content)])
        sound = sound and form != "zip"
    name = rng.choice(("in.zip", "in.tar", "in.tar.gz", "in"))
    (folder / name).write_bytes(content)
    chance = rng.random()
    if chance < 0.9:
        argv: tuple[str, ...] = (
            "data",
            "add",
            rng.choice(("caltech101",) * 5 + ("caltech101-4",)),
            "--from",
            name,
            "--json",
        )
    elif chance < 0.95:
        argv, sound = ("data", "check", name), False
    else:
        argv, sound = ("explain", name), False
    unpacked = ("home/data/caltech101", len(members)) if sound else None
    return Case(argv, after_newline=("zqnl",), exits=frozenset({0} if sound else {0, 1, 2}), unpacked=unpacked)


def _hostile(rng: random.Random) -> Member:
    sort = rng.randrange(8)
    if sort <= 2:
        return Member(rng.choice(_OUTWARD), b"escaped")
    if sort == 3:
        return Member(f"Faces/{rng.choice(_ODD_NAMES)}", b"odd")
    if sort == 4:
        target = rng.choice(("/etc/passwd", "../../../escaped", ".", "Faces", "/dev/zero", "loop"))
        return Member(
            rng.choice(("loop", "Faces", "Faces/link.jpg")), kind=rng.choice(("symlink", "link")), target=target
        )
    if sort == 5:
        return Member("Faces/device", kind=rng.choice(("fifo", "character", "block")))
    if sort == 6:
        return Member("Faces/image_0001.jpg", b"twice")
    return Member(rng.choice(("Faces", "Faces/image_0001.jpg/below", "faces/image_0001.jpg", "Faces/")), b"a file")
