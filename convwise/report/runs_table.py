"""A list of runs as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convwise.intervals import Estimate
from convwise.names import counted
from convwise.report.table import UNDEFINED, Cell, Table, numbers, share, words


def runs_table(runs: Sequence[Mapping[str, Any]]) -> Table:
    """A line for each run, as `RunSummary.to_dict` gives it."""
    rows = [
        (
            Cell(run["folder"]),
            Cell(_asked(run)),
            _accuracy(run),
            Cell(UNDEFINED if run["best_epoch"] is None else f"{run['best_epoch']} of {run['epochs']}"),
            _cost(run),
        )
        for run in runs
    ]
    columns = (*words("run", "what was asked"), *numbers("accuracy", "best epoch", "time"))
    return Table(counted(len(runs), "run"), columns, tuple(rows))


def _asked(run: Mapping[str, Any]) -> str:
    if not run["net"]:
        return str(run["state"])
    said = f"{run['net']} on {run['data']}; {run['asked']}"
    return said if run["state"] == "finished" else f"{run['state']}: {said}"


def _accuracy(run: Mapping[str, Any]) -> Cell:
    return Cell(UNDEFINED) if run["accuracy"] is None else share(Estimate(**run["accuracy"]))


def _cost(run: Mapping[str, Any]) -> Cell:
    seconds = run["seconds"]
    if seconds is None:
        return Cell(UNDEFINED)
    return Cell(f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min", seconds)
