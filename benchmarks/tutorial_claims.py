"""The tutorial's advice on each parameter, measured: a study on four classes of Caltech-101 and one on twenty.

Each piece of advice is a claim about the network `simple` at 48 px, trained to the end. The images of each block's fold
judge; nothing is chosen by the test images. Prints a table in Markdown.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any, Literal

from machine import machine

from convwise.commands.study import study
from convwise.images.datasets import resolve

N_CLASSES, PER_CLASS = 20, 70  # the largest classes have 85 images at least
SIZE_PX = 48
SMALLEST = 1.0  # points
Expected = Literal["not better", "better", "the same"]

# parameter, what the tutorial says, what is tried in place of the network's own value, what then to expect
CLAIMS: tuple[tuple[str, str, str, Expected], ...] = (
    ("filters", "few early, more later (32, 64, 128)", "64", "not better"),
    ("kernel_size", "up to 128 px no window above 3", "5", "not better"),
    ("strides", "2 in place of pooling can raise accuracy", "net.pooling=strides", "better"),
    ("padding", "same for most layers", "valid", "not better"),
    ("data_format", "leave it alone: only speed can differ", "channels_first", "the same"),
    ("dilation_rate", "only for large images with fine detail", "2", "not better"),
    ("activation", "ReLU after each convolution", "silu", "not better"),
    ("use_bias", "keep it", "false", "not better"),
    ("kernel_initializer", "glorot_uniform for most, he_normal for deep networks", "he_normal", "not better"),
    ("bias_initializer", "leave it alone", "constant:0.1", "not better"),
    ("kernel_regularizer", "L2 at 0.0005 where the network overfits", "l2:0.0005", "better"),
    ("bias_regularizer", "leave it alone: hardly any effect", "l2:0.0005", "the same"),
    ("activity_regularizer", "leave it alone", "l2:0.000001", "not better"),
    ("kernel_constraint", "leave it alone", "max_norm:3:axis=0,1,2", "not better"),
    ("bias_constraint", "leave it alone", "max_norm:2", "not better"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of each study")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a folder to keep the two studies in")
    options = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        out = options.out or Path(place)
        four = measured("caltech101-4", out / "four", options)
        twenty = measured(str(twenty_classes(Path(place) / "twenty classes")), out / "twenty", options, PER_CLASS)
    print(f"{options.minutes:g} minutes each, seed {options.seed}\n")
    print("| parameter | the claim | tried instead | four classes | | twenty classes | |")
    print("|---|---|---|---|---|---|---|")
    for parameter, claim, value, expected in CLAIMS:
        told = [cell for found in (four, twenty) for cell in judged(found[parameter], expected)]
        print(f"| `{parameter}` | {claim} | {value} | {' | '.join(told)} |", flush=True)


def measured(data: str, out: Path, options: argparse.Namespace, per_class: int | None = None) -> dict[str, Any]:
    """Parameter -> its verdict, by a study; one that is already there is read."""
    if not (out / "result.json").exists():
        study(
            data,
            net="simple",
            size=SIZE_PX,
            minutes=options.minutes,
            per_class=per_class,
            levels=[f"{parameter}={value}" for parameter, _, value, _ in CLAIMS],
            parameters=[parameter for parameter, *_ in CLAIMS],
            smallest_effect=SMALLEST,
            seed=options.seed,
            out=out,
        )
    result = json.loads((out / "result.json").read_text())
    return {verdict["parameter"]: verdict for verdict in result["verdicts"]}


def twenty_classes(folder: Path) -> Path:
    """Links to the largest classes of Caltech-101, the background left out."""
    source = resolve("caltech101")
    classes = [path for path in source.folder.iterdir() if path.is_dir() and path.name not in source.exclude]
    folder.mkdir()
    for path in sorted(classes, key=lambda path: (-len(list(path.iterdir())), path.name))[:N_CLASSES]:
        (folder / path.name).symlink_to(path, target_is_directory=True)
    return folder


def judged(verdict: dict[str, Any], expected: Expected) -> tuple[str, str]:
    """The effect in points with the interval that decides, and what becomes of the claim by the study's verdict."""
    kind, effect = verdict["kind"], (verdict["tried"] or {}).get("effect")
    if effect is None:
        return "", kind
    told = f"{effect['estimate']:+.1f} ({effect['low']:+.1f} to {effect['high']:+.1f})"
    better, no_better = kind == "set it", kind in ("keep it", "free choice", "early only")
    differs = effect["low"] > 0 or effect["high"] < 0
    holds, fails = {
        "better": (better, no_better),
        "not better": (no_better, better),
        "the same": (effect["low"] > -SMALLEST and effect["high"] < SMALLEST, differs),
    }[expected]
    return told, "holds" if holds else "does not hold" if fails else "undecided"


if __name__ == "__main__":
    main()
