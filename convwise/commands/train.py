"""train: from a folder of images to a trained, evaluated network in a run folder; resume: on from a checkpoint."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.conv2d import Conv2DSettings, NetworkSettings, parse_settings
from convwise.errors import RequestError
from convwise.evaluation import Evaluation
from convwise.images.groups import group_counts, grouped
from convwise.images.image_shape import Size
from convwise.images.material import Material
from convwise.images.split import Split
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import training_hooks
from convwise.runs.beginning import begin, class_weights_by_name
from convwise.runs.folder import Run
from convwise.runs.life import Finished, at_work, carry_out
from convwise.runs.notes import chance_hint
from convwise.runs.pictures import pictures
from convwise.runs.request import TrainRequest
from convwise.runs.result_lines import result_lines
from convwise.runs.starts import network_to_train, start_of
from convwise.study.folder import StudyFolder
from convwise.study.trials import Bench
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.class_weights import ClassWeights
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe


@dataclass(frozen=True)
class TrainResult:
    """A finished training: the run, its evaluation on the test images (None without any), the seconds of this call."""

    run: Run
    evaluation: Evaluation | None
    seconds: float

    def __repr__(self) -> str:
        return f"<TrainResult {self.run.folder}: {self.evaluation.told if self.evaluation else 'no test images'}>"

    def __str__(self) -> str:
        return result_lines(self.run.folder, self.evaluation, self.seconds)

    @property
    def closing_lines(self) -> list[str]:
        """Which epoch was best, where the pictures lie, which commands come next; a line each."""
        from convwise.report.closing import closing_lines

        metrics = self.run.folder / "metrics.jsonl"
        rows = [json.loads(line) for line in metrics.read_text(encoding="utf-8").splitlines()]
        settings = self.run.settings
        return closing_lines(
            self.run.folder,
            rows,
            self.run.summary["best_epoch"],
            data=settings.data,
            patience=settings.recipe.patience,
        )


def train(
    data: str | Path,
    *,
    net: str | OwnNetwork | None = None,
    input: int | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    recipe: str | Recipe | None = None,
    size: Size | None = None,
    channels: int | None = None,
    resize: str | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    optimizer: str | None = None,
    patience: int | None = None,
    class_weights: ClassWeights | None = None,
    seed: int | None = None,
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    most_pixels: int | None = None,
    copies: str | None = None,
    group_by: str | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    config: str | Path | None = None,
    from_study: str | Path | None = None,
    out: str | Path | None = None,
    background: bool | None = None,
    tensorboard: bool | None = None,
    trust: bool = False,
    quiet: bool = False,
    hooks: Hooks | None = None,
) -> TrainResult:
    """Trains `net` on `data` (a folder with a sub-folder per class, or the name of a data set) and evaluates it once.

    What is None comes from the `config` file (TOML or JSON), else from the recipe (`fast` by default, `finetune` with
    weights). `net` may be a network of your own, "FILE.py:function" or "FILE.keras"; `input` tells then whether it
    takes pixels from 0 to 255 or from 0 to 1, and `weights`="keep" starts from the weights that it comes with.
    `weights`: a file with weights made for `net`, or "imagenet" for a network of keras.applications; `tune`:
    "frozen" trains a classifier on them, "full" (the default) then all weights. `size` is the
    side of the square images in pixels, or their height and width, "64x96" or (64, 96); `channels` is 3, or 1 for gray;
    `settings` are the network's (`["conv.kernel_size=5", "net.width=16"]`, or a record), and added to the
    file's; `validation` is a share of the images not used for testing; pictures of more than `most_pixels` are left
    out (89,478,485). `copies` is what counts as a copy, and stays on one side of the split: "near" (the default),
    "exact" or, for nothing, "ignore".
    `group_by`: pictures that belong together, such as frames of a film or of a patient, stay on one side of the split:
    "folder" for those of one folder below the class's, or a regular expression whose first group names it in the path.
    `learning_rate` is the peak of the schedule, `weight_decay` what a step shrinks the kernels by (times the rate),
    `optimizer` "sgd", "adam" or "adamw". `patience`: end after so many epochs without a better validation log loss.
    `class_weights`: "none" (default), "auto" (each class counts the same in the loss, whatever its size) or a weight
    by class name; metrics stay unweighted.
    `from_study` is the folder of a finished study: its network, size, seed and test images, and the settings that it
    recommends; what is given here wins. `trust`: run the code of its network, where that is someone else's own.
    Progress is shown in a terminal and in a notebook, unless `quiet`; `hooks` hear it instead.
    Raises RequestError for a request that cannot be met, before anything is written.
    """
    given = dict(locals())  # every keyword, so that none can be forgotten
    began = time.monotonic()
    del given["hooks"], given["quiet"]
    request = train_request(**given)
    with training_hooks(hooks, quiet=quiet) as hooks:
        return carry_out_request(request, hooks, began)


def train_request(
    data: str | Path,
    *,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    config: str | Path | None = None,
    from_study: str | Path | None = None,
    trust: bool = False,
    **given: Any,
) -> TrainRequest:
    """The request that `train` would carry out for these keywords. Raises RequestError for what cannot be."""
    studied = _studied(from_study, trust) if from_study is not None else None
    request = TrainRequest.asked(data, config=config, settings=settings, below=_of_study(studied), **given)
    return request.over(studied.network) if studied else request


def carry_out_request(request: TrainRequest, hooks: Hooks, began: float) -> TrainResult:
    """What `train` does with its request; `began`: when, by the monotonic clock."""
    begun = begin(request, hooks)
    material = begun.material
    run = Run.create(begun.folder, begun.settings, material.index.class_names, material.split.to_dict())
    for line in begun.notes:
        hooks.note(line)
    with at_work(run):
        model = start_of(begun.settings, material.n_classes).first_model(run, begun.prepared, material, hooks.note)
        done = carry_out(run, model, material, hooks, tensorboard=request.tensorboard)
        return _finished(run, done, material, hooks, began)


def resume(folder: str | Path, *, trust: bool = False, quiet: bool = False, hooks: Hooks | None = None) -> TrainResult:
    """Goes on with a run from its last whole epoch, or reads the result of one that is complete.

    `trust`: run the code of a run with a network of its own that was begun elsewhere. Raises RequestError where there
    is no run, where the pictures or the network are no longer those that it began with, and for code that is not
    trusted. `quiet` and `hooks`: see `train`.
    """
    began = time.monotonic()
    with training_hooks(hooks, quiet=quiet) as hooks:
        return _gone_on(folder, trust, hooks, began)


def _gone_on(folder: str | Path, trust: bool, hooks: Hooks, began: float) -> TrainResult:
    run = Run.open(folder)
    require_backend()
    if run.complete:
        hooks.note(f"{folder} is complete already")
        return TrainResult(run, run.evaluation if run.summary["evaluated"] else None, time.monotonic() - began)
    net = run.settings.net
    if isinstance(net, OwnNetwork):
        require_trusted(net, trust=trust, where=f"run={folder}")
        remember(net)
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
    index = grouped(index, settings.group_by)
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
    if weights := class_weights_by_name(material, run.settings.recipe):
        summary["class_weights"] = weights
    if groups := group_counts(material.index, run.settings.group_by):
        summary["groups"] = groups
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


def _of_study(studied: Bench | None) -> dict[str, object]:
    """What a training takes over from a study."""
    if studied is None:
        return {}
    return {
        "net": studied.net,
        "per_class": studied.per_class,
        "test": studied.test,
        "copies": studied.copies,
        "group_by": studied.group_by,
        "size": studied.recipe.size,
        "channels": studied.recipe.channels,
        "seed": studied.seed,
    }


def _studied(folder: str | Path, trust: bool) -> Bench:
    """What a finished study worked on, with the settings that it recommends."""
    found = StudyFolder.open(folder)
    recommended = parse_settings(found.result["recommended_settings"])
    bench = found.request.bench
    if isinstance(bench.net, OwnNetwork):
        require_trusted(bench.net, trust=trust, where=f"study={folder}")
    return dataclasses.replace(bench, network=bench.network.overlaid(recommended))
