"""What oneDNN gains in each network: images a second of training with it and without, in turn.

Each side is a process of its own, since TensorFlow asks once. `--isa AVX2` holds oneDNN to that set of instructions
(ONEDNN_MAX_CPU_ISA), which tells about narrower processors what can be told on a wider one. The ratio is the median
over the repeats.
"""

import argparse
import dataclasses
import os
import statistics
import subprocess
import sys

from machine import machine

from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="shapes")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", type=int, default=64, help="px")
    parser.add_argument("--images", type=int, default=512, help="of an epoch; the second of two is timed")
    parser.add_argument("--isa", help="what oneDNN may use at most: AVX2, AVX512_CORE, ...")
    parser.add_argument("--net", action="append", choices=NETWORKS, help="only these")
    parser.add_argument("--alone", action="store_true", help="one network, in this process")
    options = parser.parse_args()
    if options.alone:
        print(images_a_second(options.data, options.net[0], options.size, options.images))
        return
    print(machine() + (f"; oneDNN held to {options.isa}" if options.isa else ""), flush=True)
    print("| network | with oneDNN, images/s | without | ratio |\n|---|---|---|---|", flush=True)
    for net in options.net or NETWORKS:
        pairs = [(measured(options, net, "1"), measured(options, net, "0")) for _ in range(options.repeats)]
        with_it, without = (statistics.median(side) for side in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"| {net} | {with_it:.0f} | {without:.0f} | {ratio:.2f} |", flush=True)


def measured(options: argparse.Namespace, net: str, setting: str) -> float:
    """Images a second in a fresh process."""
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": setting, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if options.isa:
        environment["ONEDNN_MAX_CPU_ISA"] = options.isa
    command = [sys.executable, __file__, options.data, "--alone", "--net", net]
    command += ["--size", str(options.size), "--images", str(options.images)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def images_a_second(data: str, net: str, size: int, n_images: int) -> float:
    """Of the second epoch, trained as `convwise train` would."""
    from input_pipeline import step_seconds

    from convwise.images.batches import Batches
    from convwise.images.datasets import resolve
    from convwise.images.prepare import prepare
    from convwise.images.split import split_images
    from convwise.training.precision import resolve_precision
    from convwise.training.recipe import named_recipe
    from convwise.training.towers import give_threads, resolve_towers

    recipe = named_recipe("fast", {"epochs": 2, "size": size}).for_network(net)
    towers = resolve_towers(recipe.towers, recipe.batch)
    give_threads(towers)
    recipe = dataclasses.replace(recipe, precision=resolve_precision(recipe.precision), towers=towers)
    source = resolve(data)
    index, cache = prepare(source.folder, shape=ImageShape.of(size), classes=source.classes, exclude=source.exclude)
    members = split_images(index, seed=0).train[:n_images]
    n_classes = len(index.class_names)
    batches = Batches(
        cache.pixels, index.labels, members, n_classes, recipe.batch, recipe.augmentation, recipe.cutmix, 0
    )
    return batches.batch_size / step_seconds(net, batches, recipe, n_classes)


if __name__ == "__main__":
    main()
