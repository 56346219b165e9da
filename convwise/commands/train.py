"""train: from a folder of images to a trained, evaluated network in a run folder; resume: on from a checkpoint."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from convwise.conv2d import Conv2DSettings, NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.evaluation import Evaluation
from convwise.images.datasets import Source, resolve
from convwise.images.depth import depth_notes
from convwise.images.leaks import copy_notes
from convwise.images.material import Material
from convwise.images.rules import Rules
from convwise.images.split import Split
from convwise.nets import NETWORKS, require_options
from convwise.nets.backend import require_backend
from convwise.nets.changes import describe_changes
from convwise.runs.folder import Run
from convwise.runs.life import Finished, at_work, carry_out
from convwise.runs.notes import chance_hint, describe, warnings_before
from convwise.runs.pictures import material_of, pictures
from convwise.runs.place import place_to_fill, unused_folder
from convwise.runs.request import TrainRequest
from convwise.runs.settings import RunSettings
from convwise.runs.starts import network_to_train, start_of
from convwise.study.folder import StudyFolder
from convwise.study.trials import Bench
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe
from convwise.transfer.asked import resolve_start
from convwise.transfer.start import Pretrained

DEFAULT_NET = "narrowresnet"


@dataclass(frozen=True)
class TrainResult:
    """A finished training: the run, its evaluation on the test images (None without any), the seconds of this call."""

    run: Run
    evaluation: Evaluation | None
    seconds: float


def train(
    data: str | Path,
    *,
    net: str | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    recipe: str | Recipe | None = None,
    size: int | None = None,
    resize: str | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    seed: int | None = None,
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    most_pixels: int | None = None,
    copies: str | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    config: str | Path | None = None,
    from_study: str | Path | None = None,
    out: str | Path | None = None,
    background: bool | None = None,
    tensorboard: bool | None = None,
    hooks: Hooks | None = None,
) -> TrainResult:
    """Trains `net` on `data` (a folder with a sub-folder per class, or the name of a data set) and evaluates it once.

    What is None comes from the `config` file (TOML or JSON), else from the recipe (`fast` by default, `finetune` with
    weights). `weights`: a file with weights made for `net`, or "imagenet" for a network of keras.applications; `tune`:
    "frozen" trains a classifier on them, "full" (the default) then all weights. `size` is in
    pixels; `settings` are the network's (`["conv.kernel_size=5", "net.width=16"]`, or a record), and added to the
    file's; `validation` is a share of the images not used for testing; pictures of more than `most_pixels` are left
    out (89,478,485). `copies` is what counts as a copy, and stays on one side of the split: "near" (the default),
    "exact" or, for nothing, "ignore".
    `from_study` is the folder of a finished study: its network, size, seed and test images, and the settings that it
    recommends; what is given here wins.
    Raises RequestError for a request that cannot be met, before anything is written.
    """
    began = time.monotonic()
    hooks = hooks or Hooks()
    studied = _studied(from_study) if from_study is not None else None
    request = TrainRequest.asked(
        data,
        config=config,
        settings=settings,
        below=_of_study(studied),
        net=net,
        weights=weights,
        tune=tune,
        recipe=recipe,
        size=size,
        resize=resize,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        seed=seed,
        per_class=per_class,
        test=test,
        validation=validation,
        most_pixels=most_pixels,
        copies=copies,
        out=out,
        background=background,
        tensorboard=tensorboard,
    )
    return carry_out_request(request.over(studied.network) if studied else request, hooks, began)


def carry_out_request(request: TrainRequest, hooks: Hooks, began: float) -> TrainResult:
    """What `train` does with its request; `began`: when, by the monotonic clock."""
    require_backend()
    known, start = resolve_start(request.net, request.weights, request.tune)
    net = known or DEFAULT_NET
    if net in NETWORKS:
        require_options(net, request.settings.options)
    if request.full_recipe.weight_interpolation and not start:
        raise RequestError(
            f"weight_interpolation={request.full_recipe.weight_interpolation:g}: it needs weights to start from; add "
            "--weights or drop it"
        )
    source = resolve(request.data, background=request.background)
    out_folder = place_to_fill(request.out, "runs", data=source.folder)
    with keras_meanwhile():
        material, rules = material_of(request, source, hooks.decoding)
        for line in warnings_before(material.index, material.split, request.full_recipe):
            hooks.note(line)
    settings = _settings(request, source, material, rules, net, start)
    # What is illegal, or has no room, is refused before the folder is made.
    begun = start_of(settings, material.n_classes).prepare(hooks.note)
    index, split = material.index, material.split
    folder = out_folder or unused_folder("runs", f"{source.name}-{net}")
    run = Run.create(folder, begun.settings, index.class_names, split.to_dict())
    hooks.note(describe(material, begun.built.model, begun.settings))
    for line in (*copy_notes(index, split), *depth_notes(index, rules), *describe_changes(begun.built.changes)):
        hooks.note(line)
    with at_work(run):
        model = start_of(begun.settings, material.n_classes).first_model(run, begun, material, hooks.note)
        done = carry_out(run, model, material, hooks, tensorboard=request.tensorboard)
        return _finished(run, done, material, hooks, began)


def resume(folder: str | Path, *, hooks: Hooks | None = None) -> TrainResult:
    """Goes on with a run from its last whole epoch, or reads the result of one that is complete.

    Raises RequestError where there is no run, or where the pictures are no longer those that it began with.
    """
    began = time.monotonic()
    hooks = hooks or Hooks()
    run = Run.open(folder)
    require_backend()
    if run.complete:
        hooks.note(f"{folder} is complete already")
        return TrainResult(run, run.evaluation if run.summary["evaluated"] else None, time.monotonic() - began)
    with at_work(run):
        return _resumed(run, hooks, began)


def _resumed(run: Run, hooks: Hooks, began: float) -> TrainResult:
    settings = run.settings
    begun = CheckpointFolder(run.folder / "checkpoint").load() is not None  # a damaged one is told before the pictures
    index, cache = pictures(
        Path(settings.folder),
        settings.classes,
        settings.exclude,
        settings.recipe,
        hooks.decoding,
        settings.reading,
        settings.copies,
    )
    if index.digest != settings.index_digest:
        raise RequestError(
            f"run={run.folder}: the pictures in {settings.folder} have changed since it began, so it cannot go on as "
            "the same run; put them back as they were, or train again into a new folder"
        )
    material = Material(index, cache.pixels, Split.from_dict(run.split, index))
    start = start_of(settings, material.n_classes)
    if begun:
        model = network_to_train(start, settings.recipe.precision)
    else:
        model = start.first_model(run, start.prepare(hooks.note), material, hooks.note)
    tensorboard = (run.folder / "tensorboard").exists()
    done = carry_out(run, model, material, hooks, tensorboard=tensorboard)
    return _finished(run, done, material, hooks, began)


def _finished(run: Run, done: Finished, material: Material, hooks: Hooks, began: float) -> TrainResult:
    """Draws, then writes the manifest, by which the run is complete."""
    if done.evaluation and (hint := chance_hint(done.evaluation, run.settings.recipe)):
        hooks.note(hint)
    _draw(run, done, material)
    summary = done.summary(material, began=began)
    run.finish(done.evaluation, summary)
    return TrainResult(run, done.evaluation, time.monotonic() - began)


def _draw(run: Run, done: Finished, material: Material) -> None:
    from convwise.report import figures

    figures.learning_curves(done.rows, run.folder / "learning_curves.png", best_epoch=done.best_epoch)
    if done.evaluation is None:
        return
    position = {path: i for i, path in enumerate(material.index.paths)}
    pixels = material.pixels
    figures.confusion_matrix(done.evaluation, run.folder / "confusion_matrix.png")
    figures.worst_mistakes(done.evaluation, lambda path: pixels[position[path]], run.folder / "worst_mistakes.png")


def _settings(
    request: TrainRequest, source: Source, material: Material, rules: Rules, net: str, start: Pretrained | None
) -> RunSettings:
    """Everything that decides the run, with what the recipe leaves to the machine settled."""
    from convwise.training.precision import resolve_precision
    from convwise.training.towers import give_threads, resolve_towers

    recipe = request.full_recipe
    towers = resolve_towers(recipe.towers, recipe.batch)
    give_threads(towers)  # before the first computation, such as what the precision is found out by
    precision = resolve_precision(recipe.precision, pretrained=start is not None)
    assert request.validation is not None
    return RunSettings(
        data=str(request.data),
        folder=str(source.folder),
        classes=source.classes,
        exclude=source.exclude,
        net=net,
        network=request.settings,
        recipe=dataclasses.replace(recipe.for_network(net), precision=precision, towers=towers),
        per_class=request.per_class,
        test=request.test,
        validation=request.validation,
        index_digest=material.index.digest,
        reading=rules,
        split_digest=material.split.digest,
        pretrained=start,
        copies=request.copies,
    )


def _of_study(studied: Bench | None) -> dict[str, object]:
    """What a training takes over from a study."""
    if studied is None:
        return {}
    return {
        "net": studied.net,
        "per_class": studied.per_class,
        "test": studied.test,
        "copies": studied.copies,
        "size": studied.recipe.size_px,
        "seed": studied.seed,
    }


def _studied(folder: str | Path) -> Bench:
    """What a finished study worked on, with the settings that it recommends."""
    found = StudyFolder.open(folder)
    recommended = parse_settings(found.result["recommended_settings"])
    bench = found.request.bench
    return dataclasses.replace(bench, network=bench.network.overlaid(recommended))


@contextmanager
def keras_meanwhile(after_seconds: float = 2.0) -> Iterator[None]:
    """Keras, which takes seconds to import, comes in beside the reading of pictures where that takes time too.

    Not at once: most folders that cannot be trained on are refused sooner than that, and need not wait for Keras then.
    """
    timer = threading.Timer(after_seconds, _import_keras)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()  # without effect on one that has begun
        timer.join()


def _import_keras() -> None:
    with suppress(ImportError):  # told by the thread that needs it
        import convwise.training.fit  # noqa: F401
