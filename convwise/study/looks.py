"""When a study looks at its blocks, and at which level: few looks, each at the same one, about 5 % over all."""

from __future__ import annotations

LOOKS = (3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)
"""After so many blocks; beyond, each time half as many again."""
# One-sided levels by the number of blocks planned, found by simulation: about 5 % wrong over all looks.
_LEVELS = ((6, 0.025), (16, 0.015), (48, 0.010), (96, 0.008))
FEWEST = LOOKS[0]


def is_look(n_blocks: int) -> bool:
    """Whether verdicts may be made after so many blocks."""
    if n_blocks <= LOOKS[-1]:
        return n_blocks in LOOKS
    look = LOOKS[-1]
    while look < n_blocks:
        look = look * 3 // 2
    return look == n_blocks


def level_for(n_planned: int) -> float:
    """The one-sided level of each look where `n_planned` blocks are planned in all."""
    for most, level in _LEVELS:
        if n_planned <= most:
            return level
    return _LEVELS[-1][1]
