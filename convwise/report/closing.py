"""What a person wants to read when a training has ended: which epoch was best, what to look at, what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from convwise.names import counted

PICTURES = ("learning_curves.png", "confusion_matrix.png", "worst_mistakes.png")
_LOWER = 0.9  # of the training loss: a validation loss below this share of it makes people wonder


def closing_lines(
    folder: Path, rows: Sequence[Mapping[str, float]], best_epoch: int, *, data: str, patience: int | None
) -> list[str]:
    """The lines, for a run in `folder` on `data` whose epochs are `rows`."""
    found = [_best(rows, best_epoch, patience)] if rows else []
    if why := why_lower(rows, best_epoch):
        found.append(why)
    pictures = [name for name in PICTURES if (folder / name).is_file()]
    if pictures:
        found.append(f"look at: {', '.join(pictures)} in {folder}")
    run = shlex.quote(str(folder))
    found += [
        "next:",
        f"  convwise report {run}        # one page to look at and to send",
        f"  convwise predict {run} PICTURE        # label pictures",
        f"  convwise explain {run}        # what its layers see and cost",
        f"  convwise study {shlex.quote(data)}        # which settings matter on these images",
    ]
    return found


def why_lower(rows: Sequence[Mapping[str, float]], best_epoch: int) -> str:
    """Says why the validation loss may lie below the training loss, where in the best epoch it does; else ""."""
    row = next((row for row in rows if row["epoch"] == best_epoch), None)
    if row is None or row.get("val_loss", row["loss"]) >= _LOWER * row["loss"]:
        return ""
    return (
        "the validation loss is below the training loss: training images are augmented, their labels smoothed and "
        "parts of the network dropped out, as the recipe says; validation images are taken as they are"
    )


def _best(rows: Sequence[Mapping[str, float]], best_epoch: int, patience: int | None) -> str:
    last = int(rows[-1]["epoch"])
    row = next((row for row in rows if row["epoch"] == best_epoch), {})
    if "val_loss" not in row:
        return f"kept: epoch {best_epoch}, the last; there are no validation images to choose by"
    stopped = ""
    if patience is not None and last - best_epoch >= patience:
        stopped = f"; stopped after {counted(patience, 'epoch')} without a better one"
    return f"best epoch: {best_epoch} of {last}, by its validation loss of {row['val_loss']:.4f}{stopped}"
