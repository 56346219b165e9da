"""Does the input keep up? Real epochs from the cache, against the same steps on one tensor held in memory.

Both go through the same `fit`, in turn, a process for each network; each figure is the mean step within the epochs
after the first, and the ratio the median over the repeats. One less the ratio is the share of a step that waits for
data. With KERAS_BACKEND=jax, on a GPU where there is one: `--size`, `--batch` and data as you like.
"""

import argparse
import dataclasses
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import keras
from machine import machine

from convwise.conv2d import NetworkSettings
from convwise.images.batches import Batches
from convwise.images.datasets import resolve
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import prepare
from convwise.images.split import split_images
from convwise.nets import build
from convwise.nets.fast_layers import with_fast_layers
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.fit import fit
from convwise.training.hooks import Hooks
from convwise.training.precision import resolve_precision
from convwise.training.recipe import named_recipe
from convwise.training.towers import give_threads, resolve_towers

NETWORKS = {"narrowresnet": "fast", "stridednet": "tutorial"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--towers", type=int, help="instead of the recipe's")
    parser.add_argument("--net", choices=NETWORKS, help="this one alone, in this process")
    parser.add_argument("--size", type=int, help="px, instead of the recipe's")
    parser.add_argument("--batch", type=int, help="instead of the recipe's")
    options = parser.parse_args()
    if options.net:
        measure(options, options.net, NETWORKS[options.net])
        return
    print(machine(), flush=True)
    for net in NETWORKS:
        subprocess.run([sys.executable, *sys.argv, "--net", net], check=True)


def measure(options: argparse.Namespace, net: str, name: str) -> None:
    """Both sides of one network, and its line."""
    asked = {"epochs": options.epochs, "size": options.size, "batch": options.batch}
    recipe = named_recipe(name, {key: value for key, value in asked.items() if value is not None})
    towers = resolve_towers(options.towers or recipe.towers, recipe.batch)
    recipe = dataclasses.replace(recipe, precision=resolve_precision(recipe.precision), towers=towers)
    give_threads(towers)
    source = resolve(options.data)
    index, cache = prepare(source.folder, shape=recipe.shape, classes=source.classes, exclude=source.exclude)
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
        real = step_seconds(net, batches, recipe, n_classes)
        with mock.patch("convwise.training.fit._stream", held_in_memory):
            pairs.append((real, step_seconds(net, batches, recipe, n_classes)))
    real, memory = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(
        f"{net} {recipe.size} px, batch {batches.batch_size}, {towers} towers: "
        f"{batches.batch_size / real:.0f} images/s from the cache, {batches.batch_size / memory:.0f} from memory, "
        f"ratio {ratio:.3f}; making a batch alone takes {1e6 * alone / batches.batch_size:.0f} us an image, "
        f"{100 * alone / real:.1f} % of a step",
        flush=True,
    )


@contextmanager
def held_in_memory(batches: Batches, first_epoch: int) -> Iterator[object]:
    """The first batch, again and again."""
    batch = batches.at(first_epoch, 0)
    if keras.backend.backend() != "tensorflow":
        yield (batch for _ in itertools.count())  # Keras wants a generator
        return
    import tensorflow

    yield tensorflow.data.Dataset.from_tensors(batch).cache().repeat()


def step_seconds(net: str, batches: Batches, recipe: object, n_classes: int) -> float:
    """The mean step of all epochs but the first."""
    times: list[tuple[int, float]] = []
    size = batches.pixels.shape[1]
    built = build(
        net,
        shape=ImageShape.of(size),
        n_classes=n_classes,
        settings=NetworkSettings(),
        seed=0,
        precision=recipe.precision,
    )
    model = with_fast_layers(built.model)
    hooks = Hooks(step=lambda share, epoch: times.append((epoch, time.perf_counter())))
    with tempfile.TemporaryDirectory() as folder:
        fit(model, batches, None, recipe=recipe, checkpoints=CheckpointFolder(Path(folder)), hooks=hooks)
    later = [(b - a) for (e, a), (f, b) in itertools.pairwise(times) if e == f and e > 0]
    return statistics.mean(later)


if __name__ == "__main__":
    main()
