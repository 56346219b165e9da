"""Trainings in processes of their own that start warm: forked from one that has imported what a training needs.

Each is a process like any other, to be killed and waited for; only the seconds of importing are shared.
"""

from __future__ import annotations

import multiprocessing
import os
import sys

import convwise.cli
import convwise.commands.train
import convwise.nets.convolution
import convwise.nets.stridednet
import convwise.training.fit

_CONTEXT = multiprocessing.get_context("forkserver") if hasattr(os, "fork") else multiprocessing.get_context("spawn")


def begin(*arguments: str) -> multiprocessing.process.BaseProcess:
    """`convwise train ARGUMENTS`, begun."""
    if hasattr(os, "fork"):
        _CONTEXT.set_forkserver_preload([__name__])
    process = _CONTEXT.Process(target=_train, args=(arguments,))
    process.start()
    return process


def _train(arguments: tuple[str, ...]) -> None:
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        sys.stdout = sys.stderr = nowhere
        sys.exit(convwise.cli.main(["train", *arguments]))
