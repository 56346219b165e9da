"""What makes a real training tiny, and good pictures for it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image

TINY = ("--net", "simple", "--size", "8", "--epochs", "1", "--batch", "8", "--recipe", "plain")


def add_good_pictures(
    rng: random.Random, folder: Path, *, per_class: int, classes: tuple[str, ...] = ("one", "two")
) -> int:
    """Different pictures of a few pixels in each class; how many there are."""
    noise = np.random.default_rng(rng.randrange(2**32))
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(per_class):
            pixels = noise.integers(40 * (number % 5), 60 + 40 * (number % 5), (10, 10, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"good{i}.png")
    return per_class * len(classes)
