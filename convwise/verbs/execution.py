"""A run carried out: pictures, network, fit, export of the best epoch, one look at the test images, manifest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.errors import ConvwiseError
from convwise.evaluation import Evaluation
from convwise.images.cache import PixelCache
from convwise.images.index import ImageIndex, require_classes
from convwise.images.prepare import prepare
from convwise.images.remarks import directions
from convwise.images.rules import Rules
from convwise.images.split import Split, classes_without
from convwise.locks import locked
from convwise.nets import Built
from convwise.runs import Run, RunSettings
from convwise.training.recipe import Recipe

Decoding = Callable[[int, int], None]  # pictures read, pictures in all


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
    decoding: Decoding | None = None
    step: Callable[[float, int], None] = lambda share, epoch: None
    epoch: Callable[[dict[str, float]], None] = lambda row: None


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
    out = f" (left out: {', '.join(left_out)})" if left_out else ""
    source = f" from {settings.pretrained.weights}" if settings.pretrained else ""
    return (
        f"{len(index.class_names)} classes, {len(split.train)} images to train, {len(split.validation)} to validate, "
        f"{len(split.test)} to test{out}; {settings.net}{source}, "
        f"{model.count_params():,} weights, {recipe.size_px} px, recipe {recipe.name}, {recipe.precision}"
    )


def warnings_before(index: ImageIndex, split: Split, recipe: Recipe) -> list[str]:
    """What is to be said before a training: how the folder was understood, and what may spoil the result."""
    found = list(index.notes)
    closed = [file for file in index.unreadable if file.reason.startswith("the folder")]
    if closed:
        more = f" and {len(closed) - 3} more" if len(closed) > 3 else ""
        told = ", ".join(f"{file.path} ({file.reason})" for file in closed[:3])
        found.append(f"not read: {told}{more}")
    found += [f"class {name} is left out: {why}" for name, why in index.empty_reasons().items()]
    for name, side in (("tested", split.test), ("validated", split.validation)):
        missing = classes_without(index, side) if len(side) else ()
        if missing:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            found.append(f"not {name}, for want of images there: {', '.join(missing[:5])}{more}")
    if mirrors(recipe) and (told := directions(index.class_names)):
        found.append(f"warning: {told}; recipe {recipe.name} does")
    return found


def mirrors(recipe: Recipe) -> bool:
    """Whether an image and its mirror image are the same to the training or to the evaluation."""
    return recipe.augmentation.horizontal_flip or recipe.flip_averaging


def chance_hint(evaluation: Evaluation, recipe: Recipe) -> str:
    """Says that mirroring may be why, where a network that saw mirrored images is no better than chance; else ""."""
    n_tested = len(evaluation.class_names) - len(evaluation.not_tested)
    if n_tested < 2 or not mirrors(recipe) or evaluation.mean_class_accuracy.low > 1 / n_tested:
        return ""
    return (
        f"no better than chance (1 of {n_tested} classes); recipe {recipe.name} mirrors images, which hides directions "
        "and sides: if the classes differ by one, try --recipe plain"
    )


def pictures(
    folder: Path,
    classes: Sequence[str] | None,
    exclude: Sequence[str],
    recipe: Recipe,
    decoding: Decoding | None,
    rules: Rules,
    copies: str,
) -> tuple[ImageIndex, PixelCache]:
    """The index and the cached pixels at the recipe's size and fit. Raises RequestError below two classes."""
    index, cache = prepare(
        folder,
        size=recipe.size_px,
        fit=recipe.fit,
        classes=classes,
        exclude=exclude,
        copies=copies,
        progress=decoding,
        rules=rules,
        least_classes=2,
    )
    require_classes(index)
    return index, cache


def build_network(settings: RunSettings, index: ImageIndex, precision: str | None = None) -> Built:
    """The run's network with its first weights, to be trained or, in a `precision` of its own, to be saved."""
    from convwise.nets.quick import quicker

    built = _plain_network(settings, index, precision or settings.recipe.precision)
    return built if precision else Built(quicker(built.model), built.changes)


def _plain_network(settings: RunSettings, index: ImageIndex, precision: str) -> Built:
    from convwise.nets import build
    from convwise.seeds import derive_seed
    from convwise.training.towers import give_threads

    if settings.pretrained:
        from convwise.verbs.transfer import network_of

        return Built(network_of(settings, len(index.class_names), precision), ())
    give_threads(settings.recipe.towers or 1)  # before the first computation
    return build(
        settings.net,
        size_px=settings.recipe.size_px,
        n_classes=len(index.class_names),
        settings=settings.network,
        seed=derive_seed(settings.recipe.seed, "weights"),
        precision=precision,
    )


@contextmanager
def at_work(run: Run) -> Iterator[None]:
    """Holds the run for this process. Ctrl-C ends the work in one line that says how to go on.

    Nothing is lost then but the epoch begun. Raises RequestError where another process works on the run.
    """
    with locked(run.folder, "run"):
        try:
            yield
        except KeyboardInterrupt:
            raise ConvwiseError(f"stopped; go on with: convwise train --resume {run.folder}") from None


def complete(
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
    from convwise.training.predict import BATCH
    from convwise.training.towers import in_towers
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
    rows: list[dict[str, float]] = []
    saved = checkpoints.load()
    if saved:
        rows = list(saved[0].rows)
        run.write_metrics(rows)
        if saved[0].epochs_done:
            listener.note(f"going on after epoch {saved[0].epochs_done}")
        else:
            listener.epoch(rows[0])  # of the first stage on pretrained weights

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
    exported = build_network(settings, index, "float32").model
    exported.set_weights(checkpoints.best_weights(progress.best_epoch))
    _save_model(exported, run.model_path)
    evaluation = None
    if len(split.test):
        judge = in_towers(exported, recipe.towers or 1, BATCH)
        evaluation = evaluate_model(
            judge, cache.pixels, index, split.test, split="test", flip_averaging=recipe.flip_averaging
        )
    if evaluation and (hint := chance_hint(evaluation, recipe)):
        listener.note(hint)
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
