"""resume: on with a run from its last whole epoch, as if it had never stopped."""

from __future__ import annotations

import time
from pathlib import Path

from convwise.commands.train import TrainResult, finished
from convwise.errors import RequestError
from convwise.images.groups import grouped
from convwise.images.material import Material
from convwise.images.split import Split
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import training_hooks
from convwise.runs.folder import Run
from convwise.runs.life import at_work, carry_out
from convwise.runs.pictures import pictures
from convwise.runs.starts import network_to_train, start_of
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.hooks import Hooks


def resume(folder: str | Path, *, trust: bool = False, quiet: bool = False, hooks: Hooks | None = None) -> TrainResult:
    """Goes on with a run from its last whole epoch, or reads the result of one that is complete.

    Args:
        folder: Folder of the run.
        trust: Whether the code of a network is run that is someone else's: of a run that was begun elsewhere.
        quiet: Whether no progress is shown; otherwise it is, in a terminal and in a notebook.
        hooks: Functions that hear of the progress, which is not shown then; none if None.

    Returns:
        The finished run with its evaluation, the same as if it had never stopped.

    Raises:
        RequestError: there is no run; its pictures or its network have changed since it began; its code is not trusted.
        ConvwiseError: the training failed, or was stopped with Ctrl-C; the message says how to go on.

    Example:
        >>> import convwise
        >>> convwise.resume("runs/first").run.complete
        True
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
    return finished(run, done, material, hooks, began)
