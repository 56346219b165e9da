"""File, class and folder names of all that a file system allows, and names of places that it does not."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.models import copied_run
from tests.hostile.kinds.training import TINY, add_good_pictures

AFTER_NEWLINE = "zqnl"
_OF_SYSTEMS = ("lost+found", "__MACOSX", "Thumbs.db", "@eaDir", "desktop.ini")
_NAMES: tuple[bytes, ...] = (
    *(name.encode() for name in _OF_SYSTEMS),
    b"caf\xe9", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf", b"a\x1b[31mred", b"a\x1b]0;title\x07", b"a\nzqnl",
    b"a\r\nzqnl",
    b"bell\x07", b"tab\there", b"del\x7f", b"\xc2\x9b31m", b"\xc2\x85zqnl", b"\xe2\x80\xaeexe.gpj", b"\xe2\x80\xa8zqnl",
    b"\xe2\x81\xa6iso", b"x" * 251, "é".encode() * 125, b"-rf", b"--json", b"--", b"-", b"...", b"..a", b" ", b"  lead",
    b"trail ", b"trail.", "😀".encode(), "e\u0301".encode(), "é".encode(), b"Case", b"cASE", b"CON", b"nul.txt", b"a:b",
    b"a\\b", b"\\x1b", b"\\u202e", b"[red]x", b"[bold", b"[link=x]y", b"%s%n%d", b"{0}", b"$HOME", b"`id`",
    b"a'b\"c", b"*?",
    b"#a", b"a,b", b"=1+1", b"@x", b"<b>x", b"&amp;", b"0", b"None", b"nan", b"train", b"test", b"validation",
    b"\xef\xbb\xbfbom",
    "ﬁ".encode(), "١٢".encode(), b"~", b"~root", b"~nosuchuser", b"\x01", b"tmp~x", b"tmp~host~1~abc", b"a.part",
)  # fmt: skip
_NOWHERE = (
    "~nosuchuser", "~nosuchuser/a", "nul\0byte", "x" * 256, "x" * 5000, "a/" * 3000, "/" * 3000, "\udce9", "a\nzqnl",
    "\x1b[2J", "\u202e", "/dev/null/x", "/proc/nope", "nowhere", "-x", ".", "..", "/", "//", "http://x/y", "s3://x",
    "C:\\x",
)  # fmt: skip


def names(rng: random.Random, folder: Path, material: Material) -> Case:
    """Odd names in a data set, before a run, or as an argument."""
    chance = rng.random()
    if chance < 0.2:
        return _an_argument(rng, folder, material)
    root = folder / (odd_name(rng) if rng.random() < 0.3 else "data")
    classes = tuple({odd_name(rng) if rng.random() < 0.6 else name for name in ("one", "two")})
    n = add_good_pictures(rng, root, per_class=6, classes=classes)
    for name in classes:
        for i in range(rng.randint(0, 3)):
            n += _placed(
                root / name,
                odd_name(rng, rng.choice((".png", ".jpg", ""))),
                rng.choice(("picture", "noise")),
                root / name / f"good{i}.png",
            )
        if rng.random() < 0.3:
            n += _placed(root / name / odd_name(rng), "below.png", "picture", root / name / "good0.png")
    data = root.name if root.name.startswith("data") or rng.random() < 0.3 else str(root)
    files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    hidden = sum(any(part.startswith(".") or part in _OF_SYSTEMS for part in file.parts) for file in files)
    common = {"n_entries": n - hidden, "n_passed_over": hidden, "after_newline": (AFTER_NEWLINE,)}
    json_ = rng.choice(((), ("--json",), ("--json",)))
    counted = common if json_ else {"after_newline": (AFTER_NEWLINE,)}
    if chance < 0.6:
        return Case(("data", "check", *json_, "--", data), **counted)  # type: ignore[arg-type]
    if chance < 0.8:
        return Case(("predict", *json_, "--", str(material.run), data), **counted)  # type: ignore[arg-type]
    if chance < 0.9:
        return Case(("predict", "--csv", "out.csv", "--", str(material.run), data), may_write=("out.csv",), **common)  # type: ignore[arg-type]
    if chance < 0.93:
        out = odd_name(rng)
        argv = ("train", *TINY, f"--out={out}", "--json", "--", data)
        return Case(argv, may_write=(out,), **common)  # type: ignore[arg-type]
    return Case(("evaluate", str(material.run), f"--data={data}"), after_newline=(AFTER_NEWLINE,))


def odd_name(rng: random.Random, suffix: str = "") -> str:
    """A name that the file system holds, of at most 255 bytes."""
    name = rng.choice(_NAMES)
    if rng.random() < 0.2:
        name = bytes(rng.choice(range(1, 256)) for _ in range(rng.randint(1, 12))).replace(b"/", b"_")
    assert b"/" not in name
    name = name[: 255 - len(suffix)] + suffix.encode()
    return "dots" if name in (b".", b"..") else os.fsdecode(name)


def _placed(folder: Path, name: str, what: str, like: Path) -> int:
    """One more file, unless there is one of that name; how many more there are."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    if path.exists():
        return 0
    path.write_bytes(like.read_bytes() if what == "picture" else b"\x89PNG\r\n\x1a\n nothing more")
    return 1


def _an_argument(rng: random.Random, folder: Path, material: Material) -> Case:
    """A name as an argument: of a place that is there, or of none that can be."""
    name = rng.choice((*_NOWHERE, odd_name(rng)))
    run, picture = str(material.run), str(material.pictures / "apple" / "0.png")
    copied_run(folder / "run", material)
    data = str(material.pictures)
    forms: tuple[tuple[str, ...], ...] = (
        ("data", "check", "--", name), ("data", "add", "caltech101", f"--from={name}"), ("data", "add", "--", name),
        ("train", *TINY, "--", name), ("train", "missing", *TINY, f"--out={name}"), ("train", data, f"--config={name}"),
        ("train", data, f"--weights={name}"), ("train", data, f"--from-study={name}"), ("train", f"--resume={name}"),
        ("evaluate", "--", name), ("evaluate", run, f"--data={name}"), ("predict", run, "--", name),
        ("predict", "--", name, picture), ("predict", run, picture, f"--csv={name}"), ("explain", "--", name),
        ("explain", run, f"--figures={name}"), ("explain", run, "--figures=drawn", f"--image={name}"),
        ("guide", "--", name), ("guide", "strides", f"--figure={name}"), ("study", "--", name),
        ("study", f"--resume={name}"),
        ("study", "report", "--", name), ("study", "missing", f"--out={name}"), ("data", "list"),
        ("data", "check", data),
    )  # fmt: skip
    argv = rng.choice(forms)
    whole_disk = name.strip("/") == "" or name == ".."
    if whole_disk and not argv[-1].startswith(("--csv", "--config", "--weights", "--figure=", "--image")):
        # Rightly read through to its end, or written to: not on this machine.
        return Case(("guide", "--", name))
    at_home = {"CONVWISE_HOME": name} if argv[-1] in ("list", data) and "\0" not in name else {}
    top = name.strip("/").partition("/")[0]
    may_write = ("drawn", "run", "scans", "pixels", *((top,) if top not in ("", ".", "..") else ("tmp~probe", "home")))
    return Case(argv, may_write=may_write, after_newline=(AFTER_NEWLINE,), environment=at_home)  # type: ignore[arg-type]
