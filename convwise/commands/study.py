"""study: which of the sixteen parameters matter on these images, and what to set them to, in whole trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings
from convwise.cores import available_cores
from convwise.errors import ConvwiseError, RequestError
from convwise.images.datasets import Source, resolve
from convwise.images.material import Material
from convwise.names import counted
from convwise.nets import NETWORKS, Network, require_options
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.progress import study_hooks
from convwise.runs.notes import copy_notes, depth_notes, group_notes, warnings_before
from convwise.runs.own import examined
from convwise.runs.place import place_to_fill, unused_folder
from convwise.study.asked import StudyRequest
from convwise.study.engine import Engine, local_engine
from convwise.study.factors import factors_of, read_levels
from convwise.study.folder import StudyFolder
from convwise.study.measures import usual_metric
from convwise.study.request import Request, StudyHooks
from convwise.study.result import StudyResult
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec
from convwise.training.class_weights import ClassWeights
from convwise.training.precision import resolve_precision
from convwise.training.recipe import Recipe
from convwise.transfer.asked import resolve_start
from convwise.transfer.start import Pretrained


def study(
    data: str | Path,
    *,
    net: str | None = None,
    input: int | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    resize: str | None = None,
    recipe: str | Recipe | None = None,
    minutes: float | None = None,
    runs: int | None = None,
    epochs: int | None = None,
    parameters: Sequence[str] | None = None,
    levels: Sequence[str] | None = None,
    by_stage: bool | None = None,
    metric: str | None = None,
    smallest_effect: float | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    most_pixels: int | None = None,
    copies: str | None = None,
    group_by: str | None = None,
    batch: int | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    optimizer: str | None = None,
    class_weights: ClassWeights | None = None,
    workers: int | None = None,
    engine: str | None = None,
    address: str | None = None,
    seed: int | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    quiet: bool = False,
    hooks: StudyHooks | None = None,
) -> StudyResult:
    """Measures which of the sixteen parameters of Conv2D matter on a folder of pictures, and what to set them to.

    Trains the network that `train` would use to the end, unchanged and with one change at a time. What is None comes
    from `config`, else from the recipe or the default named below. The test images are used once, at the end.

    Args:
        data: A folder with a sub-folder per class, or the name of a data set, such as "shapes".
        net: One of convwise's networks, or one of your own as "FILE.py:function" or "FILE.keras"; "narrowresnet" if
            None.
        input: Largest pixel value that a network of your own takes, 255 or 1; found out if None.
        weights: A file of pretrained weights made for `net`, "imagenet" for a network of `keras.applications`, or
            "keep" for those that a network of your own comes with; fresh weights if None.
        tune: With `weights`: "full" trains a classifier, then all weights; "frozen" the classifier only; "full" if
            None.
        size: Side of the square images, 8 to 1024 px, or height and width, "64x96" or (64, 96); the recipe's if None.
        channels: 3 for red, green and blue, 1 for gray; the recipe's if None.
        resize: How a picture gets that shape: "stretch", "crop" or "pad"; the recipe's if None.
        recipe: The name of a recipe, or a `Recipe`; "fast" if None.
        minutes: Time for everything, at least 0.001 minutes; 15 if None, without `runs`.
        runs: Number of whole trainings instead of `minutes`, at least 1; `minutes` decides if None.
        epochs: Epochs of each training, 1 to 100,000; the recipe's if None.
        parameters: Parameters to measure, by name, learning_rate, size, augmentation, weight_decay, batch and
            label_smoothing among them; the sixteen of Conv2D if None.
        levels: Values to measure in place of the guide's, such as `["kernel_size=3,5"]`; the guide's if None.
        by_stage: Whether each stage of the network is asked for by itself; False if None.
        metric: What is compared: "accuracy", "mean_class_accuracy" or "log_loss"; accuracy if None, or mean class
            accuracy where the largest class has more than five times the images of the smallest.
        smallest_effect: Smallest difference that is worth having, 0.001 to 100 percentage points (of log loss: nats);
            1 if None.
        settings: Settings of the convolutions and options of the network: a record, or texts such as
            `["conv.kernel_size=5", "net.width=16"]`, which are added to those of `config`.
        per_class: Training images of each class, at least 1; the rest, at most 50 per class, is for testing. `test`
            decides if None.
        test: Share of the images to test on, 0 to below 1; 0.25 if None.
        validation: Share of the images not tested on that judges in each block, above 0 and at most 0.5; a third if
            None.
        most_pixels: Largest picture that is read, in pixels; 89,478,485 if None.
        copies: What counts as a copy, and stays on one side: "near", "exact" (equal files or pixels) or "ignore";
            "near" if None.
        group_by: What else stays on one side: "folder" for the pictures of one folder below their class's, or a regular
            expression whose first group names in the path what belongs together; nothing if None.
        batch: Images per step, 1 to 65,536; the recipe's if None.
        learning_rate: Peak of the schedule, 1e-8 to 100; the recipe's if None.
        weight_decay: What a step shrinks each kernel by, times the learning rate, 0 to 1; the recipe's if None.
        optimizer: "sgd", "adam" or "adamw"; the recipe's if None.
        class_weights: What an image counts in the training loss: "none", "auto" (all classes count the same) or a
            weight by class name, 1e-6 to 1e6; the recipe's if None.
        workers: Trainings at a time, at least 1; one per core if None.
        engine: Where trainings run: "local", or "ray" for a Ray cluster; "local" if None.
        address: With "ray", the cluster's HOST:PORT; a cluster is started if None.
        seed: Root of all randomness, 0 to 2**62; the recipe's if None.
        config: A TOML or JSON file with values for what is None here; no file if None.
        out: Folder of the study, which must not hold anything; studies/DATA-NET-TIME if None.
        quiet: Whether no progress is shown; otherwise it is, in a terminal and in a notebook.
        hooks: Functions that hear of the progress, which is not shown then; none if None.

    Returns:
        The finished study, with a verdict for each parameter and the settings that it recommends.

    Raises:
        RequestError: a value is out of its range, or the pictures do not allow what is asked. Nothing is written then.
        ConvwiseError: the network cannot be trained, or the study was stopped with Ctrl-C; the message says what to do.

    Example:
        >>> import convwise
        >>> asked = {"parameters": ["padding"], "runs": 6, "epochs": 1, "size": 16}
        >>> result = convwise.study("pictures", **asked, out="studies/mine")
        >>> [verdict.parameter for verdict in result.verdicts]
        ['padding']
    """
    given = dict(locals())  # every keyword, so that none can be forgotten
    del given["hooks"], given["quiet"]
    request = StudyRequest.asked(below={}, **given)
    with study_hooks(hooks, quiet=quiet) as hooks:
        return carry_out_study(request, hooks)


def carry_out_study(request: StudyRequest, hooks: StudyHooks) -> StudyResult:
    """What `study` does with its request."""
    ready = ready_to_begin(request, hooks)
    from convwise.study.plan import planned
    from convwise.study.run_study import run_study  # with SciPy's statistics, which take a second

    asked = ready.request
    with engine_of(asked, hooks) as engine:
        plan = planned(asked, ready.runner, engine)
        own = asked.spec.net if isinstance(asked.spec.net, OwnNetwork) else None
        place = ready.folder or unused_folder("studies", f"{ready.name}-{own.label if own else asked.spec.net}")
        folder = StudyFolder.create(place, asked.to_dict(), own=own)
        folder.write_plan(dataclasses.asdict(plan))
        with folder.locked(), resumable(folder):
            result = run_study(folder, asked, ready.runner, plan, engine, hooks)
    return drawn(folder, result)


@dataclass(frozen=True, eq=False)
class Ready:
    """A study that can begin: what it asks, with which images; nothing is written yet."""

    request: Request
    runner: TrialRunner
    folder: Path | None
    name: str


def ready_to_begin(request: StudyRequest, hooks: StudyHooks) -> Ready:
    """Reads the pictures and builds every network of the plan. What cannot be is refused here."""
    require_backend()
    net, start = resolve_start(request.net, request.weights, request.tune, request.input)
    if start is None or net in NETWORKS:
        require_options(net, request.settings.options)
    source = resolve(request.data)
    out_folder = place_to_fill(request.out, "studies", data=source.folder, resume="study --resume")
    material, spec = _read(request, source, net, start, hooks)
    index, recipe = material.index, spec.recipe
    runner = TrialRunner.of(spec, index, material.pixels)
    fold = runner.fold(0)
    for line in warnings_before(index, fold, recipe):
        hooks.note(line)
    factors, settled = factors_of(
        spec.net,
        shape=recipe.shape,
        n_classes=material.n_classes,
        settings=spec.network,
        recipe=recipe,
        parameters=request.parameters or PARAMETERS,
        levels=read_levels(request.levels),
        by_stage=request.by_stage,
        pretrained=spec.pretrained is not None,
    )
    if not factors:
        raise RequestError(
            "nothing is left to measure: " + "; ".join(f"{rule.parameter}: {rule.why}" for rule in settled)
        )
    pool = index.labels[np.concatenate([material.split.train, material.split.validation])]
    assert request.smallest_effect is not None
    asked = Request(
        spec=spec,
        factors=factors,
        settled=settled,
        smallest_effect=request.smallest_effect,
        metric=request.metric or usual_metric(np.bincount(pool, minlength=material.n_classes).tolist()),
        minutes=request.minutes,
        runs=request.runs,
        n_workers=request.workers or available_cores(),
        engine=request.engine,
        address=request.address,
    )
    hooks.note(
        f"{counted(material.n_classes, 'class', 'classes')}; in each block {counted(len(fold.train), 'image')} to "
        f"train, {len(fold.validation)} to judge by; {len(fold.test)} to test, once; {spec.net}, {recipe.shape.told}, "
        f"{counted(recipe.epochs, 'epoch')}; {counted(len(factors), 'parameter')} to measure by {asked.metric}, "
        f"{len(settled)} settled by rule; {counted(asked.n_workers, 'training')} at a time"
    )
    if asked.runs is not None:
        from convwise.study.plan import require_enough_runs

        require_enough_runs(asked)
    for line in (
        *depth_notes(index, spec.reading),
        *copy_notes(index, material.split),
        *group_notes(index, material.split, spec.group_by),
    ):
        hooks.note(line)
    return Ready(asked, runner, out_folder, source.name)


def _read(
    request: StudyRequest, source: Source, net: Network, start: Pretrained | None, hooks: StudyHooks
) -> tuple[Material, ExperimentSpec]:
    """The pictures, read and divided, and what all trials have in common."""
    recipe = request.full_recipe
    material = Material.of(request.pictures(source), request.shares, hooks.decoding)
    net = examined(net, shape=recipe.shape, n_classes=material.n_classes, settings=request.settings, note=hooks.note)
    recipe = dataclasses.replace(
        recipe.for_network(net), precision=resolve_precision(recipe.precision, pretrained=start is not None), towers=1
    )
    subject = request.subject(source, material.index.digest, net=net, recipe=recipe, reading=material.rules)
    assert request.validation is not None
    n_folds = max(2, round(1 / request.validation))
    return material, ExperimentSpec(**subject, seed=recipe.seed, n_folds=n_folds, pretrained=start)


@contextmanager
def resumable(folder: StudyFolder) -> Iterator[None]:
    """Ctrl-C ends with the command that goes on."""
    try:
        yield
    except KeyboardInterrupt:
        raise ConvwiseError(f"stopped; go on with: convwise study --resume {folder.path}") from None


def drawn(folder: StudyFolder, result: StudyResult) -> StudyResult:
    """The result with its folder, in which its figure is drawn."""
    from convwise.report.study_figures import effects_figure

    effects_figure(result, folder.path / "effects.png")
    return dataclasses.replace(result, folder=folder.path)


@contextmanager
def engine_of(request: Request, hooks: StudyHooks) -> Iterator[Engine]:
    """What carries the trainings out: here, or on a cluster."""
    if request.engine == "ray":
        from convwise.study.ray_engine import ray_engine

        with ray_engine(request.spec, request.n_workers, request.address, hooks.note) as engine:
            yield engine
    else:
        with local_engine(request.spec, request.n_workers) as engine:
            yield engine
