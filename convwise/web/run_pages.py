"""A run: its score, its curves as they come in, and where to go from there."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from convwise.commands.run_records import epochs_of, records_of
from convwise.intervals import wilson
from convwise.locks import held
from convwise.names import counted
from convwise.report.charts import learning_curves
from convwise.report.diagnosis import diagnose
from convwise.report.run_page import epochs_table
from convwise.report.run_words import headline
from convwise.report.table import percent, percent_range
from convwise.runs import Run
from convwise.web.answers import answer
from convwise.web.live import Shown
from convwise.web.pages import page, part
from convwise.web.shelf import RUN
from convwise.web.site import Asked, Site

Rows = Sequence[Mapping[str, float]]


async def run_page(site: Site, asked: Asked) -> Response:
    """The page of a run."""
    view = await site.read(_view, site, asked.place)
    return answer(page("run_live.html", asked.scope, run=view))


async def run_live(site: Site, asked: Asked) -> Response:
    """Its part that grows, again after each epoch until the run is finished."""
    site.root.folder(asked.place, RUN)

    async def look() -> Shown:
        view = await site.read(_view, site, asked.place)
        return Shown(part("run_part.html", run=view), view["headline"], over=view["state"] == "finished")

    return site.live.stream(look)


def _view(site: Site, place: bytes) -> dict[str, Any]:
    folder = site.root.folder(place, RUN)
    run = Run.open(folder)
    settings = run.settings
    rows = epochs_of(run)
    n_validation = len(run.split["validation"])
    view: dict[str, Any] = {
        "name": site.root.shown(folder),
        "said": f"{settings.net} on {settings.data}, {settings.recipe.shape.told}, recipe {settings.recipe.name}",
        "address": {kind: site.root.address(kind, folder)
                    for kind in ("run-live", "report", "predict", "playground")},
        "epochs": epochs_table(rows) if rows else None,
        "notes": (),
        "resume": f"convwise train --resume {site.typed(folder)}",
        "report": f"convwise report {site.typed(folder)}",
        "predict": f"convwise predict {site.typed(folder)} PICTURE",
    }  # fmt: skip
    if run.complete:
        records = records_of(run)
        first, *more = headline(records)
        found = diagnose(rows, records.best_epoch, n_validation=n_validation,
                         label_smoothing=settings.recipe.label_smoothing)  # fmt: skip
        curves = learning_curves(rows, records.best_epoch)
        return view | {"state": "finished", "headline": first, "notes": more, "title": found.title,
                       "evidence": found.evidence, "curves": curves}  # fmt: skip
    working = held(folder)
    return view | {
        "state": {True: "training", False: "stopped", None: "not finished"}[working],
        "headline": so_far(rows, settings.recipe.epochs, settings.recipe.minutes, n_validation),
        "title": best_so_far(rows),
        "evidence": (),
        "curves": learning_curves(rows, _best(rows), over=False),
    }


def so_far(rows: Rows, epochs: int, minutes: float | None, n_validation: int) -> str:
    """`Epoch 3 of 12: 82.1 % of 224 validation images are right (76.6 to 86.6).`"""
    trained = [row for row in rows if row["epoch"] > 0]
    goal = f" of {epochs:,}" if minutes is None else f", of {counted(minutes, 'minute')}"
    if not trained:
        return f"No epoch{goal} has ended yet."
    last = trained[-1]
    accuracy = last.get("val_accuracy")
    begin = f"Epoch {int(last['epoch']):,}{goal}"
    if accuracy is None or not n_validation:
        return f"{begin}; there are no validation images."
    found = wilson(accuracy, n_validation)
    images = counted(n_validation, "validation image")
    return f"{begin}: {percent(accuracy)} of {images} are right ({percent_range(found)})."


def best_so_far(rows: Rows) -> str:
    """What the curves show while they grow."""
    best = _best(rows)
    loss = next((row["val_loss"] for row in rows if row["epoch"] == best and "val_loss" in row), None)
    if loss is None or not math.isfinite(loss):
        return "There is no curve yet" if not rows else "There is no validation loss"
    return f"Epoch {best:,} has the lowest validation loss so far, {loss:.3f}"


def _best(rows: Rows) -> int:
    judged = [row for row in rows if "val_loss" in row and math.isfinite(row["val_loss"])]
    return int(min(judged, key=lambda row: row["val_loss"])["epoch"]) if judged else 0
