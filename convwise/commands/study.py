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
from convwise.images.depth import depth_notes
from convwise.images.groups import group_notes
from convwise.images.image_shape import Size
from convwise.images.leaks import copy_notes
from convwise.images.material import Material
from convwise.images.split import resplit
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
from convwise.study.request import Request, StudyHooks
from convwise.study.trials import Bench
from convwise.training.precision import resolve_precision
from convwise.training.recipe import Recipe


@dataclass(frozen=True)
class StudyResult:
    """A finished study: its folder, and the content of its `result.json`."""

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
    size: Size | None = None,
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
    """Measures the parameters on `data` (a folder with a sub-folder per class, or a name) in `minutes` or `runs`.

    What is None comes from the `config` file (TOML or JSON), else it is what the documentation names as usual.
    `net` may be a network of your own, "FILE.py:function" or "FILE.keras"; `input` says then whether it takes pixels
    from 0 to 255 or from 0 to 1. `size` and `channels` are those of the images, as for `train`. `parameters` are all
    sixteen unless told; `levels` are texts such as "kernel_size=3,5"; `smallest_effect` in points of accuracy is what
    makes a difference worth having. `validation` is the share of the images not used for testing on which trials are
    judged, `copies` ("near", "exact" or "ignore") what counts as a copy; `epochs` of the confirmation (the recipe's),
    `trial_epochs` of the trials. `learning_rate`, `weight_decay` and `optimizer` are the recipe's keys, of trials and
    confirmation alike. `group_by` as for `train`, in every division of the images.
    The test images are looked at once, by the confirmation. Progress is shown in a terminal and in a notebook, unless
    `quiet`; `hooks` hear it instead. Raises RequestError before anything is written.
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
    return _carry_on(folder, planned, hooks)


def _read(request: StudyRequest, source: Source, net: Network, hooks: StudyHooks) -> tuple[Material, Bench]:
    """The pictures, read and divided, and what all trials have in common."""
    recipe = request.full_recipe
    material, rules = material_of(request, source, hooks.decoding)
    net = examined(net, shape=recipe.shape, n_classes=material.n_classes, settings=request.settings, note=hooks.note)
    recipe = dataclasses.replace(recipe.for_network(net), precision=resolve_precision(recipe.precision), towers=1)
    subject = request.subject(source, material, net=net, recipe=recipe, reading=rules)
    return material, Bench(**subject, seed=recipe.seed)


def resume_study(
    folder: str | Path, *, trust: bool = False, quiet: bool = False, hooks: StudyHooks | None = None
) -> StudyResult:
    """Goes on with a study from the trials on record, or reads the result of one that is complete.

    `trust`: run the code of a study of someone else's own network. `quiet` and `hooks`: see `study`.
    """
    with study_hooks(hooks, quiet=quiet) as hooks:
        return _gone_on(folder, trust, hooks)


def _gone_on(folder: str | Path, trust: bool, hooks: StudyHooks) -> StudyResult:
    require_backend()
    found = StudyFolder.open(folder)
    if found.complete:
        result = found.result
        hooks.note(f"{folder} is complete already")
        return StudyResult(found.path, result)
    request = found.request
    own = request.bench.net
    if isinstance(own, OwnNetwork):
        require_trusted(own, trust=trust, where=f"study={folder}")
        remember(own)
    found.outcomes()  # what is damaged is told before an engine is started
    return _carry_on(found, request, hooks)


def study_report(folder: str | Path) -> StudyResult:
    """The result of a finished study. Raises RequestError where there is none, or it is not finished."""
    found = StudyFolder.open(folder)
    return StudyResult(found.path, found.result)


def _check_budget(request: Request) -> None:
    """A number of runs that is too small is refused before anything is spent."""
    if request.runs is not None:
        from convwise.study.design import smallest_design
        from convwise.study.plan import plan_by_runs  # with SciPy's statistics, which take a second

        design = smallest_design(tuple(factor.parameter for factor in request.factors))
        plan_by_runs(request.runs, design, epochs=None, full_epochs=1, n_workers=request.n_workers)


def _carry_on(folder: StudyFolder, request: Request, hooks: StudyHooks) -> StudyResult:
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
