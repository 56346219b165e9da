"""What a waiting person sees in a notebook: one output of the cell, renewed in place, with the last lines and a bar."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Any

from rich.progress import Progress, Task

from convwise.names import printable

_KEPT_LINES = 5  # of those that repeat, such as one per epoch
_SECONDS = 0.25  # between two renewals
_STYLE = "margin:.3em 0; padding:0; background:none; color:inherit; white-space:pre-wrap; font-size:90%"


class NotebookBoard:
    """Shows the tasks of a `rich.progress.Progress`, lines that stay, and the last of those that repeat."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._notes: list[str] = []
        self._lines: list[str] = []
        self._shown: Any = None
        self._last = 0.0

    def note(self, text: str) -> None:
        """A line that stays."""
        self._notes.append(printable(text))
        self.renew()

    def line(self, text: str) -> None:
        """A line that gives way to later ones."""
        self._lines.append(printable(text))
        self.renew()

    def renew(self, *, ended: bool = False) -> None:
        """Shows what is new, a few times a second at most; `ended`: for the last time, without the bars."""
        now = time.monotonic()
        if not ended and now - self._last < _SECONDS:
            return
        self._last = now
        tasks = [] if ended else [task for task in self._progress.tasks if task.visible and not task.finished]
        self._show(self._html(tasks), "\n".join(self._text()))

    def _show(self, html: str, plain: str) -> None:
        from IPython.display import display

        content = {"text/html": html, "text/plain": plain}
        if self._shown is None:
            self._shown = display(content, raw=True, display_id=True)
        else:
            self._shown.update(content, raw=True)

    def _text(self) -> list[str]:
        n_before = len(self._lines) - _KEPT_LINES
        before = [f"({n_before} lines before)"] if n_before > 0 else []
        return [*self._notes, *before, *self._lines[-_KEPT_LINES:]]

    def _html(self, tasks: Sequence[Task]) -> str:
        lines = self._text()
        said = f'<pre style="{_STYLE}">{escape(chr(10).join(lines))}</pre>' if lines else ""
        return said + "".join(map(_bar, tasks))


def _bar(task: Task) -> str:
    name = escape(printable(task.description))
    if not task.total:
        return f'<div>{name} <progress aria-label="{name}"></progress></div>'
    left = task.time_remaining
    time_left = f", {_duration(left)} left" if left else ""
    share = task.completed / task.total
    bar = f'<progress value="{share:.4f}" max="1" aria-label="{name}"></progress>'
    return f"<div>{name} {bar} {100 * share:.0f} %{time_left}</div>"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
