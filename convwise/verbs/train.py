"""train: from a folder of images to a trained, evaluated network in a run folder; resume: on from a checkpoint."""

from __future__ import annotations

import dataclasses
import json
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.conv2d import Conv2DSettings, parse_settings
from convwise.errors import ConvwiseError, RequestError
from convwise.evaluation import Evaluation
from convwise.images.cache import PixelCache
from convwise.images.datasets import resolve
from convwise.images.index import ImageIndex, require_classes
from convwise.images.prepare import prepare
from convwise.images.split import Split, split_images
from convwise.nets import require_network
from convwise.runs import Run, RunSettings, refuse_used
from convwise.training.recipe import Recipe, named_recipe

DEFAULT_NET = "narrowresnet"
_REQUEST_KEYS = ("net", "recipe", "per_class", "test", "validation", "set", "out", "background", "tensorboard")


@dataclass(frozen=True)
class TrainResult:
    """A finished training: the run, its evaluation on the test images (None without any), the seconds of this call."""

    run: Run
    evaluation: Evaluation | None
    seconds: float


@dataclass(frozen=True)
class Listener:
    """What a caller may want to hear while a training goes on; every part may be left out."""

    note: Callable[[str], None] = lambda text: None
    decoding: Callable[[int, int], None] | None = None
    step: Callable[[float, int], None] = lambda share, epoch: None
    epoch: Callable[[dict[str, float]], None] = lambda row: None


def train(
    data: str | Path,
    *,
    net: str | None = None,
    recipe: str | Recipe | None = None,
    size: int | None = None,
    fit: str | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    seed: int | None = None,
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    conv: Conv2DSettings | Sequence[str] | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    background: bool | None = None,
    tensorboard: bool | None = None,
    listener: Listener | None = None,
) -> TrainResult:
    """Trains `net` on `data` (a folder with a sub-folder per class, or the name of a data set) and evaluates it once.

    What is None comes from the `config` file (TOML or JSON), else from the recipe (`fast` by default). `size` is in
    pixels, `conv` holds settings for all convolutions, `validation` is a share of the images not used for testing.
    Raises RequestError for a request that cannot be met, before anything is written.
    """
    began = time.monotonic()
    listener = listener or Listener()
    given = read_config(config) if config else {}
    arguments = {"net": net, "per_class": per_class, "test": test, "validation": validation, "out": out}
    asked: dict[str, Any] = {key: given.pop(key) for key in _REQUEST_KEYS if key in given}
    asked |= {key: value for key, value in arguments.items() if value is not None}
    changes = {"size_px": size, "fit": fit, "epochs": epochs, "minutes": minutes, "batch": batch, "seed": seed}
    given |= {key: value for key, value in changes.items() if value is not None}
    if given.get("minutes") is not None and "epochs" not in given:
        given["epochs"] = 100_000  # the clock decides
    chosen = recipe if recipe is not None else asked.get("recipe", "fast")
    full = dataclasses.replace(chosen, **given) if isinstance(chosen, Recipe) else named_recipe(chosen, given)
    if conv is None or not isinstance(conv, Conv2DSettings):
        conv = parse_settings([*asked.get("set", ()), *(conv or ())])
    name = require_network(asked.get("net", DEFAULT_NET))
    with_background = asked.get("background", False) if background is None else background
    source = resolve(data, background=with_background)
    if asked.get("out"):
        refuse_used(Path(asked["out"]))

    with ThreadPoolExecutor(1) as elsewhere:
        # Keras takes seconds to import, reading the pictures takes seconds of other threads: both at once.
        keras_ready = elsewhere.submit(_import_keras)
        index, cache = _pictures(source.folder, source.classes, source.exclude, full, listener)
        split = split_images(
            index,
            per_class=asked.get("per_class"),
            test=asked.get("test"),
            validation=asked.get("validation", 0.15),
            seed=full.seed,
        )
        keras_ready.result()
    from convwise.training.precision import resolve_precision
    from convwise.training.towers import resolve_towers

    full = dataclasses.replace(
        full, precision=resolve_precision(full.precision), towers=resolve_towers(full.towers, full.batch)
    )
    settings = RunSettings(
        data=str(data),
        folder=str(source.folder),
        classes=source.classes,
        exclude=source.exclude,
        net=name,
        conv=conv,
        recipe=full,
        per_class=asked.get("per_class"),
        test=asked.get("test"),
        validation=asked.get("validation", 0.15),
        index_digest=index.digest,
        split_digest=split.digest,
    )
    model = _build(settings, index)  # an illegal setting is refused before the folder is made
    folder = Path(asked["out"]) if asked.get("out") else _new_folder(source.name, name)
    run = Run.create(folder, settings, index.class_names, split.to_dict())
    listener.note(describe(index, split, model, settings))
    with _stoppable(run):
        return _complete(
            run, index, cache, split, model, listener, began, bool(tensorboard or asked.get("tensorboard"))
        )


def resume(folder: str | Path, *, listener: Listener | None = None) -> TrainResult:
    """Goes on with a run from its last whole epoch, or reads the result of one that is complete.

    Raises RequestError where there is no run, or where the pictures are no longer those that it began with.
    """
    began = time.monotonic()
    listener = listener or Listener()
    run = Run.open(folder)
    if run.complete:
        listener.note(f"{folder} is complete already")
        return TrainResult(run, run.evaluation if run.summary["evaluated"] else None, time.monotonic() - began)
    settings = run.settings
    source = Path(settings.folder)
    index, cache = _pictures(source, settings.classes, settings.exclude, settings.recipe, listener)
    if index.digest != settings.index_digest:
        raise RequestError(
            f"run={folder}: the pictures in {settings.folder} have changed since it began, so it cannot go on as the "
            "same run; put them back as they were, or train again into a new folder"
        )
    split = Split.from_dict(run.split, index)
    model = _build(settings, index)
    with _stoppable(run):
        return _complete(run, index, cache, split, model, listener, began, False)


def read_config(path: str | Path) -> dict[str, Any]:
    """The keys of a TOML or JSON file. Raises RequestError if it cannot be read; unknown keys are refused later."""
    try:
        text = Path(path).read_text(encoding="utf-8")
        values = json.loads(text) if str(path).endswith(".json") else tomllib.loads(text)
    except (OSError, ValueError) as problem:
        raise RequestError(f"config={path}: it cannot be read as TOML or JSON ({problem})") from None
    if not isinstance(values, dict):
        raise RequestError(f"config={path}: it must hold keys and values, not a {type(values).__name__}")
    if "name" in values:
        raise RequestError(
            f"config={path}: there is no key 'name'; write recipe = \"fast\" to start from a named recipe"
        )
    return values


def describe(index: ImageIndex, split: Split, model: Any, settings: RunSettings) -> str:
    """One line: what is trained on what, and what was left out."""
    left_out = []
    if index.unreadable:
        left_out.append(f"{len(index.unreadable)} unreadable")
    if index.n_ignored:
        left_out.append(f"{index.n_ignored} ignored files")
    if split.n_unused:
        left_out.append(f"{split.n_unused} images beyond the protocol")
    if split.n_dropped_copies:
        left_out.append(f"{split.n_dropped_copies} copies across the given folders")
    recipe = settings.recipe
    return (
        f"{len(index.class_names)} classes, {len(split.train)} images to train, {len(split.validation)} to validate, "
        f"{len(split.test)} to test"
        + (f" (left out: {', '.join(left_out)})" if left_out else "")
        + f"; {settings.net}, "
        f"{model.count_params():,} weights, {recipe.size_px} px, recipe {recipe.name}, {recipe.precision}"
    )


def _import_keras() -> None:
    import keras  # noqa: F401

    import convwise.training.fit  # noqa: F401


def _pictures(
    folder: Path, classes: Sequence[str] | None, exclude: Sequence[str], recipe: Recipe, listener: Listener
) -> tuple[ImageIndex, PixelCache]:
    index, cache = prepare(
        folder,
        size=recipe.size_px,
        fit=recipe.fit,
        classes=classes,
        exclude=exclude,
        progress=listener.decoding,
    )
    require_classes(index)
    return index, cache


def _build(settings: RunSettings, index: ImageIndex, precision: str | None = None) -> Any:
    from convwise.nets import build
    from convwise.seeds import derive_seed
    from convwise.training.towers import give_threads

    give_threads(settings.recipe.towers or 1)  # before the first computation

    return build(
        settings.net,
        size_px=settings.recipe.size_px,
        n_classes=len(index.class_names),
        settings=settings.conv,
        seed=derive_seed(settings.recipe.seed, "weights"),
        precision=precision or settings.recipe.precision,
    )


@contextmanager
def _stoppable(run: Run) -> Iterator[None]:
    """A user's Ctrl-C ends the work in one line that says how to go on; nothing but the epoch begun is lost."""
    try:
        yield
    except KeyboardInterrupt:
        raise ConvwiseError(f"stopped; go on with: convwise train --resume {run.folder}") from None


def _complete(
    run: Run,
    index: ImageIndex,
    cache: PixelCache,
    split: Split,
    model: Any,
    listener: Listener,
    began: float,
    tensorboard: bool,
) -> TrainResult:
    """Fit, export the best epoch, look at the test images once, draw, write the manifest."""
    import keras

    from convwise.images.batches import Batches
    from convwise.training.checkpoint import CheckpointFolder
    from convwise.training.fit import Validation, Watch
    from convwise.training.fit import fit as fit_model
    from convwise.verbs.evaluate import evaluate_model

    settings = run.settings
    recipe = settings.recipe
    batches = Batches(
        pixels=cache.pixels,
        labels=index.labels,
        members=split.train,
        n_classes=len(index.class_names),
        batch=recipe.batch,
        augmentation=recipe.augmentation,
        cutmix=recipe.cutmix,
        seed=recipe.seed,
    )
    validation = Validation(cache.pixels, index.labels, split.validation) if len(split.validation) else None
    checkpoints = CheckpointFolder(run.folder / "checkpoint")
    rows: list[Mapping[str, float]] = []
    saved = checkpoints.load()
    if saved:
        rows = list(saved[0].rows)
        run.write_metrics(rows)
        listener.note(f"going on after epoch {saved[0].epochs_done}")

    def epoch(row: dict[str, float]) -> None:
        rows.append(row)
        run.write_metrics(rows)
        listener.epoch(row)

    events = [keras.callbacks.TensorBoard(str(run.folder / "tensorboard"))] if tensorboard else []
    progress = fit_model(
        model,
        batches,
        validation,
        recipe=recipe,
        checkpoints=checkpoints,
        watch=Watch(listener.step, epoch),
        callbacks=events,
    )
    exported = _build(settings, index, "float32")
    exported.set_weights(checkpoints.best_weights(progress.best_epoch))
    _save_model(exported, run.model_path)
    evaluation = None
    if len(split.test):
        evaluation = evaluate_model(
            exported, cache.pixels, index, split.test, split="test", flip_averaging=recipe.flip_averaging
        )
    _draw(run, rows, progress.best_epoch, evaluation, index, cache)
    seconds = time.monotonic() - began
    run.finish(
        evaluation,
        {
            "evaluated": evaluation is not None,
            "epochs": progress.epochs_done,
            "best_epoch": progress.best_epoch,
            "seconds_training": round(progress.seconds, 2),
            "seconds": round(seconds, 2),
            "n_unreadable": len(index.unreadable),
            "n_ignored": index.n_ignored,
            "n_train": len(split.train),
            "n_validation": len(split.validation),
            "n_test": len(split.test),
            "n_weights": int(exported.count_params()),
        },
    )
    return TrainResult(run, evaluation, seconds)


def _save_model(model: Any, path: Path) -> None:
    # Keras wants the ending .keras, so the temporary name keeps it.
    temporary = path.with_name(f".part-{path.name}")
    try:
        model.save(temporary)
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise ConvwiseError(
            f"{path} cannot be written: {problem.strerror or problem}; make room, then --resume"
        ) from None


def _draw(
    run: Run,
    rows: Sequence[Mapping[str, float]],
    best_epoch: int,
    evaluation: Evaluation | None,
    index: ImageIndex,
    cache: PixelCache,
) -> None:
    from convwise.report import figures

    figures.learning_curves(rows, run.folder / "learning_curves.png", best_epoch=best_epoch)
    if evaluation is None:
        return
    position = {path: i for i, path in enumerate(index.paths)}
    figures.confusion_matrix(evaluation, run.folder / "confusion_matrix.png")
    figures.worst_mistakes(evaluation, lambda path: cache.pixels[position[path]], run.folder / "worst_mistakes.png")


def _new_folder(data: str, net: str) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    base = Path("runs") / f"{data}-{net}-{stamp}"
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder
