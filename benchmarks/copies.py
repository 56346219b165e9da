"""Which copies are found, and what is taken for one: 200 true copies, and five kinds of pictures that are only aligned.

With FOLDER (of class folders, such as Caltech-101's) the copies are of pictures of that folder and lie among all of
them; else of drawn scenes. It asks no more of convwise than `index_folder(folder).duplicates`, so that it measures an
older version too: PYTHONPATH=OLDER/TREE python benchmarks/copies.py FOLDER
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from aligned_pictures import KINDS, Pixels, scenes
from machine import machine
from PIL import Image

from convwise.images.index import ImageIndex
from convwise.images.prepare import index_folder

Random = np.random.Generator
N_DRAWN = {"drawn digits": (360, 10)}  # pictures and classes; else ...
N_ALIGNED = 120, 2
N_SCENES = 1000
N_OF_EACH = 50


def resaved(image: Pixels, path: Path, random: Random) -> None:
    Image.fromarray(image).save(path, quality=int(random.integers(50, 91)))


def resized(image: Pixels, path: Path, random: Random) -> None:
    factor = 2 ** random.uniform(-1, 1)
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    smaller = cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)
    Image.fromarray(smaller).save(path, quality=90)


def cropped(image: Pixels, path: Path, random: Random) -> None:
    """3 % off the height and off the width, at any place."""
    height, width = (round(0.97 * side) for side in image.shape[:2])
    top, left = random.integers(image.shape[0] - height + 1), random.integers(image.shape[1] - width + 1)
    Image.fromarray(image[top : top + height, left : left + width]).save(path, quality=90)


def brightened(image: Pixels, path: Path, random: Random) -> None:
    brighter = np.clip(image * float(random.choice((0.9, 1.1))), 0, 255).astype(np.uint8)
    Image.fromarray(brighter).save(path, quality=90)


WAYS: dict[str, Callable[[Pixels, Path, Random], None]] = {
    "re-saved (JPEG 50 to 90)": resaved,
    "resized (0.5 to 2 times)": resized,
    "cropped by 3 %": cropped,
    "10 % brighter or darker": brightened,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as place:
        os.environ["CONVWISE_HOME"] = f"{place}/home"
        for name, draw in KINDS.items():
            n, n_classes = N_DRAWN.get(name, N_ALIGNED)
            folder = Path(place) / name
            save(draw(n, options.seed), folder, n_classes)
            index = index_folder(folder)
            n_merged = sum(len(group.members) for group in index.duplicates)
            print(f"{name}: {n_merged} of {n} falsely merged, {said_across(index)}", flush=True)
        folder = Path(place) / "true"
        if options.folder:
            link_all(options.folder, folder)
        else:
            save(scenes(N_SCENES, options.seed), folder, 10)
        began = time.monotonic()
        before = index_folder(folder)
        print(f"{len(before)} pictures: {described(before)}, {time.monotonic() - began:.1f} s with reading", flush=True)
        true_copies(folder, before, np.random.default_rng(options.seed))


def true_copies(folder: Path, before: ImageIndex, random: Random) -> None:
    """Adds the copies to the folder and prints how many are found."""
    chosen = random.choice(len(before), N_OF_EACH * len(WAYS), replace=False)
    originals: dict[str, str] = {}
    for number, i in enumerate(chosen):
        path = folder / before.paths[i]
        name, way = list(WAYS.items())[number // N_OF_EACH]
        copy = path.with_name(f"{path.stem}-copy-{number // N_OF_EACH}.jpg")
        with Image.open(path) as image:
            way(np.asarray(image.convert("RGB")), copy, random)
        originals[str(copy.relative_to(folder))] = before.paths[i]
    index = index_folder(folder)
    groups = [{index.paths[member] for member in group.members} for group in index.duplicates]
    group_of = {path: group for group in groups for path in group}
    for number, name in enumerate(WAYS):
        of_way = [(copy, one) for copy, one in originals.items() if copy.endswith(f"-copy-{number}.jpg")]
        n_found = sum(one in group_of.get(copy, ()) for copy, one in of_way)
        print(f"{name}: {n_found} of {len(of_way)} found", flush=True)
    known = {frozenset(before.paths[member] for member in group.members) for group in before.duplicates}
    others = [group for group in groups if not group & set(originals) and frozenset(group) not in known]
    print(f"with them: {described(index)}; {len(others)} groups that are neither planted nor there before", flush=True)


def described(index: ImageIndex) -> str:
    n = sum(len(group.members) for group in index.duplicates)
    return f"{len(index.duplicates)} groups of {n} pictures, {said_across(index)}"


def said_across(index: ImageIndex) -> str:
    copies = getattr(index, "copies", None)  # not of older versions
    return f"{len(copies.across)} pairs across classes, {len(copies.apart)} apart" if copies else "no pairs are told"


def save(pictures: list[Pixels], folder: Path, n_classes: int) -> None:
    for i, picture in enumerate(pictures):
        path = folder / f"class {i % n_classes}" / f"{i:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)


def link_all(source: Path, folder: Path) -> None:
    for path in source.resolve().glob("*/*"):
        link = folder / path.relative_to(source.resolve())
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)


if __name__ == "__main__":
    main()
