"""Commands in processes of their own that start warm: forked from one that has imported what a training needs.

Each is a process like any other, to be killed and waited for; only the seconds of importing are shared.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

import convwise.cli
import convwise.commands.resume
import convwise.commands.resume_study
import convwise.commands.study
import convwise.commands.train
import convwise.nets.convolution
import convwise.training.fit

_CONTEXT = multiprocessing.get_context("forkserver") if hasattr(os, "fork") else multiprocessing.get_context("spawn")


def begin(*arguments: str) -> multiprocessing.process.BaseProcess:
    """`convwise ARGUMENTS`, begun."""
    if hasattr(os, "fork"):
        _CONTEXT.set_forkserver_preload([__name__])
    process = _CONTEXT.Process(target=_carried_out, args=(arguments,))
    process.start()
    return process


def _carried_out(arguments: tuple[str, ...]) -> None:
    # A test run started in the background may have been told to ignore Ctrl-C, and its children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        sys.stdout = sys.stderr = nowhere
        sys.exit(convwise.cli.main(list(arguments)))
