"""How many of their 16 bits a folder's pictures use, and which go beyond what a run has seen."""

import numpy as np
from numpy.typing import NDArray

from convwise.images.index import ImageIndex
from convwise.images.rules import Rules, bits_in_use

_NAMED = 3


def depth_of(index: ImageIndex, test: NDArray[np.int64]) -> int:
    """The bits in use, by the largest value outside the test side: a sensor's 12 bits in a file of 16 are 12.

    One depth for the whole folder, so that brightness stays comparable between pictures. 16 without 16-bit pictures.
    """
    return bits_in_use(int(np.delete(index.peaks, test).max(initial=0)))


def depth_notes(index: ImageIndex, rules: Rules) -> tuple[str, ...]:
    """How 16-bit pictures were scaled, and which have values beyond; nothing where there are none."""
    if not index.peaks.any():
        return ()
    said = f"16-bit pictures: {rules.bits} bits in use, scaled by {rules.white}"
    beyond = [index.paths[i] for i in np.flatnonzero(index.peaks > rules.white)]
    return (said, *([f"{beyond_range(len(beyond), rules)}: {_listed(beyond)}"] if beyond else []))


def beyond_range(n: int, rules: Rules) -> str:
    """What is said of so many pictures beyond the range."""
    return f"{n} picture{'s go' if n > 1 else ' goes'} beyond {rules.bits} bits, cut off at {rules.white}"


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more
