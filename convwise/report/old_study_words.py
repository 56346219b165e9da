"""A study of an earlier version in words, as it said them then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convwise.names import counted


def old_lines(values: Mapping[str, Any]) -> list[str]:
    """One line that says what it is, one for each stored verdict, and what was recommended."""
    lines = ["an earlier version made this study: it measured short trainings in which other parameters changed too"]
    for verdict in values["verdicts"]:
        value = f" {verdict['value']}" if verdict["value"] else ""
        tried = values["alternatives"].get(verdict["parameter"], "")
        against = f" (tried: {tried})" if tried else ""
        lines.append(f"{verdict['parameter']}: {verdict['verdict']}{value}{against}: {verdict['why']}")
    found = values["confirmation"]
    if found is not None:
        outcome = "confirmed" if found["confirmed"] else "not confirmed"
        proposed = " ".join(f"{name}={value}" for name, value in values["proposed"].items())
        lines.append(f"proposed: {proposed}: {outcome} with {counted(found['pairs'], 'pair')}: {_old(found)}")
    settings = " ".join(f"--set {text}" for text in values["recommended_settings"])
    lines.append(f"recommended then: {settings or 'the unchanged network'}")
    lines.append(f"{counted(values['trials'], 'trial')} in {values['seconds']:.0f} s")
    return lines


def _old(found: Mapping[str, Any]) -> str:
    difference = found["validation"]
    text = f"{difference['estimate']:+.2f} points"
    if difference["low"] is None or difference["high"] is None:
        return text
    return f"{text} ({difference['low']:+.2f} to {difference['high']:+.2f})"
