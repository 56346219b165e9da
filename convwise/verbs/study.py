"""study: which of the sixteen parameters matter on these images, and what to set them to, by a designed experiment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings, network_settings
from convwise.cores import available_cores
from convwise.errors import ConvwiseError, RequestError
from convwise.images.copies import check_copies
from convwise.images.datasets import resolve
from convwise.images.depth import depth_notes, depth_of
from convwise.images.leaks import copy_notes
from convwise.images.rules import USUAL
from convwise.images.split import redivided, split_images
from convwise.nets import require_network, require_options
from convwise.nets.backend import require_backend
from convwise.runs import place_to_fill, unused_folder
from convwise.study.engine import Engine, local_engine
from convwise.study.factors import factors_of, read_levels, require_parameter
from convwise.study.folder import StudyFolder
from convwise.study.request import Request, StudyListener
from convwise.study.trials import Bench
from convwise.training.precision import resolve_precision
from convwise.training.recipe import Recipe, named_recipe
from convwise.verbs.execution import pictures, warnings_before

ENGINES = ("local", "ray")
_MINUTES = 15.0


@dataclass(frozen=True)
class StudyResult:
    """A finished study: its folder, and the content of its `result.json`."""

    folder: Path
    values: dict[str, Any]

    @property
    def settings(self) -> tuple[str, ...]:
        """What the study recommends, as texts of `--set`; empty where the network as it is stands."""
        return tuple(self.values["recommended_settings"])


def study(
    data: str | Path,
    *,
    net: str = "simple",
    size: int | None = None,
    fit: str | None = None,
    recipe: str | Recipe = "fast",
    minutes: float | None = None,
    runs: int | None = None,
    epochs: int | None = None,
    trial_epochs: int | None = None,
    parameters: Sequence[str] = (),
    levels: Sequence[str] = (),
    smallest_effect: float = 1.0,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    per_class: int | None = None,
    test: float | None = None,
    validation: float = 0.3,
    most_pixels: int | None = None,
    copies: str = "near",
    workers: int | None = None,
    engine: str = "local",
    address: str | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    listener: StudyListener | None = None,
) -> StudyResult:
    """Measures the parameters on `data` (a folder with a sub-folder per class, or a name) in `minutes` or `runs`.

    `parameters` are all sixteen unless told; `levels` are texts such as "kernel_size=3,5"; `smallest_effect` in points
    of accuracy is what makes a difference worth having. `validation` is the share of the images not used for testing
    on which trials are judged, `copies` ("near", "exact" or "ignore") what counts as a copy; `epochs` of the
    confirmation (the recipe's), `trial_epochs` of the trials.
    The test images are looked at once, by the confirmation. Raises RequestError before anything is written.
    """
    listener = listener or StudyListener()
    if minutes is not None and runs is not None:
        raise RequestError(f"minutes={minutes:g} and runs={runs} exclude each other; give one of them")
    minutes = _MINUTES if minutes is None and runs is None else minutes
    for name, value, least in (("runs", runs, 1), ("workers", workers, 1), ("trial_epochs", trial_epochs, 1)):
        if value is not None and (type(value) is not int or value < least):
            raise RequestError(f"{name}={value}: it must be a whole number of at least {least}")
    if minutes is not None and not 0 < minutes < 1e6:
        raise RequestError(f"minutes={minutes}: it must be a number above 0")
    if not 0 < smallest_effect <= 100:
        raise RequestError(f"smallest_effect={smallest_effect}: it must be above 0 and at most 100 points")
    if not 0 < validation < 1:
        raise RequestError(f"validation={validation}: a share of the images is needed, 0 < validation < 1")
    if engine not in ENGINES:
        raise RequestError(f"engine={engine}: choose one of {', '.join(ENGINES)}")
    if address is not None and engine != "ray":
        raise RequestError(f"address={address}: only engine=ray has one")
    check_copies(copies)
    require_network(net)
    require_backend()
    if isinstance(recipe, Recipe) and recipe.start_share:
        raise RequestError("start_share: a study starts from first weights, not from pretrained ones; set it to 0")
    network = network_settings(settings)
    changes = {"size_px": size, "fit": fit, "epochs": epochs, "seed": seed}
    given: dict[str, Any] = {key: value for key, value in changes.items() if value is not None}
    full = dataclasses.replace(recipe, **given) if isinstance(recipe, Recipe) else named_recipe(recipe, given)
    require_options(net, network.options)
    rules = USUAL.limited_to(most_pixels)
    source = resolve(data)
    out_folder = place_to_fill(out or None, "studies", data=source.folder, resume="study --resume")
    asked_levels = read_levels(levels)
    for name in parameters:
        require_parameter(name)
    index, _ = pictures(source.folder, source.classes, source.exclude, full, listener.decoding, rules, copies)
    split = split_images(index, per_class=per_class, test=test, validation=validation, seed=seed)
    rules = dataclasses.replace(rules, bits=depth_of(index, split.test))
    notes = (*depth_notes(index, rules), *copy_notes(index, split))
    split = redivided(split, index, validation=validation, seed=seed)
    for line in warnings_before(index, split, full):
        listener.note(line)
    full = dataclasses.replace(full.for_network(net), precision=resolve_precision(full.precision), towers=1)
    factors, settled = factors_of(
        net,
        size_px=full.size_px,
        n_classes=len(index.class_names),
        settings=network,
        parameters=parameters or PARAMETERS,
        levels=asked_levels,
        batch=full.batch,
        optimizer=full.optimizer,
    )
    if not factors:
        raise RequestError(
            "nothing is left to measure: " + "; ".join(f"{rule.parameter}: {rule.why}" for rule in settled)
        )
    request = Request(
        bench=Bench(
            data=str(data),
            folder=str(source.folder),
            classes=source.classes,
            exclude=source.exclude,
            net=net,
            network=network,
            recipe=full,
            per_class=per_class,
            test=test,
            validation=validation,
            seed=seed,
            index_digest=index.digest,
            reading=rules,
            copies=copies,
        ),
        factors=factors,
        settled=settled,
        smallest_effect=smallest_effect,
        minutes=minutes,
        runs=runs,
        trial_epochs=trial_epochs,
        n_workers=workers or available_cores(),
        n_train=len(split.train),
        engine=engine,
        address=address,
    )
    _check_budget(request)
    folder = StudyFolder.create(out_folder or unused_folder("studies", f"{source.name}-{net}"), request.to_dict())
    listener.note(
        f"{len(index.class_names)} classes, {len(split.train)} images to train, {len(split.validation)} to judge by, "
        f"{len(split.test)} to test; {net}, {full.size_px} px; {len(factors)} parameters to measure, "
        f"{len(settled)} settled by rule; {request.n_workers} trials at a time"
    )
    for line in notes:
        listener.note(line)
    return _carry_on(folder, request, listener)


def resume_study(folder: str | Path, *, listener: StudyListener | None = None) -> StudyResult:
    """Goes on with a study from the trials on record, or reads the result of one that is complete."""
    listener = listener or StudyListener()
    require_backend()
    found = StudyFolder.open(folder)
    if found.complete:
        listener.note(f"{folder} is complete already")
        return StudyResult(found.path, found.result)
    return _carry_on(found, Request.from_dict(found.request), listener)


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


def _carry_on(folder: StudyFolder, request: Request, listener: StudyListener) -> StudyResult:
    from convwise.study.conduct import conduct  # with SciPy's statistics too

    with folder.locked():
        try:
            with _engine(request, listener) as engine:
                result = conduct(folder, request, engine, listener)
        except KeyboardInterrupt:
            raise ConvwiseError(f"stopped; go on with: convwise study --resume {folder.path}") from None
    from convwise.report.study_figures import effects_figure

    effects_figure(result, folder.path / "effects.png")
    return StudyResult(folder.path, result)


@contextmanager
def _engine(request: Request, listener: StudyListener) -> Iterator[Engine]:
    if request.engine == "ray":
        from convwise.study.ray_engine import ray_engine

        with ray_engine(request.bench, request.n_workers, request.address, listener.note) as engine:
            yield engine
    else:
        with local_engine(request.bench, request.n_workers) as engine:
            yield engine
