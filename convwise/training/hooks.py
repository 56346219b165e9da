"""Hooks: what a caller may want to hear while a training goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Decoding = Callable[[int, int], None]  # pictures read, pictures in all


@dataclass(frozen=True)
class Hooks:
    """What a caller may want to hear while a training goes on; every one may be left out.

    Args:
        note: Hears lines of text.
        decoding: Hears (pictures read, pictures in all); nobody does if None.
        step: Hears each step's share of the whole training (0 to 1) and the epoch that it belongs to, from 0.
        epoch: Hears the numbers of each finished epoch, as they stand in metrics.jsonl.

    Example:
        >>> import convwise
        >>> from convwise.training.hooks import Hooks
        >>> epochs = []
        >>> hooks = Hooks(epoch=epochs.append)
        >>> result = convwise.train("pictures", epochs=1, size=32, out="runs/heard", hooks=hooks)
        >>> [row["epoch"] for row in epochs]
        [1]
    """

    note: Callable[[str], None] = lambda text: None
    decoding: Decoding | None = None
    step: Callable[[float, int], None] = lambda share, epoch: None
    epoch: Callable[[dict[str, float]], None] = lambda row: None
