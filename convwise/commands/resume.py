"""resume: on with a run from its last whole epoch, as if it had never stopped."""

from __future__ import annotations

import time
from pathlib import Path

from convwise.commands.train import TrainResult
from convwise.nets.backend import require_backend
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember, require_trusted
from convwise.progress import training_hooks
from convwise.report.figures import draw_run
from convwise.runs.folder import Run
from convwise.runs.life import go_on
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
    evaluation = go_on(run, hooks, draw_run, began=began)
    return TrainResult(run, evaluation, time.monotonic() - began)
