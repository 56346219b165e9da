"""What the cases are made from: small pictures, a run that was finished on them, models that do not fit it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.hostile.cases import Material

SIZE_PX = 8
CLASSES = ("apple", "birch", "clay")
_PER_CLASS = 7
_TINY = ("--net", "simple", "--size", str(SIZE_PX), "--epochs", "1", "--batch", "8")


def make_material(folder: Path) -> Material:
    """Everything, by real commands, into an empty folder."""
    material = Material(folder)
    make_pictures(material.pictures)
    environment = {**os.environ, "CONVWISE_HOME": str(folder / "home"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    train = ("train", str(material.pictures), *_TINY, "--out", str(material.run))
    for command in (("-m", "convwise", *train), ("-m", "tests.hostile.odd_models", str(material.models))):
        done = subprocess.run([sys.executable, *command], env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return material


def make_pictures(folder: Path, *, per_class: int = _PER_CLASS, classes: tuple[str, ...] = CLASSES) -> None:
    """Noisy pictures, each class around a colour of its own."""
    random = np.random.default_rng(11)
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for i in range(per_class):
            colour = np.eye(3)[number % 3] * 130
            pixels = np.clip(random.normal(60, 30, (12, 12, 3)) + colour, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
