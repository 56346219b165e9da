"""What the learning curves say: one diagnosis, with the numbers that it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from convwise.intervals import Z
from convwise.names import counted
from convwise.report.table import percent

Row = Mapping[str, float]
Kind = Literal[
    "no curve", "one epoch", "no validation", "ended early", "overfitting", "noisy", "underfitting", "settled"
]

_STILL_FALLING = 0.05  # of the validation loss, and of what it fell in all, over the last quarter of the epochs
_RISEN = 0.10  # of the validation loss, from its best epoch to the last
_GAP = 0.10  # training accuracy above validation accuracy
_JUMPS = 0.3  # of what was gained in all: the median step from one epoch to the next in the second half
_LOW = 0.90  # training accuracy below this leaves something to be learnt


@dataclass(frozen=True)
class Diagnosis:
    """What the curves show: its kind, a sentence that is a chart's title, and the numbers behind it, a line each."""

    kind: Kind
    title: str
    evidence: tuple[str, ...] = ()


def diagnose(rows: Sequence[Row], best_epoch: int, *, n_validation: int, label_smoothing: float = 0.0) -> Diagnosis:
    """The diagnosis of a training whose epochs are `rows`, as metrics.jsonl has them; the first that holds.

    Training accuracy and loss are of augmented images, seen while the weights still moved: they understate.
    """
    trained = [row for row in rows if "loss" in row]
    if not trained:
        return Diagnosis("no curve", "No epoch is on record", ("metrics.jsonl holds no loss",))
    if len(trained) == 1:
        return _one_epoch(trained[0])
    if any("val_loss" not in row for row in trained):
        why = "no validation images were set aside, so nothing shows when to stop; the last epoch was kept"
        return Diagnosis("no validation", f"{counted(len(trained), 'epoch')} without validation", (why,))
    curves = _Curves(trained, best_epoch, n_validation)
    found = curves.ended_early() or curves.overfitting() or curves.noisy() or curves.underfitting() or curves.settled()
    return Diagnosis(found.kind, found.title, (*found.evidence, *_smoothing_note(label_smoothing)))


def _one_epoch(row: Row) -> Diagnosis:
    told = f"after it: training loss {row['loss']:.3f}"
    if "val_loss" in row:
        told += f", validation loss {row['val_loss']:.3f}"
    return Diagnosis("one epoch", "One epoch: a point, not yet a curve", (told,))


def _smoothing_note(label_smoothing: float) -> tuple[str, ...]:
    if not label_smoothing:
        return ()
    return (
        f"the training loss holds the label smoothing of {label_smoothing:g}, the validation loss does not: "
        "their distance is not overfitting by itself",
    )


class _Curves:
    """The numbers that diagnoses look at; a diagnosis that does not hold is None."""

    def __init__(self, rows: Sequence[Row], best_epoch: int, n_validation: int) -> None:
        self._epochs = [int(row["epoch"]) for row in rows]
        self._loss = np.array([row["loss"] for row in rows])
        self._held = np.array([row["val_loss"] for row in rows])
        self._best = self._epochs.index(best_epoch) if best_epoch in self._epochs else int(self._held.argmin())
        self._last = rows[-1]
        self._n_validation = n_validation

    def ended_early(self) -> Diagnosis | None:
        """The best epoch is the last, and the validation loss was still falling."""
        n = len(self._held)
        back = max(1, n // 4)
        before, now = self._held[-1 - back], self._held[-1]
        fall = (before - now) / before if before > 0 else 0.0
        of_all = (before - now) / max(self._held[0] - now, 1e-9)
        if self._best != n - 1 or fall < _STILL_FALLING or of_all < _STILL_FALLING:
            return None
        title = "It ended early: the validation loss was still falling"
        span = "epoch" if back == 1 else f"{back} epochs"
        said = f"validation loss {before:.3f} to {now:.3f} in the last {span}, {100 * fall:.0f} % less"
        return Diagnosis("ended early", title, (said, f"the best epoch, {self._epochs[-1]}, is the last"))

    def overfitting(self) -> Diagnosis | None:
        """The validation loss rose while the training loss fell, or training accuracy is far above validation's."""
        best, last = self._held[self._best], self._held[-1]
        falls = self._loss[-1] < self._loss[self._best]
        rose = last > (1 + _RISEN) * best and falls and self.noisy() is None  # where it jumps, the last is chance
        gap = self._gap()
        far = gap is not None and gap[0] > max(_GAP, gap[1])
        if not rose and not far:
            return None
        said = []
        if rose:
            said.append(
                f"validation loss {best:.3f} in epoch {self._epochs[self._best]}, {last:.3f} in the last; "
                f"training loss {self._loss[self._best]:.3f}, then {self._loss[-1]:.3f}"
            )
        if far and gap is not None:
            said.append(self._gap_told(gap))
        kept = f"epoch {self._epochs[self._best]} was kept"
        return Diagnosis("overfitting", f"It overfits: it learns the training images, and {kept}", tuple(said))

    def noisy(self) -> Diagnosis | None:
        """The validation loss jumps up and down by much of what was gained in all."""
        n = len(self._held)
        if n < 5:
            return None
        steps = np.diff(self._held)[n // 2 - 1 :]
        gained = float(self._held[0] - self._held[self._best])
        jump = float(np.median(np.abs(steps)))
        turns = int((np.sign(steps[1:]) != np.sign(steps[:-1])).sum())
        if jump <= _JUMPS * max(gained, 1e-9) or turns < len(steps) // 2:
            return None
        said = (
            f"from epoch to epoch the validation loss moves by {jump:.3f}, of {max(gained, 0):.3f} gained in all",
            f"it rests on {counted(self._n_validation, 'image')}",
        )
        return Diagnosis("noisy", "The validation is noisy: which epoch is best is partly chance", said)

    def underfitting(self) -> Diagnosis | None:
        """Training accuracy itself is low, and validation accuracy is no lower."""
        accuracy, gap = self._last.get("accuracy"), self._gap()
        if accuracy is None or accuracy >= _LOW or gap is None or gap[0] > gap[1]:
            return None
        said = f"training accuracy is {percent(accuracy)} at the end, validation accuracy {self._validation_accuracy()}"
        seen = "training accuracy is of augmented images, which are harder"
        return Diagnosis("underfitting", "It underfits: the training images themselves are not learnt", (said, seen))

    def settled(self) -> Diagnosis:
        """Nothing stands out."""
        best = self._epochs[self._best]
        last = f"; {self._held[-1]:.3f} in the last" if self._best < len(self._held) - 1 else ""
        said = f"validation loss {self._held[0]:.3f} in the first epoch, {self._held[self._best]:.3f} in epoch {best}"
        title = f"The curves have settled: epoch {best} of {self._epochs[-1]} was kept"
        return Diagnosis("settled", title, (said + last,))

    def _gap(self) -> tuple[float, float] | None:
        """Training accuracy minus validation accuracy at the end, and what chance alone may make of it."""
        trained, held = self._last.get("accuracy"), self._last.get("val_accuracy")
        if trained is None or held is None or not self._n_validation:
            return None
        # The training images are many more: their share of the error is left out.
        return trained - held, Z * float(np.sqrt(max(held * (1 - held), 1e-4) / self._n_validation))

    def _gap_told(self, gap: tuple[float, float]) -> str:
        return (
            f"training accuracy {percent(self._last['accuracy'])} in the last epoch, validation accuracy "
            f"{self._validation_accuracy()}; chance explains {100 * gap[1]:.0f} points of the difference"
        )

    def _validation_accuracy(self) -> str:
        return f"{percent(self._last.get('val_accuracy'))} on {counted(self._n_validation, 'image')}"
