"""Every verb with options and values that nobody means: drawn from the real parser."""

from __future__ import annotations

import random
from pathlib import Path

from tests.hostile.cases import Case, Material
from tests.hostile.kinds.parser import Option, Verb, verbs
from tests.hostile.kinds.training import TINY, add_good_pictures

NASTY = (
    "", "-1", "0", "1", "2", "99999999999999999999", "-99999999999999999999", "1e400", "-1e400", "nan", "inf", "-inf",
    "1e-320", "0.5",
    "1.0000000001", "٣", "１２", "0x10", "1_000", " 7 ", "+3", "1e3", "½", "x" * 10_000, "--", "-", "--json", "-h",
    "a'b\"c", "`id`",
    "$(id)", "%s%n", "{0}", "\\", "\n", "a\nzqnl", "\x1b[31m", "\udce9", "\u202e", "[red]", "[/]", "null", "None",
    "true", "=", "a=b",
    "conv.kernel_size=-1", "conv.kernel_size=99999999999999999999", "conv.filters=1e9", "conv.strides=(2,0)",
    "net.width=0",
    "net.width=nan", "stem.padding=", "conv.kernel_size=" + "(" * 2000, "conv.dilation_rate=[1", "conv..=",
    "nowhere.kernel_size=3",
    "conv.kernel_initializer=os.system", "conv.activation=eval", "conv.use_bias=maybe", "conv.groups=7",
    "kernel_size=3,5",
    "strides=99", "all", "test", "train", "imagenet", "fast", "thorough", "frozen", "report", "ray", "local", ",",
    ",,,", "..", "/proc/nope",
    "nul\0byte", "shapes", "simple", "resnet", "MobileNetV2", "strides",
)  # fmt: skip
# What an option is given rather than any of these: shapes of images that nearly are, or are too much.
ITS_OWN = {
    "size": (
        "8x16", "16x8", "64x", "x64", "0x64", "8x0", "64x96x3", "8X16", "8×16", "8 x 16", "-8x16", "8x1025", "1x1", "x",
        "16384x16384", "9" * 50 + "x8", "8.0x16", "8x16\n", "٨x١٦", "(8,16)", "[8, 16]", "8,16", "0x10",
    ),
    "channels": ("1", "3", "0", "2", "4", "-1", "gray", "1.0", "0x1"),
}  # fmt: skip


def command_lines(rng: random.Random, folder: Path, material: Material) -> Case:
    """A right command of one verb, with one to three arguments that are not."""
    verb = rng.choice(verbs())
    # Long work is rightly begun by some requests: most of those that may be are about pictures that are refused.
    per_class = 6 if rng.random() < 0.3 else 1
    add_good_pictures(rng, folder / "data", per_class=per_class, classes=("one", "two") if per_class > 1 else ("one",))
    (folder / "config.toml").write_text('recipe = "plain"\n')
    words = _right(verb, material)
    for option in rng.sample(verb.options, min(len(verb.options), rng.choice((1, 1, 2, 3)))):
        _spoil(rng, words, option)
    if rng.random() < 0.1:
        words.append(("extra", rng.choice(NASTY)))
    if rng.random() < 0.1:
        rng.shuffle(words)
    argv = [*verb.words, *(word for _, *pair in words for word in pair)]
    if rng.random() < 0.05:
        argv = argv[: rng.randrange(len(argv))] or ["data"]
    at_work = verb.words[0] in ("train", "study")
    return Case(
        tuple(argv),
        may_write=(
            "out",
            "drawn",
            "out.csv",
            "out.html",
            "playground.html",
            *(argument for argument in argv if argument in NASTY),
        ),
        after_newline=("zqnl",),
        stop_after_s=3 if at_work else None,
        may_fill_memory=True,
    )


def _right(verb: Verb, material: Material) -> list[tuple[str, ...]]:
    """The smallest right request, each argument with its name first."""
    run, picture = str(material.run), str(material.pictures / "apple" / "0.png")
    right: dict[tuple[str, ...], list[tuple[str, ...]]] = {
        ("data", "add"): [("name", "caltech101"), ("source", "--from", "data")],
        ("data", "check"): [("folder", "data")],
        ("train",): [("data", "data"),
        *((flag[2:], flag, value) for flag, value in zip(TINY[::2], TINY[1::2], strict=True)), ("out", "--out", "out")],
        ("evaluate",): [("run", run)],
        ("predict",): [("run", run), ("paths", picture)],
        ("explain",): [("what", "simple"), ("size", "--size", "16")],
        ("playground",): [("what", "simple"), ("size", "--size", "16"), ("out", "--out", "out.html")],
        ("study",): [("data", "data"), ("size", "--size", "8"), ("minutes", "--minutes", "0.01"),
        ("out", "--out", "out")],
    }  # fmt: skip
    return list(right.get(verb.words, []))


def _spoil(rng: random.Random, words: list[tuple[str, ...]], option: Option) -> None:
    """One argument gets a value that it should not have, or comes without one, or twice."""
    own = ITS_OWN.get(option.dest, ())
    value = rng.choice(own if own and rng.random() < 0.7 else NASTY)
    pair: tuple[str, ...]
    if not option.flags:
        pair = (option.dest, value)
    elif not option.takes_value:
        pair = (option.dest, rng.choice((option.flags[0], option.flags[0], f"{option.flags[0]}={value}")))
    else:
        pair = (option.dest, *rng.choice(((option.flags[0], value), (f"{option.flags[0]}={value}",))))
        if rng.random() < 0.05:
            pair = (option.dest, option.flags[0])
    if rng.random() < 0.9:
        words[:] = [word for word in words if word[0] != option.dest]
    words.append(pair)
