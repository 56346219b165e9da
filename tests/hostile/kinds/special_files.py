"""Pipes, devices, sockets, links to nothing and folders, wherever a command takes a file, and among pictures."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.models import copied_run
from tests.hostile.kinds.parser import Option, Verb, verbs
from tests.hostile.kinds.training import TINY, add_good_pictures

_MADE = ("fifo", "socket", "dangling", "loop", "folder", "to-zero", "to-fifo", "to-full", "to-self")
_DEVICES = (
    "/dev/zero",
    "/dev/full",
    "/dev/null",
    "/dev/random",
    "/dev/stdin",
    "/dev/tty",
    "/proc/self/mem",
    "/proc/self/fd/0",
    "/dev/fd/9",
)
_PLACES = frozenset({"DATA", "RUN", "DIR", "FILE", "PATH", "WHAT", "NAME"})


def special_files(rng: random.Random, folder: Path, material: Material) -> Case:
    """Something that is no regular file: in a folder of pictures, as a run's model, or as an argument."""
    chance = rng.random()
    if chance < 0.35:
        return _among_pictures(rng, folder, material)
    if chance < 0.42:
        run = copied_run(folder / "run", material)
        (run / "model.keras").unlink()
        make_special(rng.choice(_MADE), run / "model.keras")
        argv = rng.choice(
            (
                ("predict", "run", str(material.pictures)),
                ("evaluate", "run"),
                ("explain", "run"),
                ("explain", "run/model.keras"),
            )
        )
        return Case(argv)
    return _as_an_argument(rng, folder, material)


def make_special(kind: str, path: Path) -> None:
    """One of `_MADE` at the path."""
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        place = os.open(path.parent, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as server:  # by a short name: a socket's path may not be long
            server.bind(f"/proc/self/fd/{place}/{path.name}")
        os.close(place)
    elif kind == "folder":
        path.mkdir()
    elif kind == "to-fifo":
        os.mkfifo(path.with_name(f".fifo-of-{path.name}"))
        path.symlink_to(f".fifo-of-{path.name}")
    else:
        targets = {
            "dangling": "nowhere/at/all",
            "loop": path.name,
            "to-zero": "/dev/zero",
            "to-full": "/dev/full",
            "to-self": ".",
        }
        path.symlink_to(targets[kind])


def _among_pictures(rng: random.Random, folder: Path, material: Material) -> Case:
    n = add_good_pictures(rng, folder / "data", per_class=6)
    n_passed_over = 0
    for i in range(rng.randint(1, 4)):
        kind = rng.choice(_MADE)
        path = folder / "data" / rng.choice(("one", "two", "one", ".")) / f"odd{i}{rng.choice(('.png', '.jpg', ''))}"
        make_special(kind, path)
        if kind == "to-self":  # a link back to where it lies: what it leads to is counted already
            n_passed_over += n + 30
        elif kind == "folder":
            n_passed_over += 1
        else:
            n += 1
            n_passed_over += kind == "to-fifo"
    argv = rng.choice((("data", "check", "data"), ("data", "check", "data"), ("predict", str(material.run), "data")))
    return Case((*argv, "--json"), n_entries=n, n_passed_over=n_passed_over)


def _as_an_argument(rng: random.Random, folder: Path, material: Material) -> Case:
    """In the place of one path of one verb; the verb's other places hold what is right."""
    kind = rng.choice((*_MADE, *_DEVICES))
    odd = kind
    if kind in _MADE:
        odd = rng.choice(("odd", "odd.json", "odd.toml", "odd.h5", "odd.keras", "odd.png", "odd.zip"))
        make_special(kind, folder / odd)
    add_good_pictures(rng, folder / "data", per_class=2)
    (folder / "config.toml").write_text('recipe = "plain"\n')
    right = {
        "DATA": "data",
        "RUN": str(material.run),
        "WHAT": str(material.run),
        "PATH": str(material.pictures / "apple"),
    }
    choices = [(verb, option) for verb in verbs() for option in verb.options if option.metavar in _PLACES]
    verb, chosen = rng.choice(choices)
    argv = _argv(verb, chosen, odd, right)
    return Case(argv, may_write=("drawn", odd), stop_after_s=6)


def _argv(verb: Verb, chosen: Option, odd: str, right: dict[str, str]) -> tuple[str, ...]:
    words: list[str] = []
    resumed = "--resume" in chosen.flags
    for option in verb.options:
        if option is chosen:
            words += [option.flags[0], odd] if option.flags else [odd]
        elif not option.flags and not resumed and (option.required or option.metavar in right):
            words.append("caltech101" if verb.words == ("data", "add") else right.get(option.metavar, "strides"))
    if "--image" in chosen.flags:
        words += ["--figures", "drawn"]
    if verb.words == ("train",) and not resumed:
        words += TINY
    return (*verb.words, *words)
