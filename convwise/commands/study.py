"""study: which of the sixteen parameters matter on these images, and what to set them to, by a designed experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings
from convwise.cores import available_cores
from convwise.errors import ConvwiseError, RequestError
from convwise.images.datasets import Source, resolve
from convwise.images.material import Material
from convwise.images.split import resplit
from convwise.names import counted
from convwise.nets import Network, require_network, require_options
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
from convwise.study.request import Request, StudyHooks
from convwise.study.trials import Bench
from convwise.training.precision import resolve_precision
from convwise.training.recipe import Recipe


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        folder: Its folder.
        values: The content of its `result.json`: verdicts, recommendation, confirmation and more.

    Example:
        >>> from pathlib import Path
        >>> from convwise.commands.study import StudyResult
        >>> StudyResult(Path("studies/first"), {"recommended_settings": ["conv.padding=same"]})
        <StudyResult studies/first: conv.padding=same>
    """

    folder: Path
    values: dict[str, Any]

    @property
    def settings(self) -> tuple[str, ...]:
        """What the study recommends, as texts of `--set`; empty where the unchanged network stands."""
        return tuple(self.values["recommended_settings"])

    def __repr__(self) -> str:
        return f"<StudyResult {self.folder}: {' '.join(self.settings) or 'the unchanged network'}>"

    def __str__(self) -> str:
        n_trials, seconds = self.values["trials"], self.values["seconds"]
        recommended = " ".join(self.settings) or "the unchanged network"
        return f"recommended: {recommended}\n{counted(n_trials, 'trial')} in {seconds:.0f} s\nstudy: {self.folder}"


def study(
    data: str | Path,
    *,
    net: str | None = None,
    input: int | None = None,
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    resize: str | None = None,
    recipe: str | Recipe | None = None,
    minutes: float | None = None,
    runs: int | None = None,
    epochs: int | None = None,
    trial_epochs: int | None = None,
    parameters: Sequence[str] | None = None,
    levels: Sequence[str] | None = None,
    smallest_effect: float | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    most_pixels: int | None = None,
    copies: str | None = None,
    group_by: str | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    optimizer: str | None = None,
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

    What is None comes from `config`, else from the recipe or the default named below. The test images are used once, to
    confirm what is proposed.

    Args:
        data: A folder with a sub-folder per class, or the name of a data set, such as "shapes".
        net: One of convwise's networks, or one of your own as "FILE.py:function" or "FILE.keras"; "simple" if None.
        input: Largest pixel value that a network of your own takes, 255 or 1; found out if None.
        size: Side of the square images, 8 to 1024 px, or height and width, "64x96" or (64, 96); the recipe's if None.
        channels: 3 for red, green and blue, 1 for gray; the recipe's if None.
        resize: How a picture gets that shape: "stretch", "crop" or "pad"; the recipe's if None.
        recipe: The name of a recipe, or a `Recipe`; "fast" if None.
        minutes: Time for everything, at least 0.001 minutes; 15 if None, without `runs`.
        runs: Number of screening trials instead of `minutes`, at least 1; `minutes` decides if None.
        epochs: Epochs of a training of the confirmation, 1 to 100,000; the recipe's if None.
        trial_epochs: Epochs of a trial, at least 1; as the budget allows if None.
        parameters: Parameters to measure, by name; all sixteen if None.
        levels: Values to measure in place of the guide's, such as `["kernel_size=3,5"]`; the guide's if None.
        smallest_effect: Smallest effect that makes a difference, 0.001 to 100 percentage points of accuracy; 1 if None.
        settings: Settings of the convolutions and options of the network: a record, or texts such as
            `["conv.kernel_size=5", "net.width=16"]`, which are added to those of `config`.
        per_class: Training images of each class, at least 1; the rest, at most 50 per class, is for testing. `test`
            decides if None.
        test: Share of the images to test on, 0 to below 1; 0.25 if None.
        validation: Share of the images not tested on that judges the trials, above 0 and below 1; 0.3 if None.
        most_pixels: Largest picture that is read, in pixels; 89,478,485 if None.
        copies: What counts as a copy, and stays on one side: "near", "exact" (equal files or pixels) or "ignore";
            "near" if None.
        group_by: What else stays on one side: "folder" for the pictures of one folder below their class's, or a regular
            expression whose first group names in the path what belongs together; nothing if None.
        learning_rate: Peak of the schedule, 1e-8 to 100; the recipe's if None.
        weight_decay: What a step shrinks each kernel by, times the learning rate, 0 to 1; the recipe's if None.
        optimizer: "sgd", "adam" or "adamw"; the recipe's if None.
        workers: Trials at a time, at least 1; one per core if None.
        engine: Where trials run: "local", or "ray" for a Ray cluster; "local" if None.
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
        >>> asked = {"parameters": ["padding"], "runs": 10, "trial_epochs": 1, "epochs": 1, "size": 16}
        >>> result = convwise.study("pictures", **asked, out="studies/mine")
        >>> [verdict["parameter"] for verdict in result.values["verdicts"]]
        ['padding']
    """
    given = dict(locals())  # every keyword, so that none can be forgotten
    del given["hooks"], given["quiet"]
    request = StudyRequest.asked(below={}, **given)
    with study_hooks(hooks, quiet=quiet) as hooks:
        return carry_out_study(request, hooks)


def carry_out_study(request: StudyRequest, hooks: StudyHooks) -> StudyResult:
    """What `study` does with its request."""
    net = require_network(request.net, input_range=request.input)
    require_backend()
    require_options(net, request.settings.options)
    source = resolve(request.data)
    out_folder = place_to_fill(request.out, "studies", data=source.folder, resume="study --resume")
    material, bench = _read(request, source, net, hooks)
    notes = (*depth_notes(material.index, bench.reading), *copy_notes(material.index, material.split))
    notes += tuple(group_notes(material.index, material.split, bench.group_by))
    recipe = bench.recipe
    split = resplit(material.split, material.index, validation=bench.validation, seed=bench.seed)
    for line in warnings_before(material.index, split, recipe):
        hooks.note(line)
    factors, settled = factors_of(
        bench.net,
        shape=recipe.shape,
        n_classes=material.n_classes,
        settings=bench.network,
        parameters=request.parameters or PARAMETERS,
        levels=read_levels(request.levels),
        batch=recipe.batch,
        optimizer=recipe.optimizer,
    )
    if not factors:
        raise RequestError(
            "nothing is left to measure: " + "; ".join(f"{rule.parameter}: {rule.why}" for rule in settled)
        )
    planned = Request(
        bench=bench,
        factors=factors,
        settled=settled,
        smallest_effect=request.smallest_effect,
        minutes=request.minutes,
        runs=request.runs,
        trial_epochs=request.trial_epochs,
        n_workers=request.workers or available_cores(),
        n_train=len(split.train),
        engine=request.engine,
        address=request.address,
    )
    _check_budget(planned)
    own = bench.net if isinstance(bench.net, OwnNetwork) else None
    name = f"{source.name}-{own.label if own else bench.net}"
    folder = StudyFolder.create(out_folder or unused_folder("studies", name), planned.to_dict(), own=own)
    planned = dataclasses.replace(planned, bench=bench.in_folder(folder.path))
    hooks.note(
        f"{counted(material.n_classes, 'class', 'classes')}, {counted(len(split.train), 'image')} to train, "
        f"{len(split.validation)} to judge by, {len(split.test)} to test; {bench.net}, {recipe.shape.told}; "
        f"{counted(len(factors), 'parameter')} to measure, {len(settled)} settled by rule; "
        f"{counted(planned.n_workers, 'trial')} at a time"
    )
    for line in notes:
        hooks.note(line)
    return carry_on(folder, planned, hooks)


def _read(request: StudyRequest, source: Source, net: Network, hooks: StudyHooks) -> tuple[Material, Bench]:
    """The pictures, read and divided, and what all trials have in common."""
    recipe = request.full_recipe
    material = Material.of(request.pictures(source), request.shares, hooks.decoding)
    net = examined(net, shape=recipe.shape, n_classes=material.n_classes, settings=request.settings, note=hooks.note)
    recipe = dataclasses.replace(recipe.for_network(net), precision=resolve_precision(recipe.precision), towers=1)
    subject = request.subject(source, material.index.digest, net=net, recipe=recipe, reading=material.rules)
    return material, Bench(**subject, seed=recipe.seed)


def _check_budget(request: Request) -> None:
    """A number of runs that is too small is refused before anything is spent."""
    if request.runs is not None:
        from convwise.study.design import smallest_design
        from convwise.study.plan import plan_by_runs  # with SciPy's statistics, which take a second

        design = smallest_design(tuple(factor.parameter for factor in request.factors))
        plan_by_runs(request.runs, design, epochs=None, full_epochs=1, n_workers=request.n_workers)


def carry_on(folder: StudyFolder, request: Request, hooks: StudyHooks) -> StudyResult:
    from convwise.study.conduct import conduct  # with SciPy's statistics too

    with folder.locked():
        try:
            with _engine(request, hooks) as engine:
                result = conduct(folder, request, engine, hooks)
        except KeyboardInterrupt:
            raise ConvwiseError(f"stopped; go on with: convwise study --resume {folder.path}") from None
    from convwise.report.study_figures import effects_figure

    effects_figure(result, folder.path / "effects.png")
    return StudyResult(folder.path, result)


@contextmanager
def _engine(request: Request, hooks: StudyHooks) -> Iterator[Engine]:
    if request.engine == "ray":
        from convwise.study.ray_engine import ray_engine

        with ray_engine(request.bench, request.n_workers, request.address, hooks.note) as engine:
            yield engine
    else:
        with local_engine(request.bench, request.n_workers) as engine:
            yield engine
