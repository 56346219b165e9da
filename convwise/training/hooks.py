"""Hooks: what a caller may want to hear while a training goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Decoding = Callable[[int, int], None]  # pictures read, pictures in all


@dataclass(frozen=True)
class Hooks:
    """Functions that are called as a training goes on; every one may be left out.

    `note` hears lines of text; `decoding` (pictures read, pictures in all); `step` each step's share of the whole
    training (0 to 1) and the epoch it belongs to, from 0; `epoch` the numbers of each finished epoch, as they stand in
    metrics.jsonl.
    """

    note: Callable[[str], None] = lambda text: None
    decoding: Decoding | None = None
    step: Callable[[float, int], None] = lambda share, epoch: None
    epoch: Callable[[dict[str, float]], None] = lambda row: None
