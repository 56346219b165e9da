"""How soon convwise answers: light commands, wrong requests about a folder of a thousand pictures, one prediction.

Each is a command of its own, from a cold start without caches, the sides in turn; the median of the repeats is told.
In the last column, light commands stand beside `import keras` alone, and the prediction beside plain Keras, which
imports, loads the same model and predicts once. `--light` measures light commands only. `--before FOLDER`, a checkout
of an earlier version, is measured in the same run; each version predicts with a run that it trained itself.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from machine import machine
from PIL import Image

N_PICTURES = 1000
RUN = "RUN"  # in a command: the run of the side that carries it out
PLAIN = """
import sys, numpy as np, keras
from PIL import Image
model = keras.models.load_model(sys.argv[1])
side = model.input_shape[1]
pixels = np.asarray(Image.open(sys.argv[2]).convert("RGB").resize((side, side)))[None]
print(model.predict(pixels, verbose=0).argmax())
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", help="a checkout of an earlier version")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--light", action="store_true", help="light commands only")
    options = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    sides = [Side("now", here)] + ([Side("before", Path(options.before).resolve())] if options.before else [])
    print(machine())
    columns = ["what", *(f"{side.name}, s" for side in sides), "Keras, s"]
    print(f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|", flush=True)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        keras = [sys.executable, "-c", "import keras"]
        for arguments in (["--help"], ["guide"], ["explain", "stridednet"], ["explain", "inception"]):
            light = [lambda a=arguments, s=side: Command(a).seconds(s, folder, code=0) for side in sides]
            row(f"`convwise {' '.join(arguments)}`", options.repeats, [*light, lambda: clocked(keras, {}, 0)])
        if options.light:
            return
        draw(folder)
        trained = Command(["train", str(folder / "classes"), "--epochs", "1", "--out", RUN])
        for side in sides:
            trained.seconds(side, folder, code=0)
        for what, command in requests(folder).items():
            row(what, options.repeats, [lambda c=command, s=side: c.seconds(s, folder) for side in sides])
        picture = str(next((folder / "flat").iterdir()))
        predict = Command(["predict", RUN, picture])
        plain = [sys.executable, "-c", PLAIN, str(sides[0].run(folder) / "model.keras"), picture]
        both = [lambda s=side: predict.seconds(s, folder, code=0) for side in sides]
        times = row("`predict` of one picture", options.repeats, [*both, lambda: clocked(plain, {}, 0)])
        ratio = statistics.median(now / keras for now, *_, keras in zip(*times, strict=True))
        print(f"predict beside plain Keras (the last column): ratio {ratio:.2f}, pair by pair")


def draw(folder: Path) -> None:
    """The same thousand pictures in one folder, in one class, and in two."""
    random = np.random.default_rng(0)
    for name in ("flat", "one/a", "classes/a", "classes/b", "others/x", "others/y", "empty"):
        (folder / name).mkdir(parents=True)
    for i in range(N_PICTURES):
        pixels = np.clip(random.normal(120 + 60 * (i % 2), 40, (96, 96, 3)), 0, 255).astype(np.uint8)
        for name in ("flat", "one/a", f"classes/{'ab'[i % 2]}", f"others/{'xy'[i % 2]}"):
            Image.fromarray(pixels).save(folder / name / f"{i}.jpg", quality=90)


@dataclass(frozen=True)
class Side:
    """A version of convwise: its name in the table, and its checkout."""

    name: str
    tree: Path

    def run(self, folder: Path) -> Path:
        """The run that it trained."""
        return folder / f"run {self.name}"


class Command:
    """A command line of convwise, run by the code of one side or the other."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments

    def seconds(self, side: Side, folder: Path, code: int = 2) -> float:
        """From the start to the end, without caches. The exit code must be the one expected."""
        home = folder / "home"
        shutil.rmtree(home, ignore_errors=True)
        environment = {"PYTHONPATH": str(side.tree), "CONVWISE_HOME": str(home)}
        arguments = [str(side.run(folder)) if each == RUN else each for each in self.arguments]
        return clocked([sys.executable, "-m", "convwise", *arguments], environment, code)


def requests(folder: Path) -> dict[str, Command]:
    """Wrong ones, by what is wrong."""
    classes = str(folder / "classes")
    return {
        "`train`: no class folders": Command(["train", str(folder / "flat")]),
        "`train`: an empty folder": Command(["train", str(folder / "empty")]),
        "`train`: one class": Command(["train", str(folder / "one")]),
        "`train`: more images a class than there are": Command(["train", classes, "--per-class", "600"]),
        "`train`: no such option of the network": Command(["train", classes, "--set", "net.depth=3"]),
        "`study`: one class": Command(["study", str(folder / "one")]),
        "`evaluate`: other classes": Command(["evaluate", RUN, "--data", str(folder / "others")]),
        "`predict`: no such file": Command(["predict", RUN, str(folder / "nothing.jpg")]),
    }


def clocked(command: list[str], environment: dict[str, str], code: int) -> float:
    """Seconds of a whole process. Raises SystemExit where it ends otherwise than expected."""
    began = time.perf_counter()
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=tempfile.gettempdir(), capture_output=True, check=False
    )
    if done.returncode != code:
        raise SystemExit(f"{command}: exit code {done.returncode}, not {code}\n{done.stderr.decode()}")
    return time.perf_counter() - began


def row(what: str, repeats: int, sides: list) -> list[list[float]]:
    """All sides in turn, and a line of their medians."""
    for side in sides:
        side()  # the disk's caches are warm for all of them
    times = [[side() for side in sides] for _ in range(repeats)]
    columns = [list(column) for column in zip(*times, strict=True)]
    print(f"| {what} | {' | '.join(f'{statistics.median(column):.2f}' for column in columns)} |", flush=True)
    return columns


if __name__ == "__main__":
    main()
