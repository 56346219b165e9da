"""What a waiting person sees: a bar with the time left on a terminal, lines without one, one output in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from convwise.interrupts import raise_lost_interrupt
from convwise.names import counted, printable
from convwise.notebook_board import NotebookBoard
from convwise.training.hooks import Hooks

if TYPE_CHECKING:
    from convwise.study.request import StudyHooks

Wording = Callable[[str], str]  # a message in the words of who reads it
_PLAIN_EVERY_SECONDS = 10.0


class _Shown:
    """A place on standard error for bars, while its `with` block lasts."""

    def __init__(self, *, quiet: bool = False, wording: Wording = str) -> None:
        self._console = Console(stderr=True, highlight=False, quiet=quiet)
        self._quiet, self._wording = quiet, wording
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, console=self._console, transient=True, disable=quiet or not self._console.is_terminal
        )
        self._board = NotebookBoard(self._progress) if self._console.is_jupyter and not quiet else None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def note(self, text: str) -> None:
        """A line that stays."""
        if self._board:
            self._board.note(self._wording(text))
            return
        self._console.print(printable(self._wording(text)), markup=False, soft_wrap=True)

    def _line(self, text: str) -> None:
        """A line of many, such as one per epoch."""
        if self._board:
            self._board.line(text)
        else:
            self._console.print(text, markup=False, soft_wrap=True)

    def _update(self, task: TaskID, **values: Any) -> None:
        raise_lost_interrupt()
        self._progress.update(task, **values)
        if self._board:
            self._board.renew()

    def _plainly(self, text: str) -> None:
        """A line where there is no terminal."""
        if not (self._quiet or self._board):
            print(text, file=sys.stderr, flush=True)

    def __exit__(self, *error: object) -> None:
        if self._board:
            self._board.renew(ended=True)
        self._progress.stop()


class CountBar(_Shown):
    """Called with (done, total); total 0 means that it is not known."""

    def __init__(self, title: str, *, quiet: bool = False, wording: Wording = str) -> None:
        super().__init__(quiet=quiet, wording=wording)
        self._title = printable(title)
        self._task = self._progress.add_task(escape(self._title), total=None)
        self._last = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Moves the bar."""
        self._update(self._task, completed=done, total=total or None)
        if not self._console.is_terminal and time.monotonic() - self._last > _PLAIN_EVERY_SECONDS:
            self._last = time.monotonic()
            self._plainly(f"{self._title}: {done} of {total or '?'}")


class _Reading(_Shown):
    """A bar for the decoding, which gives way to lines that stay."""

    def __init__(self, *, quiet: bool = False, wording: Wording = str) -> None:
        super().__init__(quiet=quiet, wording=wording)
        self._decoding = self._progress.add_task("reading pictures", total=None, visible=False)

    def _note(self, text: str) -> None:
        self._update(self._decoding, visible=False)
        self.note(text)

    def _decoded(self, done: int, total: int) -> None:
        self._update(self._decoding, visible=True, completed=done, total=total or None)


class TrainingDisplay(_Reading):
    """A bar for the decoding, one for the training, and a line an epoch."""

    def __init__(self, *, quiet: bool = False, wording: Wording = str) -> None:
        super().__init__(quiet=quiet, wording=wording)
        self._training = self._progress.add_task("training", total=1.0, visible=False)
        self.hooks = Hooks(self._note, self._decoded, self._stepped, self._epoch)

    def _stepped(self, share: float, epoch: int) -> None:
        self._update(self._training, visible=True, completed=share, description=f"training, epoch {epoch + 1}")

    def _epoch(self, row: dict[str, float]) -> None:
        parts = [f"epoch {row['epoch']:>3.0f}", f"loss {row['loss']:.4f}", f"accuracy {row['accuracy']:.4f}"]
        if "val_accuracy" in row:
            parts += [f"validation loss {row['val_loss']:.4f}", f"accuracy {row['val_accuracy']:.4f}"]
        parts += [f"rate {row['learning_rate']:.2g}", f"{row['seconds']:.1f} s"]
        self._line("  ".join(parts))


@contextmanager
def training_hooks(given: Hooks | None, *, quiet: bool) -> Iterator[Hooks]:
    """The caller's hooks; else a display, where a person looks on, in a terminal or a notebook, and not `quiet`."""
    if given is not None or quiet or not _watched():
        yield given or Hooks()
        return
    with TrainingDisplay() as display:
        yield display.hooks


@contextmanager
def study_hooks(given: StudyHooks | None, *, quiet: bool) -> Iterator[StudyHooks]:
    """As `training_hooks`, of a study."""
    if given is not None or quiet or not _watched():
        from convwise.study.request import StudyHooks

        yield given or StudyHooks()
        return
    with StudyDisplay() as display:
        yield display.hooks


def _watched() -> bool:
    console = Console(stderr=True)
    return console.is_terminal or console.is_jupyter


class StudyDisplay(_Reading):
    """A bar for the trainings of each block."""

    def __init__(self, *, quiet: bool = False, wording: Wording = str) -> None:
        super().__init__(quiet=quiet, wording=wording)
        self._trials = self._progress.add_task("trainings", total=None, visible=False)
        self._stage, self._last = ("", 0), 0.0
        from convwise.study.request import StudyHooks

        self.hooks = StudyHooks(self._note, self._trial, self._decoded)

    def _trial(self, stage: str, done: int, total: int) -> None:
        if (stage, total) != self._stage:  # the next block
            self._stage = stage, total
            self._progress.reset(self._trials, total=total, description=stage, visible=True)
        self._update(self._trials, completed=done)
        late = time.monotonic() - self._last > _PLAIN_EVERY_SECONDS
        if not self._console.is_terminal and (late or done == total):
            self._last = time.monotonic()
            self._plainly(f"{stage}: {done} of {counted(total, 'training')}")
