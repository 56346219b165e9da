"""The plan of a study; for a budget of time, from a few short trials."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from convwise.errors import ConvwiseError
from convwise.seeds import generator
from convwise.study.plan import Pace, Plan, plan_by_minutes, plan_by_runs
from convwise.study.stages.work import Work
from convwise.study.trials import Outcome, Trial

_PILOT_EPOCHS = 2


def planned(work: Work, began: float) -> Plan:
    """The plan on record, or a new one; for a budget of time, from a pilot."""
    kept = work.folder.plan
    if kept:
        return kept
    request, design = work.request, work.design
    options: dict[str, Any] = {
        "epochs": request.trial_epochs,
        "full_epochs": request.bench.recipe.epochs,
        "n_workers": request.n_workers,
    }
    if request.minutes is None:
        assert request.runs is not None
        plan = plan_by_runs(request.runs, design, **options)
    else:
        pace = _pilot(work)
        plan = plan_by_minutes(request.minutes, time.monotonic() - began, design, pace, **options)
    work.folder.write_plan(plan.to_dict())
    return plan


def _pilot(work: Work) -> Pace:
    """A few short trials, side by side as all later ones: cells that together are mean, and the network itself.

    The network comes last: a worker's first trial is slower than all others.
    """
    n_cells = max(4, work.request.n_workers)
    cells = generator(work.request.bench.seed, "pilot").permutation(work.design.n_runs)[:n_cells].tolist()
    own = [Trial(f"pilot/own{i}", "pilot", (), _PILOT_EPOCHS) for i in range(2)]
    others = [
        Trial(f"pilot/{cell:02}", "pilot", work.settings_of(cell), _PILOT_EPOCHS)
        for cell in (*cells, *(_opposite(work, cell) for cell in cells))
    ]
    outcomes = work.carried_out("pilot", list({trial.key: trial for trial in (*others, *own)}.values()))
    done = [outcome for outcome in outcomes if outcome.status == "done"]
    by_own = [o for o in done if o.key.startswith("pilot/own")]
    if not by_own:
        raise ConvwiseError(f"the network itself cannot be trained: {outcomes[-1].reason}")
    cells_done = [o for o in done if o not in by_own] or by_own

    def epoch(outcome: Outcome) -> float:
        assert outcome.seconds_per_image is not None
        return outcome.seconds_per_image * work.request.n_train

    start = float(np.median([o.seconds - _PILOT_EPOCHS * epoch(o) for o in done]))
    return Pace(max(0.1, start), min(map(epoch, by_own)), float(np.mean([epoch(o) for o in cells_done])))


def _opposite(work: Work, run: int) -> int:
    """The run with every factor at its other level, where the design has it; else the last run."""
    signs = work.design.signs
    found = np.flatnonzero((signs == -signs[run]).all(axis=1))
    return int(found[0]) if len(found) else len(signs) - 1 - run
