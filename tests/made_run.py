"""Runs that nobody trained: drawn pictures, drawn answers, and every file of a finished run but a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from convwise.conv2d import NetworkSettings
from convwise.evaluation import evaluate
from convwise.images.material import Material, Pictures, Shares
from convwise.runs import Run, RunSettings
from convwise.runs.predictions import Predictions
from convwise.training.recipe import RECIPES, Recipe

HOSTILE = ("<img src=x onerror=alert(1)>", "שלום עולם " * 2 + "ab", "n" * 60, "a'\"&b", "</script><script>x=1")
"""Names of classes that a page must take for text."""


def draw_pictures(folder: Path, names: Sequence[str], per_class: int, size: int = 48) -> None:
    """A folder of pictures, JPEG: smooth noise around a colour for each class, so that files have usual sizes."""
    rng = np.random.default_rng(5)
    for number, name in enumerate(names):
        (folder / name).mkdir(parents=True, exist_ok=True)
        colour = rng.uniform(40, 215, 3)
        for i in range(per_class):
            coarse = np.clip(colour + rng.normal(0, 45, (8, 8, 3)), 0, 255).astype(np.uint8)
            picture = Image.fromarray(coarse).resize((size, size * 3 // 4), Image.Resampling.BICUBIC)
            picture.save(folder / name / f"{number:03}_{i:04}.jpg", quality=90)


def make_run(
    folder: Path,
    data: Path,
    *,
    accuracy: float = 0.85,
    seed: int = 0,
    epochs: int = 6,
    test: float = 0.5,
    recipe: Recipe | None = None,
    split_seed: int = 0,
) -> Run:
    """A run on the pictures of `data` whose answers are drawn: right with `accuracy`, and sure at random."""
    recipe = recipe or Recipe.from_dict({**RECIPES["fast"].to_dict(), "epochs": epochs, "size": 32, "seed": split_seed})
    recipe = recipe.for_network("narrowresnet")
    pictures = Pictures(folder=data, shape=recipe.shape, resize=recipe.resize)
    material = Material.of(pictures, Shares(None, test, 0.15, split_seed))
    index, split = material.index, material.split
    settings = RunSettings(
        data=str(data),
        folder=str(data),
        classes=None,
        exclude=(),
        net="narrowresnet",
        network=NetworkSettings(),
        recipe=recipe,
        per_class=None,
        test=test,
        validation=0.15,
        index_digest=index.digest,
        split_digest=split.digest,
    )
    run = Run.create(folder, settings, index.class_names, split.to_dict())
    members = np.concatenate([split.validation, split.test])
    labels = index.labels[members]
    probabilities = drawn_answers(labels, len(index.class_names), accuracy, seed)
    Predictions(
        paths=np.array([index.paths[i] for i in members], np.str_),
        sides=np.repeat(("validation", "test"), (len(split.validation), len(split.test))).astype(np.str_),
        labels=labels,
        probabilities=probabilities.astype(np.float32),
        class_names=np.array(index.class_names, np.str_),
    ).save(folder)
    run.write_metrics(drawn_epochs(epochs))
    tested = slice(len(split.validation), None)
    paths = [index.paths[i] for i in split.test]
    evaluation = (
        evaluate(labels[tested], probabilities[tested], index.class_names, split="test", paths=paths) if paths else None
    )
    run.model_path.write_bytes(b"no network")
    summary = {"evaluated": evaluation is not None, "epochs": epochs, "best_epoch": epochs,
               "seconds_training": 12.5, "seconds": 14.0,
               "n_unreadable": len(index.unreadable), "n_ignored": index.n_ignored, "n_train": len(split.train),
               "n_validation": len(split.validation), "n_test": len(split.test), "n_weights": 12345}  # fmt: skip
    run.finish(evaluation, summary)
    return run


def drawn_answers(labels: np.ndarray, k: int, accuracy: float, seed: int) -> np.ndarray:
    """(n, k) probabilities."""
    rng = np.random.default_rng(seed)
    n = len(labels)
    answers = np.where(rng.random(n) < accuracy, labels, rng.integers(0, k, n))
    logits = rng.normal(0, 1, (n, k))
    logits[np.arange(n), answers] += rng.uniform(2, 6, n) + logits.max(axis=1) - logits[np.arange(n), answers]
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def drawn_epochs(n: int) -> list[dict[str, float]]:
    """Rows of metrics.jsonl of a training that settles."""
    return [
        {"epoch": e, "loss": 0.4 + 0.9 / e, "accuracy": 0.97 - 0.4 / e, "val_loss": 0.35 + 0.6 / e**2,
         "val_accuracy": 0.95 - 0.3 / e, "learning_rate": 1e-3 * (1 - e / (n + 1))}
        for e in range(1, n + 1)
    ]  # fmt: skip
