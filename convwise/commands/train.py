"""train: from a folder of images to a trained, evaluated network in a run folder."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.conv2d import Conv2DSettings, NetworkSettings, parse_settings
from convwise.evaluation import Evaluation
from convwise.html_repr import ShownAsHtml
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import require_trusted
from convwise.progress import training_hooks
from convwise.report.figures import draw_run
from convwise.runs.folder import Run
from convwise.runs.life import live
from convwise.runs.request import TrainRequest
from convwise.runs.result_lines import result_lines
from convwise.runs.settings import Subject
from convwise.study.folder import StudyFolder
from convwise.training.class_weights import ClassWeights
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe


@dataclass(frozen=True)
class TrainResult(ShownAsHtml):
    """A finished training.

    Attributes:
        run: The run.
        evaluation: How well its network did on the test images; None without any.
        seconds: What this call took, in seconds.

    Example:
        >>> import convwise
        >>> result = convwise.resume("runs/first")  # it is complete, so it is read
        >>> result.evaluation.split
        'test'
    """

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
    size: int | str | tuple[int, int] | None = None,
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
    """Trains a network on a folder of pictures and evaluates it once, on the test images.

    What is None comes from `config`, else from the recipe or the default named below.

    Args:
        data: A folder with a sub-folder per class, or the name of a data set, such as "shapes".
        net: One of convwise's networks, one of your own as "FILE.py:function" or "FILE.keras", or, with `weights`, one
            of `keras.applications`; "narrowresnet" if None.
        input: Largest pixel value that a network of your own takes, 255 or 1; found out if None.
        weights: A file of pretrained weights made for `net`, "imagenet" for a network of `keras.applications`, or
            "keep" for those that a network of your own comes with; fresh weights if None.
        tune: With `weights`: "full" trains a classifier, then all weights; "frozen" the classifier only; "full" if
            None.
        recipe: The name of a recipe, or a `Recipe`; "fast" if None, "finetune" with `weights`.
        size: Side of the square images, 8 to 1024 px, or height and width, "64x96" or (64, 96); the recipe's if None.
        channels: 3 for red, green and blue, 1 for gray; the recipe's if None.
        resize: How a picture gets that shape: "stretch", "crop" or "pad"; the recipe's if None.
        epochs: Times through the training images, 1 to 100,000; the recipe's if None.
        minutes: Training time in minutes, validation included, instead of `epochs`; the recipe's if None.
        batch: Images per step, 1 to 65,536; the recipe's if None.
        learning_rate: Peak of the schedule, 1e-8 to 100; the recipe's if None.
        weight_decay: What a step shrinks each kernel by, times the learning rate, 0 to 1; the recipe's if None.
        optimizer: "sgd", "adam" or "adamw"; the recipe's if None.
        patience: Epochs in a row without a better validation log loss that end the training, 1 to 100,000; the recipe's
            if None.
        class_weights: What an image counts in the training loss: "none", "auto" (all classes count the same) or a
            weight by class name, 1e-6 to 1e6; the recipe's if None.
        seed: Root of all randomness, 0 to 2**62; the recipe's if None.
        per_class: Training images of each class, at least 1; the rest, at most 50 per class, is for testing. `test`
            decides if None.
        test: Share of the images to test on, 0 to below 1; 0.25 if None.
        validation: Share of the images not tested on that validates, 0 to below 1; 0.15 if None.
        most_pixels: Largest picture that is read, in pixels; 89,478,485 if None.
        copies: What counts as a copy, and stays on one side: "near", "exact" (equal files or pixels) or "ignore";
            "near" if None.
        group_by: What else stays on one side: "folder" for the pictures of one folder below their class's, or a regular
            expression whose first group names in the path what belongs together; nothing if None.
        settings: Settings of the convolutions and options of the network: a record, or texts such as
            `["conv.kernel_size=5", "net.width=16"]`, which are added to those of `config`.
        config: A TOML or JSON file with values for what is None here; no file if None.
        from_study: Folder of a finished study, of which the network, recipe, seed, test images and what it recommends
            are taken where nothing else is given; no study if None.
        out: Folder of the run, which must not hold anything; runs/DATA-NET-TIME if None.
        background: Whether Caltech-101's background class is used; False if None.
        tensorboard: Whether TensorBoard events are written into the run; False if None.
        trust: Whether code of the study's network is run where that is someone else's.
        quiet: Whether no progress is shown; otherwise it is, in a terminal and in a notebook.
        hooks: Functions that hear of the progress, which is not shown then; none if None.

    Returns:
        The finished run with its evaluation on the test images.

    Raises:
        RequestError: a value is out of its range, or the pictures do not allow what is asked. Nothing is written then.
        ConvwiseError: the training failed, or was stopped with Ctrl-C; the message says how to go on.

    Example:
        >>> import convwise
        >>> result = convwise.train("pictures", epochs=1, size=32, out="runs/mine")
        >>> result.run.class_names, result.evaluation.n
        (('circle', 'square', 'star'), 12)
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
    run, evaluation = live(request, hooks, draw_run, began=began)
    return TrainResult(run, evaluation, time.monotonic() - began)


def _of_study(studied: Subject | None) -> dict[str, object]:
    """What a training takes over from a study: everything but how the work is spread over the machine."""
    if studied is None:
        return {}
    return {
        "net": studied.net,
        "per_class": studied.per_class,
        "test": studied.test,
        "copies": studied.copies,
        "group_by": studied.group_by,
        "recipe": dataclasses.replace(studied.recipe, towers=None, precision="auto"),
        **({"weights": start.source, "tune": start.tune} if (start := getattr(studied, "pretrained", None)) else {}),
    }


def _studied(folder: str | Path, trust: bool) -> Subject:
    """What a finished study worked on, with what it recommends."""
    found = StudyFolder.open(folder)
    old = found.old
    spec: Subject
    changes: dict[str, Any] = {}
    if old is not None:
        spec = dataclasses.replace(old.in_folder(found.path), recipe=dataclasses.replace(old.recipe, seed=old.seed))
        settings = found.old_result["recommended_settings"]
    else:
        result = found.result
        spec, settings, changes = found.request.spec, result.recommended_settings, dict(result.recommended_changes)
    if isinstance(spec.net, OwnNetwork):
        require_trusted(spec.net, trust=trust, where=f"study={folder}")
    recipe = dataclasses.replace(spec.recipe, **changes)
    return dataclasses.replace(spec, network=spec.network.overlaid(parse_settings(settings)), recipe=recipe)
