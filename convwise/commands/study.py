"""study: which of the sixteen parameters matter on these images, and what to set them to, in whole trainings."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings
from convwise.cores import available_cores
from convwise.errors import ConvwiseError, RequestError
from convwise.images.datasets import Source, resolve
from convwise.images.depth import depth_notes
from convwise.images.groups import group_notes
from convwise.images.leaks import copy_notes
from convwise.images.material import Material
from convwise.names import counted
from convwise.nets import Network, require_network, require_options
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import study_hooks
from convwise.runs.notes import warnings_before
from convwise.runs.own import examined
from convwise.runs.pictures import material_of
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
from convwise.training.precision import resolve_precision
from convwise.training.recipe import Recipe
from convwise.transfer.asked import DEFAULT_NET


@dataclass(frozen=True)
class StudyPlan:
    """What a study would do: its candidates by parameter, what rules settle, and what the budget buys."""

    sentence: str
    candidates: dict[str, tuple[str, ...]]
    settled: dict[str, str]
    seconds_per_training: float
    seconds_per_block: float
    trainings_per_block: int
    blocks: int
    minutes_for_three_blocks: float
    judged: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """The same for a reader."""
        told = [f"{parameter}: try {', '.join(values)}" for parameter, values in self.candidates.items()]
        told += [f"{parameter}: settled by rule: {why}" for parameter, why in self.settled.items()]
        worth = 100 / self.judged
        told.append(
            f"each block is judged on {counted(self.judged, 'image')}, of which one is worth {worth:.2f} points; a "
            "change without effect is settled after about 10 (sd / smallest effect)² blocks, sd being the deviation "
            "between blocks, which the first ones show"
        )
        return [*told, self.sentence, "nothing was trained to the end and nothing was written"]


def study(
    data: str | Path,
    *,
    net: str | None = None,
    input: int | None = None,
    size: int | None = None,
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
    """Measures which parameters matter in whole trainings on `data` (a folder with a sub-folder per class, or a name).

    What is None comes from the `config` file (TOML or JSON), else it is what `train` would use for the same `data`.
    `net` may be a network of your own, "FILE.py:function" or "FILE.keras"; `input` says then whether it takes pixels
    from 0 to 255 or from 0 to 1. The budget: `minutes` for everything (15), or `runs`, the number of trainings.
    `parameters` are all sixteen unless told, and may name learning_rate, size, augmentation, weight_decay, batch and
    label_smoothing; `levels` are texts such as "kernel_size=3,5"; `by_stage` asks for each stage of the network alone.
    `metric`: "accuracy", "mean_class_accuracy" (the usual one for uneven classes) or "log_loss"; `smallest_effect`, in
    points of it, is the smallest difference worth having. `validation` is the share of the images not used for testing
    that judges in each block, a third unless told. `group_by` and `copies` as for `train`, in every division.
    The test images are looked at once, at the end. Progress is shown in a terminal and in a notebook, unless `quiet`;
    `hooks` hear it instead. Raises RequestError before anything is written.
    """
    given = dict(locals())  # every keyword, so that none can be forgotten
    del given["hooks"], given["quiet"]
    request = StudyRequest.asked(below={}, **given)
    with study_hooks(hooks, quiet=quiet) as hooks:
        return carry_out_study(request, hooks)


def carry_out_study(request: StudyRequest, hooks: StudyHooks) -> StudyResult:
    """What `study` does with its request."""
    ready = _ready(request, hooks)
    from convwise.study.plan import planned
    from convwise.study.run_study import run_study  # with SciPy's statistics, which take a second

    asked = ready.request
    with _engine(asked, hooks) as engine:
        plan = planned(asked, ready.runner, engine)
        own = asked.spec.net if isinstance(asked.spec.net, OwnNetwork) else None
        place = ready.folder or unused_folder("studies", f"{ready.name}-{own.label if own else asked.spec.net}")
        folder = StudyFolder.create(place, asked.to_dict(), own=own)
        folder.write_plan(dataclasses.asdict(plan))
        with folder.locked(), _resumable(folder):
            result = run_study(folder, asked, ready.runner, plan, engine, hooks)
    return _drawn(folder, result)


def plan_study(data: str | Path, *, hooks: StudyHooks | None = None, **asked: Any) -> StudyPlan:
    """What `study` would do for the same keywords, refusing what it would refuse. A few steps are timed, nothing kept.

    Raises RequestError.
    """
    hooks = hooks or StudyHooks()
    request = StudyRequest.asked(data, below={}, **{"config": None, "settings": (), **asked})
    ready = _ready(request, hooks)
    from convwise.study.plan import planned

    asked_of = ready.request
    with _engine(asked_of, hooks) as engine:
        plan = planned(asked_of, ready.runner, engine)
    levels = {
        factor.parameter: tuple(level.value for level in (factor.first, *factor.further, *factor.opposite))
        for factor in asked_of.factors
    }
    return StudyPlan(
        plan.sentence(asked_of),
        levels,
        {rule.parameter: rule.why for rule in asked_of.settled},
        round(plan.training, 1),
        round(plan.block, 1),
        len(asked_of.factors) + 2,
        plan.n_blocks,
        round(plan.minutes_needed, 1),
        len(ready.runner.fold(0).validation),
    )


@dataclass(frozen=True, eq=False)
class _Ready:
    """A study that can begin: what it asks, with which images; nothing is written yet."""

    request: Request
    runner: TrialRunner
    folder: Path | None
    name: str


def _ready(request: StudyRequest, hooks: StudyHooks) -> _Ready:
    """Reads the pictures and builds every network of the plan. What cannot be is refused here."""
    net = require_network(request.net or DEFAULT_NET, input_range=request.input)
    require_backend()
    require_options(net, request.settings.options)
    source = resolve(request.data)
    out_folder = place_to_fill(request.out, "studies", data=source.folder, resume="study --resume")
    material, spec = _read(request, source, net, hooks)
    index, recipe = material.index, spec.recipe
    runner = TrialRunner.of(spec, index, material.pixels)
    fold = runner.fold(0)
    for line in warnings_before(index, fold, recipe):
        hooks.note(line)
    factors, settled = factors_of(
        spec.net,
        size_px=recipe.size_px,
        n_classes=material.n_classes,
        settings=spec.network,
        recipe=recipe,
        parameters=request.parameters or PARAMETERS,
        levels=read_levels(request.levels),
        by_stage=request.by_stage,
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
        f"train, {len(fold.validation)} to judge by; {len(fold.test)} to test, once; {spec.net}, {recipe.size_px} px, "
        f"{counted(recipe.epochs, 'epoch')}; {counted(len(factors), 'parameter')} to measure by {asked.metric}, "
        f"{len(settled)} settled by rule; {counted(asked.n_workers, 'training')} at a time"
    )
    for line in (
        *depth_notes(index, spec.reading),
        *copy_notes(index, material.split),
        *group_notes(index, material.split, spec.group_by),
    ):
        hooks.note(line)
    return _Ready(asked, runner, out_folder, source.name)


def _read(request: StudyRequest, source: Source, net: Network, hooks: StudyHooks) -> tuple[Material, ExperimentSpec]:
    """The pictures, read and divided, and what all trials have in common."""
    recipe = request.full_recipe
    material, rules = material_of(request, source, hooks.decoding)
    net = examined(
        net, size_px=recipe.size_px, n_classes=material.n_classes, settings=request.settings, note=hooks.note
    )
    recipe = dataclasses.replace(recipe.for_network(net), precision=resolve_precision(recipe.precision), towers=1)
    subject = request.subject(source, material, net=net, recipe=recipe, reading=rules)
    assert request.validation is not None
    n_folds = max(2, round(1 / request.validation))
    return material, ExperimentSpec(**subject, seed=recipe.seed, n_folds=n_folds)


def resume_study(
    folder: str | Path,
    *,
    minutes: float | None = None,
    trust: bool = False,
    quiet: bool = False,
    hooks: StudyHooks | None = None,
) -> StudyResult:
    """Goes on with a study from the trainings on record, or reads the result of one that is complete.

    `minutes` for everything, those that are spent included: with more time the same study becomes sharper, and its
    verdicts are made again. `trust`: run the code of a study of someone else's own network. `quiet` and `hooks`: see
    `study`. Raises RequestError.
    """
    with study_hooks(hooks, quiet=quiet) as hooks:
        return _gone_on(folder, minutes, trust, hooks)


def _gone_on(folder: str | Path, minutes: float | None, trust: bool, hooks: StudyHooks) -> StudyResult:
    require_backend()
    found = StudyFolder.open(folder)
    request = found.request
    if found.complete and minutes is None:
        result = found.result
        hooks.note(f"{folder} is complete already; give minutes= to go on with it")
        return result
    own = request.spec.net
    if isinstance(own, OwnNetwork):
        require_trusted(own, trust=trust, where=f"study={folder}")
        remember(own)
    if minutes is not None:
        request = dataclasses.replace(request, minutes=minutes, runs=None)
    found.outcomes()  # what is damaged is told before an engine is started
    from convwise.study.plan import plan_of, planned
    from convwise.study.run_study import run_study

    runner = TrialRunner.open(request.spec)
    with found.locked(), _engine(request, hooks) as engine:
        known = found.plan
        plan = plan_of(request, runner, known.pace) if known else planned(request, runner, engine)
        if minutes is not None:
            found.ask_anew(request.to_dict())
        found.write_plan(dataclasses.asdict(plan))
        with _resumable(found):
            result = run_study(found, request, runner, plan, engine, hooks)
    return _drawn(found, result)


def study_report(folder: str | Path) -> StudyResult:
    """The result of a finished study. Raises RequestError where there is none, or it is not finished."""
    return StudyFolder.open(folder).result


def old_study(folder: str | Path) -> dict[str, Any] | None:
    """The result of a study that an earlier version made, which measured otherwise; None of others."""
    found = StudyFolder.open(folder)
    return found.old_result if found.old is not None else None


@contextmanager
def _resumable(folder: StudyFolder) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise ConvwiseError(f"stopped; go on with: convwise study --resume {folder.path}") from None


def _drawn(folder: StudyFolder, result: StudyResult) -> StudyResult:
    from convwise.report.study_figures import effects_figure

    effects_figure(result, folder.path / "effects.png")
    return dataclasses.replace(result, folder=folder.path)


@contextmanager
def _engine(request: Request, hooks: StudyHooks) -> Iterator[Engine]:
    if request.engine == "ray":
        from convwise.study.ray_engine import ray_engine

        with ray_engine(request.spec, request.n_workers, request.address, hooks.note) as engine:
            yield engine
    else:
        with local_engine(request.spec, request.n_workers) as engine:
            yield engine
