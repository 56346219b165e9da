"""Changes: what became of each of a user's settings at each convolution, and how it is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Change:
    """What became of one setting at one convolution.

    Attributes:
        layer: Name of the layer.
        parameter: The parameter of Conv2D.
        scope: The scope that the setting came from, such as "conv".
        before: The network's own value, as a text.
        after: The value that stands now.
        reason: Why the network's own value stayed; "" where it did not.

    Example:
        >>> from convwise.nets.changes import Change, describe_changes
        >>> describe_changes([Change("stem", "kernel_size", "conv", "3", "5")])
        ['conv.kernel_size=5: changed stem']
    """

    layer: str
    parameter: str
    scope: str
    before: str
    after: str
    reason: str = ""


def describe_changes(changes: Sequence[Change]) -> list[str]:
    """One line a setting: which layers it changed, and which it left alone, and why."""
    lines = []
    for (scope, parameter), group in by_setting(changes):
        changed = [c.layer for c in group if not c.reason]
        line = f"{scope}.{parameter}={next((c.after for c in group if not c.reason), '')}: changed {_listed(changed)}"
        left: dict[str, list[str]] = {}
        for change in group:
            if change.reason:
                left.setdefault(change.reason.partition(";")[0], []).append(change.layer)
        lines.append("; ".join([line, *(f"left {_listed(layers)} ({reason})" for reason, layers in left.items())]))
    return lines


def by_setting(changes: Sequence[Change]) -> list[tuple[tuple[str, str], list[Change]]]:
    """The changes of each (scope, parameter), in the order of the layers."""

    def key(change: Change) -> tuple[str, str]:
        return change.scope, change.parameter

    return [(setting, list(group)) for setting, group in groupby(sorted(changes, key=key), key=key)]


def _listed(names: list[str]) -> str:
    return "no layer" if not names else ", ".join(names) if len(names) <= 4 else f"{len(names)} layers"
