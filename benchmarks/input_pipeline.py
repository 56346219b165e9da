"""Does the input keep up? A real epoch from the cache, against the same steps fed with one batch held in memory.

Both go through the same `fit`, in turn; each figure is a median over the steps of the later epochs, and the ratio the
median over the repeats.
"""

import argparse
import dataclasses
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from unittest import mock

from machine import machine

from convwise.conv2d import Conv2DSettings
from convwise.images.batches import Batches
from convwise.images.datasets import resolve
from convwise.images.prepare import prepare
from convwise.images.split import split_images
from convwise.nets import build
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.fit import Watch, fit
from convwise.training.precision import resolve_precision
from convwise.training.recipe import named_recipe
from convwise.training.towers import give_threads, resolve_towers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--towers", type=int, help="instead of the recipe's")
    options = parser.parse_args()
    print(machine())
    source = resolve(options.data)
    for net, name in (("narrowresnet", "fast"), ("stridednet", "tutorial")):
        recipe = named_recipe(name, {"epochs": options.epochs})
        towers = resolve_towers(options.towers or recipe.towers, recipe.batch)
        recipe = dataclasses.replace(recipe, precision=resolve_precision(recipe.precision), towers=towers)
        give_threads(towers)
        index, cache = prepare(source.folder, size=recipe.size_px, classes=source.classes, exclude=source.exclude)
        split = split_images(index, seed=0)
        n_classes = len(index.class_names)
        batches = Batches(
            cache.pixels, index.labels, split.train, n_classes, recipe.batch, recipe.augmentation, recipe.cutmix, 0
        )
        began = time.perf_counter()
        for step in range(batches.steps):
            batches.at(0, step)
        alone = (time.perf_counter() - began) / batches.steps
        pairs = []
        for _ in range(options.repeats):
            held = batches.at(0, 0)
            real = step_seconds(net, batches, recipe, n_classes)
            with mock.patch.object(Batches, "of", lambda *arguments, held=held: held):
                pairs.append((real, step_seconds(net, batches, recipe, n_classes)))
        real, held = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(b / a for a, b in pairs)
        print(
            f"{net} {recipe.size_px} px, batch {batches.batch_size}, {towers} towers: "
            f"{batches.batch_size / real:.0f} images/s from the cache, {batches.batch_size / held:.0f} from memory, "
            f"ratio {ratio:.3f}; making a batch alone takes {1e6 * alone / batches.batch_size:.0f} us an image, "
            f"{100 * alone / real:.1f} % of a step"
        )


def step_seconds(net: str, batches: Batches, recipe: object, n_classes: int) -> float:
    """The median step of all epochs but the first."""
    times: list[tuple[int, float]] = []
    size = batches.pixels.shape[1]
    model = build(net, size_px=size, n_classes=n_classes, settings=Conv2DSettings(), seed=0, precision=recipe.precision)
    watch = Watch(step=lambda share, epoch: times.append((epoch, time.perf_counter())))
    with tempfile.TemporaryDirectory() as folder:
        fit(model, batches, None, recipe=recipe, checkpoints=CheckpointFolder(Path(folder)), watch=watch)
    later = [(b - a) for (e, a), (f, b) in itertools.pairwise(times) if e == f and e > 0]
    return statistics.median(later)


if __name__ == "__main__":
    main()
